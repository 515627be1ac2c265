"""One system of a site on its own: on sockets, on the clock of the wall, with its state on disk."""

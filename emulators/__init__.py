"""The emulated systems and the wire between them. This room imports none of the other rooms."""

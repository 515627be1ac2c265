"""The systems as plain state machines: no socket, thread, clock, SimPy or global randomness in here."""

"""The hospital: a SimPy model that gives the emulated systems their work."""

"""A product in a system's place: where it is and what it claims, how it is reached, what it must know of us, what it ends with.

``target`` is the file that describes it; ``carriers`` joins it to a hospital that is simulated for the rest.
"""

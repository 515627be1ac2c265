"""The tester: a verdict per requirement, from what a product does on the wire alone.

It imports emulators.wire and never the actors, codecs and ports that it judges (tests/test_layering.py).
"""

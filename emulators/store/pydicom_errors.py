"""What pydicom raises over a data set that came broken: it has no exception of its own for that."""

from struct import error as StructError

BROKEN_DATA_SET = (ValueError, TypeError, AttributeError, LookupError, EOFError, StructError, RuntimeError)
"""RuntimeError where sequences nest deeper than Python does."""

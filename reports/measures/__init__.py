"""Figures folded over the trace, one per file."""

"""Invariants that a trace must hold, one per file."""

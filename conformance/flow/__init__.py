"""Cases flow.*: one file per group, named as its ids are."""

"""Cases rpt.*: one file per group, named as its ids are."""

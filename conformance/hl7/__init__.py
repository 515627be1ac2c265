"""Cases hl7.*: one file per group, named as its ids are."""

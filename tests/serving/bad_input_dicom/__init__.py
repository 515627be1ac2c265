"""Bad DICOM at every served system that takes DICOM: each gets the answer that the standard names; the system takes the next
good association, and what it took before is still known.

A package, so that the systems are started once for all its files (conftest.py), and that the last of these by its name,
test_what_is_left.py, sees what is left after all the others.
"""

"""DICOM: message values to DIMSE commands and data sets, and back. ``codec`` has the functions that a port calls."""

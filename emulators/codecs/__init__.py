"""Messages to wire values and back: HL7 v2 and DICOM."""

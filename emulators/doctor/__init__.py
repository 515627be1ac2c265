"""What is wrong with a site's connections, in words: each is tried by C-ECHO or by an HL7 message that changes nothing.

``dicom`` examines an association, ``mllp`` an HL7 connection; both give Findings. Nothing is sent that a product would keep.
"""

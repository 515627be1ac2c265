"""HL7 bytes that Radloop did not make.

STANDARD_*: printed in the HL7 standard; each comment names the place. HL7APY_*: what the encoder of hl7apy 1.3.5 writes.
PYTHON_HL7_*: what python-hl7 0.4.5 writes; its MLLP client for the frames, ``Message.escape`` for the escapes.
"""

# HL7 v2.1, sample control messages, general acknowledgment. ACK^ has an empty second component.
STANDARD_ACK = b"MSH|^~\\&|LAB|767543|ADT|767543|19900314130405||ACK^|XX3657|P|2.1\rMSA|AA|ZZ9380\r"

# HL7 v2 XML Encoding Syntax, release 1, 2003, introduction; it prints the same message as XML: ERR.1 has the components
# PID, 1, 16 and a last one of the subcomponents 103, "Table value not found" and HL70357.
STANDARD_ACK_WITH_ERROR = (
    b"MSH|^~\\&|LAB|767543|ADT|767543|199003141304-0500||ACK^^ACK|XX3657|P|2.4\r"
    b"MSA|AR|ZZ9380\r"
    b"ERR|PID^1^16^103&Table value not found&HL70357\r"
)

# HL7 v2.5.1 2.7: the sequences it defines
STANDARD_ESCAPES = {"\\F\\": "|", "\\S\\": "^", "\\T\\": "&", "\\R\\": "~", "\\E\\": "\\"}

HL7APY_ORU_TEXT = (
    "MSH|^~\\&|RADLOOP|A|EHR|B|20260301101500+0100||ORU^R01^ORU_R01|GOLD0001|P|2.5.1||||||UNICODE UTF-8\r"
    'PID|1||4711^^^HOSP^MR~0815^^^CITY^PI||Müller^Jörg^B||19700203|F|||""\r'
    "OBX|1|TX|GDT^Report||x"
)
# Message.to_mllp().encode() of the same message
HL7APY_ORU_FRAME = (
    b"\x0bMSH|^~\\&|RADLOOP|A|EHR|B|20260301101500+0100||ORU^R01^ORU_R01|GOLD0001|P|2.5.1||||||UNICODE UTF-8\r"
    b'PID|1||4711^^^HOSP^MR~0815^^^CITY^PI||M\xc3\xbcller^J\xc3\xb6rg^B||19700203|F|||""\r'
    b"OBX|1|TX|GDT^Report||x\r\x1c\r"
)

# ST("A|B^C~D&E").to_er7(...)
HL7APY_ESCAPED = ("A|B^C~D&E", "A\\F\\B\\S\\C\\R\\D\\T\\E")

# MLLPClient.send_message
PYTHON_HL7_ORU_FRAME = (
    b"\x0bMSH|^~\\&|RIS|A|EHR|B|20260301101500||ORU^R01|GOLD0002|P|2.3.1\r"
    b"PID|1||4711^^^HOSP&1.2.3&ISO^MR~0815||Test^Anna\r"
    b"OBX|1|TX|X^GDT||A\\F\\B\\S\\C\\R\\D\\T\\E\\E\\F\r\x1c\r"
)
PYTHON_HL7_ORU_TEXT = "A|B^C~D&E\\F"  # OBX-5 of it, before its escape

# str(message); PID-5.1 was "O|Neil $ Co" before its escape
PYTHON_HL7_OTHER_DELIMITERS = (
    b"MSH|$%\\@|RIS|A|EHR|B|20260301101500||ADT$A08|GOLD0004|P|2.5.1\rPID|1||1$$$H@1.2@ISO%2||O\\F\\Neil \\S\\ Co$Pat\r"
)

# unescape("\\X4142\\")
PYTHON_HL7_HEX = ("\\X4142\\", "AB")

# Message.create_ack
PYTHON_HL7_ACK = b"MSH|^~\\&|EHR|B|RIS|A|20261122074836||ACK^R01^ACK|GOLD0003|P|2.3.1\rMSA|AA|GOLD0002\r"

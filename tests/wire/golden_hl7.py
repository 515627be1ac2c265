"""HL7 bytes that Radloop did not make.

STANDARD_*: printed in the HL7 standard; each comment names the place. HL7APY_*: what the encoder of hl7apy 1.3.5 writes.
PYTHON_HL7_*: what python-hl7 0.4.5 writes; its MLLP client for the frames, ``Message.escape`` for the escapes.
ICONV_*: what iconv of GNU libc 2.36 makes of the text.
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

# HL7 v2.5.1 2.7.5: pairs of the digits 0..9, A..F, each an 8-bit value; here one for each control character
STANDARD_HEXADECIMAL = {
    "\\X00\\\\X01\\\\X02\\\\X03\\\\X04\\\\X05\\\\X06\\\\X07\\": "\x00\x01\x02\x03\x04\x05\x06\x07",
    "\\X08\\\\X09\\\\X0B\\\\X0C\\\\X0D\\\\X0E\\\\X0F\\": "\x08\x09\x0b\x0c\x0d\x0e\x0f",
    "\\X10\\\\X11\\\\X12\\\\X13\\\\X14\\\\X15\\\\X16\\\\X17\\": "\x10\x11\x12\x13\x14\x15\x16\x17",
    "\\X18\\\\X19\\\\X1A\\\\X1B\\\\X1C\\\\X1D\\\\X1E\\\\X1F\\": "\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
}

# HL7 v2.5.1 2.7.6, formatted text: begin a new output line
STANDARD_NEW_LINE = {"\\.br\\": "\n"}

# HL7 v2.5.1 2.7.2: the escape sequences for JIS X 0208 (ISO-IR 87), JIS X 0212 (ISO-IR 159), ASCII (ISO-IR 6) and JIS X 0201
# Romaji (ISO-IR 14), and the bytes that their digits name
STANDARD_CHARACTER_SET_SWITCHES = {
    b"\\M2442\\": b"\x1b$B",
    b"\\M242844\\": b"\x1b$(D",
    b"\\C2842\\": b"\x1b(B",
    b"\\C284A\\": b"\x1b(J",
}

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

# ST("TOTAL CHOLESTEROL 240 [90 - 200]", highlights=((18, 21),)).to_er7(...); the text is of the example in 2.7.3
HL7APY_HIGHLIGHTED = ("TOTAL CHOLESTEROL \\H\\240\\N\\ [90 - 200]", "TOTAL CHOLESTEROL 240 [90 - 200]")

# Message("ADT_A01", version="2.7").to_er7(): with the truncation character; and with five delimiters of the caller's
HL7APY_TRUNCATION = b"MSH|^~\\&#|A||||20260301101500|||GOLD1||2.7"
HL7APY_OTHER_DELIMITERS = b"MSH#*+/=#A####20260301101500#####2.5"

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

# by the name of MSH-18 (table 0211): a text, its bytes, and the name that iconv has for the character set
ICONV_TEXTS = {
    "": ("Anna", b"Anna", "ASCII"),
    "ASCII": ("Anna", b"Anna", "ASCII"),
    "ISO IR6": ("Anna", b"Anna", "ASCII"),
    "8859/1": ("Müller", b"M\xfcller", "ISO-8859-1"),
    "8859/2": ("Łódź Šťastný", b"\xa3\xf3d\xbc \xa9\xbbastn\xfd", "ISO-8859-2"),
    "8859/3": ("Ħal Għaxaq ĝ", b"\xa1al G\xb1axaq \xf8", "ISO-8859-3"),
    "8859/4": ("Āboliņš Kęstutis", b"\xc0boli\xf1\xb9 K\xeastutis", "ISO-8859-4"),
    "8859/5": ("Ђакон Њ Љ", b"\xa2\xd0\xda\xde\xdd \xaa \xa9", "ISO-8859-5"),
    "8859/6": ("قباني", b"\xe2\xc8\xc7\xe6\xea", "ISO-8859-6"),
    "8859/7": ("Διονυσιος ΐ", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2 \xc0", "ISO-8859-7"),
    "8859/8": ("שרון", b"\xf9\xf8\xe5\xef", "ISO-8859-8"),
    "8859/9": ("Çelik Şen Ğ", b"\xc7elik \xdeen \xd0", "ISO-8859-9"),
    "8859/15": ("Œuvre €", b"\xbcuvre \xa4", "ISO-8859-15"),
    "GB 18030-2000": ("王小东 俓乗倈 㐀", b"\xcd\xf5\xd0\xa1\xb6\xab \x82\\\x81\\\x82| \x819\xee9", "GB18030"),
    "KS X 1001": ("김희중 洪吉洞", b"\xb1\xe8\xc8\xf1\xc1\xdf \xfb\xf3\xd1\xce\xd4\xd7", "EUC-KR"),
    "BIG-5": ("許功蓋", b"\xb3\\\xa5\\\xbb\\", "BIG5"),
    "UNICODE UTF-8": ("Müller 山田 😀", b"M\xc3\xbcller \xe5\xb1\xb1\xe7\x94\xb0 \xf0\x9f\x98\x80", "UTF-8"),
    "ISO IR87": ("山田 やまだ", b"\x1b$B;3ED\x1b(B \x1b$B$d$^$@\x1b(B", "ISO-2022-JP"),
    "JAS2020": ("山田 やまだ", b"\x1b$B;3ED\x1b(B \x1b$B$d$^$@\x1b(B", "ISO-2022-JP"),
    "ISO IR159": ("山田 丂", b"\x1b$B;3ED\x1b(B \x1b$(D0!\x1b(B", "ISO-2022-JP-2"),
    "JIS X 0202": ("山田 丂 김", b"\x1b$B;3ED\x1b(B \x1b$(D0!\x1b(B \x1b$(C1h\x1b(B", "ISO-2022-JP-2"),
}

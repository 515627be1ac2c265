"""Text and its bytes as the standard prints them: the examples of PS3.5 annexes H, I, J and K."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """``written`` is false where there are other bytes for the text, and ours are such."""

    clause: str
    character_set: str
    vr: str
    text: str
    encoded: bytes
    written: bool = True


_JAPANESE = "=山田^太郎=やまだ^たろう"
_LINES = "The first line includes {0}.\r\nThe second line includes {0}, too.\r\nThe third line.\r\n"
_CHINESE_LINES = "1.第一行文字。\r\n2.第二行文字。\r\n3.第三行文字。\r\n"

EXAMPLES = (
    Example(
        "H.3.1",
        "\\ISO 2022 IR 87",
        "PN",
        f"Yamada^Tarou{_JAPANESE}",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    ),
    Example(
        "H.3.2",
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        "PN",
        f"ﾔﾏﾀﾞ^ﾀﾛｳ{_JAPANESE}",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
    ),
    Example(
        "I.2",
        "\\ISO 2022 IR 149",
        "PN",
        "Hong^Gildong=洪^吉洞=홍^길동",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    Example(
        "I.3",
        "\\ISO 2022 IR 149",
        "LT",
        "The first line includes 한글.\r\nThe second line includes 한글, too.\r\nThe third line",
        b"\x1b$)CThe first line includes \xc7\xd1\xb1\xdb.\r\n"
        b"\x1b$)CThe second line includes \xc7\xd1\xb1\xdb, too.\r\nThe third line",
        written=False,  # the escape sequence may stand at the head of a line; ours stands before the first Korean character
    ),
    Example(
        "J.1",
        "ISO_IR 192",
        "PN",
        "Wang^XiaoDong=王^小東=",
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
    ),
    Example("J.2", "ISO_IR 192", "LT", _LINES.format("中文"), _LINES.encode().replace(b"{0}", b"\xe4\xb8\xad\xe6\x96\x87")),
    Example("J.3", "GB18030", "PN", "Wang^XiaoDong=王^小东=", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab="),
    Example("J.4", "GB18030", "LT", _LINES.format("中文"), _LINES.encode().replace(b"{0}", b"\xd6\xd0\xce\xc4")),
    Example(
        "K.2",
        "\\ISO 2022 IR 58",
        "PN",
        "Zhang^XiaoDong=张^小东=",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
    ),
    Example(
        "K.3",
        "\\ISO 2022 IR 58",
        "LT",
        _CHINESE_LINES,
        b"1.\x1b$)A\xb5\xda\xd2\xbb\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
        b"2.\x1b$)A\xb5\xda\xb6\xfe\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
        b"3.\x1b$)A\xb5\xda\xc8\xfd\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n",
    ),
)

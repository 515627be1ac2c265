"""HL7 v2 against golden bytes: MLLP frames, ER7 messages, escapes, delimiters and character sets."""

from emulators.wire import hl7_character_sets
from emulators.wire.er7 import (
    NULL,
    Delimiters,
    Field,
    Row,
    encode,
    escape,
    header,
    parse,
    row,
    unescape,
    updated,
)
from emulators.wire.mllp import Deframer, Frame, Noise, Oversize, Truncated, frame
from tests.wire.golden_check import golden

# --- frames


@golden(
    "HL7APY_ORU_FRAME HL7APY_ORU_TEXT PYTHON_HL7_ORU_FRAME",
    holds="mllp.frame mllp.Frame mllp.Deframer mllp.Deframer.receive mllp.Deframer.transport_closed",
)
def frames(hl7apy_frame: bytes, hl7apy_text: str, python_hl7_frame: bytes) -> None:
    payload = hl7apy_text.encode() + b"\r"
    assert frame(payload) == hl7apy_frame
    deframer = Deframer()
    stream = hl7apy_frame + python_hl7_frame
    first, second = [event for start in range(len(stream)) for event in deframer.receive(stream[start : start + 1])]
    assert first == Frame(payload)
    assert isinstance(second, Frame)
    assert frame(second.payload) == python_hl7_frame
    assert deframer.transport_closed() == []


@golden("PYTHON_HL7_ORU_FRAME", holds="mllp.Noise mllp.Truncated mllp.Oversize")
def frames_that_are_cut_or_too_long(whole: bytes) -> None:
    """0BH starts a frame, 1CH 0DH ends it, and nothing else does (HL7 Appendix C): shown on pieces of a golden frame."""
    payload_bytes = len(whole) - 3
    deframer = Deframer(max_frame_bytes=payload_bytes - 1)
    assert deframer.receive(whole) == [Oversize(payload_bytes - 1)]
    assert deframer.receive(whole[:20]) == []
    assert deframer.receive(whole[:1]) == [Truncated(19)]
    assert deframer.receive(whole[-2:]) == [Frame(b"")]
    assert deframer.receive(whole[1:5] + whole[:1]) == [Noise(4)]
    assert deframer.transport_closed() == [Truncated(0)]


# --- messages


@golden(
    "HL7APY_ORU_TEXT",
    holds="""er7.parse er7.encode er7.row er7.updated er7.Message er7.Message.msh er7.Message.required er7.Message.first
    er7.Message.all er7.Segment er7.Segment.name er7.Segment.field er7.Segment.repetitions er7.Segment.component
    er7.Segment.components er7.Segment.text er7.Segment.rewritten""",
)
def report_of_hl7apy(text: str) -> None:
    raw = text.encode()
    message = parse(raw)
    patient, observation = message.required("PID"), message.first("OBX")
    assert observation is not None
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "OBX"]
    assert message.all("PID") == [patient]
    assert message.msh.components(9) == ["ORU", "R01", "ORU_R01"]
    assert patient.repetitions(3) == ["4711^^^HOSP^MR", "0815^^^CITY^PI"]
    assert patient.component(3, 4, repetition=2) == "CITY"
    assert patient.components(5) == ["Müller", "Jörg", "B"]
    assert observation.text(5) == "x"
    assert observation.rewritten(patient.raw).components(5) == ["Müller", "Jörg", "B"]
    assert (updated("old", patient.field(11)), updated("old", patient.field(9))) == ("", "old")
    event: Field = ("ORU", "R01", "ORU_R01")
    identifiers: Field = [("4711", None, None, "HOSP", "MR"), ("0815", None, None, "CITY", "PI")]
    head = {3: "RADLOOP", 4: "A", 5: "EHR", 6: "B", 7: "20260301101500+0100", 9: event, 10: "GOLD0001", 11: "P", 12: "2.5.1"}
    rows: list[Row] = [
        row("MSH", {**head, 18: "UNICODE UTF-8"}),
        row("PID", {1: "1", 3: identifiers, 5: ("Müller", "Jörg", "B"), 7: "19700203", 8: "F", 11: NULL}),
        row("OBX", {1: "1", 2: "TX", 3: ("GDT", "Report"), 5: "x"}),
    ]
    assert encode(rows) == raw + b"\r"  # hl7apy ends the last segment only in a frame


@golden("STANDARD_ACK STANDARD_ACK_WITH_ERROR PYTHON_HL7_ACK", holds="er7.parse er7.header er7.encode er7.Segment.component")
def acknowledgements(ack: bytes, ack_with_error: bytes, python_hl7_ack: bytes) -> None:
    assert header(ack).field(10) == "XX3657"
    assert parse(ack).required("MSA").field(2) == "ZZ9380"
    head: Row = ("MSH", "LAB", "767543", "ADT", "767543", "19900314130405", None, "ACK", "XX3657", "P", "2.1")
    assert encode([head, ("MSA", "AA", "ZZ9380")]) == ack.replace(b"ACK^", b"ACK")  # an empty component at the end is left out
    error = parse(ack_with_error).required("ERR")
    assert [error.component(1, 4, subcomponent=number) for number in (1, 2, 3)] == ["103", "Table value not found", "HL70357"]
    head = ("MSH", "LAB", "767543", "ADT", "767543", "199003141304-0500", None, ("ACK", None, "ACK"), "XX3657", "P", "2.4")
    location: Field = ("PID", "1", "16", ("103", "Table value not found", "HL70357"))
    assert encode([head, ("MSA", "AR", "ZZ9380"), ("ERR", location)]) == ack_with_error
    head = ("MSH", "EHR", "B", "RIS", "A", "20261122074836", None, ("ACK", "R01", "ACK"), "GOLD0003", "P", "2.3.1")
    assert encode([head, ("MSA", "AA", "GOLD0002")]) == python_hl7_ack
    assert parse(python_hl7_ack).required("MSA").text(2) == "GOLD0002"


@golden(
    "PYTHON_HL7_OTHER_DELIMITERS HL7APY_TRUNCATION HL7APY_OTHER_DELIMITERS",
    holds="er7.Delimiters er7.Delimiters.encoding_characters er7.Segment.delimiters",
)
def delimiters(python_hl7: bytes, truncation: bytes, hl7apy: bytes) -> None:
    message = parse(python_hl7)
    assert message.required("PID").component(5, 1) == "O|Neil $ Co"
    assert message.required("PID").component(3, 4, subcomponent=2) == "1.2"
    head: Row = ("MSH", "RIS", "A", "EHR", "B", "20260301101500", None, ("ADT", "A08"), "GOLD0004", "P", "2.5.1")
    identifiers: Field = [("1", None, None, ("H", "1.2", "ISO")), "2"]
    patient: Row = ("PID", "1", None, identifiers, None, ("O|Neil $ Co", "Pat"))
    assert encode([head, patient], message.required("PID").delimiters) == python_hl7
    assert message.delimiters == Delimiters(component="$", repetition="%", subcomponent="@")
    for raw, own in (
        (truncation, Delimiters(truncation="#")),
        (hl7apy, Delimiters(field="#", component="*", repetition="+", escape="/", subcomponent="=")),
    ):
        message = parse(raw)
        assert message.delimiters == own
        assert own.encoding_characters == raw[4 : 4 + len(own.encoding_characters)].decode()
        values = [message.msh.field(number) or None for number in range(3, 13)]
        assert encode([("MSH", *values)], own) == raw + b"\r"


# --- escapes


@golden(
    """STANDARD_ESCAPES STANDARD_HEXADECIMAL STANDARD_NEW_LINE HL7APY_ESCAPED HL7APY_HIGHLIGHTED PYTHON_HL7_HEX
    PYTHON_HL7_ORU_FRAME PYTHON_HL7_ORU_TEXT""",
    holds="er7.escape er7.unescape er7.Segment.text",
)
def escapes(
    standard: dict[str, str],
    hexadecimal: dict[str, str],
    new_line: dict[str, str],
    hl7apy: tuple[str, str],
    highlighted: tuple[str, str],
    python_hl7: tuple[str, str],
    frame_bytes: bytes,
    text: str,
) -> None:
    for escaped, plain in {**standard, **hexadecimal, **new_line, hl7apy[1]: hl7apy[0]}.items():
        assert unescape(escaped) == plain
        assert escape(plain) == escaped
    for escaped, plain in (highlighted, python_hl7):  # never written: how text looks, and letters in hexadecimal
        assert unescape(escaped) == plain
    observation = parse(frame_bytes[1:-2]).required("OBX")
    assert observation.text(5) == text
    assert observation.field(5) == escape(text)


# --- character sets


def message_in(character_set: str, encoded: bytes) -> bytes:
    """A message of ASCII around a text in the character set of its MSH-18."""
    head = b"MSH|^~\\&|RIS||||||ADT|1|P|2.5.1||||||" + character_set.encode()
    return head.rstrip(b"|") + b"\rPID|||4711||" + encoded + b"|x\r"


def assert_read_and_written(raw: bytes, character_set: str, text: str) -> None:
    """The patient's name is this text."""
    assert parse(raw).required("PID").text(5) == text
    head = row("MSH", {3: "RIS", 9: "ADT", 10: "1", 11: "P", 12: "2.5.1", 18: character_set.split("~")})
    assert encode([head, row("PID", {3: "4711", 5: text, 6: "x"})]) == raw


@golden("ICONV_TEXTS", holds="hl7_character_sets.encoding_of hl7_character_sets.decode er7.parse er7.encode")
def character_sets(texts: dict[str, tuple[str, bytes, str]]) -> None:
    for character_set, (text, encoded, _) in texts.items():
        assert_read_and_written(message_in(character_set, encoded), character_set, text)
        encoding = hl7_character_sets.encoding_of([character_set])
        assert encoding is not None
        assert hl7_character_sets.decode(encoded, encoding, "\\|^~&") == text
        if character_set in hl7_character_sets.CODE_EXTENSIONS:  # behind ASCII too
            assert_read_and_written(message_in(f"~{character_set}", encoded), f"~{character_set}", text)


@golden("STANDARD_CHARACTER_SET_SWITCHES ICONV_TEXTS", holds="hl7_character_sets.decode er7.parse")
def character_set_switches(switches: dict[bytes, bytes], texts: dict[str, tuple[str, bytes, str]]) -> None:
    """The standard's sequences stand for the escape characters in what iconv writes, which knows no HL7.

    The way back from two-byte text may be JIS X 0201 Romaji instead of ASCII, as in PS3.5 H.3.2.
    """
    seen: set[bytes] = set()
    for character_set in ("ISO IR87", "ISO IR159"):
        text, encoded, _ = texts[character_set]
        for ascii_or_romaji in (b"\\C2842\\", b"\\C284A\\"):
            written = encoded.replace(b"\x1b(B", switches[ascii_or_romaji])
            assert parse(message_in(character_set, written + b"\x1b(B")).required("PID").text(5) == text
            for sequence, escape_characters in switches.items():
                seen.update({sequence} if escape_characters in written else ())
                written = written.replace(escape_characters, sequence)
            assert parse(message_in(character_set, written + b"\\C2842\\")).required("PID").text(5) == text
    assert seen == set(switches)

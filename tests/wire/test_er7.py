"""The ER7 codec: delimiters, numbering, escapes once, character sets, and nothing repaired by guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.wire import er7
from emulators.wire.er7 import NULL, Delimiters, Message, Segment, encode, escape, header, parse, row, unescape, updated
from tests.wire import golden_hl7

OTHER = Delimiters(component="$", repetition="%", escape="\\", subcomponent="@")
ODD = Delimiters(field="#", component="*", repetition="+", escape="/", subcomponent="=")
MSH = "MSH|^~\\&|RIS|A|EHR|B|20260301101500||ORU^R01|1|P|2.5.1||||||{}\r"


def _message(body: str, character_set: str = "UNICODE UTF-8", encoding: str = "utf-8") -> Message:
    return parse((MSH.format(character_set) + body).encode(encoding))


# Bytes that others made


def test_ack_of_the_standard_is_read_and_written() -> None:
    message = parse(golden_hl7.STANDARD_ACK)
    assert [segment.name for segment in message.segments] == ["MSH", "MSA"]
    assert [message.msh.field(number) for number in (1, 2, 3, 7, 10, 12)] == [
        "|",
        "^~\\&",
        "LAB",
        "19900314130405",
        "XX3657",
        "2.1",
    ]
    assert message.msh.component(9, 1) == "ACK"
    assert message.msh.component(9, 2) == ""
    assert message.required("MSA").field(2) == "ZZ9380"
    written = encode(
        [
            ("MSH", "LAB", "767543", "ADT", "767543", "19900314130405", None, "ACK", "XX3657", "P", "2.1"),
            ("MSA", "AA", "ZZ9380", None),
        ]
    )
    assert written == golden_hl7.STANDARD_ACK.replace(b"ACK^", b"ACK")  # an empty component at the end is left out


def test_ack_with_error_of_the_standard_is_read_as_its_xml_says_and_written() -> None:
    error = parse(golden_hl7.STANDARD_ACK_WITH_ERROR).required("ERR")
    assert [error.component(1, number) for number in (1, 2, 3, 4)] == ["PID", "1", "16", "103"]
    assert error.component(1, 4, subcomponent=2) == "Table value not found"
    assert error.component(1, 4, subcomponent=3) == "HL70357"
    written = encode(
        [
            row(
                "MSH",
                {
                    3: "LAB",
                    4: "767543",
                    5: "ADT",
                    6: "767543",
                    7: "199003141304-0500",
                    9: ("ACK", None, "ACK"),
                    10: "XX3657",
                    11: "P",
                    12: "2.4",
                },
            ),
            row("MSA", {1: "AR", 2: "ZZ9380"}),
            row("ERR", {1: ("PID", "1", "16", ("103", "Table value not found", "HL70357"))}),
        ]
    )
    assert written == golden_hl7.STANDARD_ACK_WITH_ERROR


def test_message_of_hl7apy_is_read_and_written() -> None:
    raw = golden_hl7.HL7APY_ORU_TEXT.encode()
    message = parse(raw)
    patient = message.required("PID")
    assert message.raw == raw
    assert patient.repetitions(3) == ["4711^^^HOSP^MR", "0815^^^CITY^PI"]
    assert patient.component(3, 1, repetition=2) == "0815"
    assert patient.component(3, 4, repetition=2) == "CITY"
    assert patient.component(5, 1) == "Müller"
    assert patient.field(9) == ""
    assert patient.field(11) == NULL
    identifiers: er7.Field = [("4711", None, None, "HOSP", "MR"), ("0815", None, None, "CITY", "PI")]
    event: er7.Field = ("ORU", "R01", "ORU_R01")
    head = row("MSH", {3: "RADLOOP", 4: "A", 5: "EHR", 6: "B", 7: "20260301101500+0100", 9: event, 10: "GOLD0001"})
    head += ["P", "2.5.1", None, None, None, None, None, "UNICODE UTF-8"]
    pid = row("PID", {1: "1", 3: identifiers, 5: ("Müller", "Jörg", "B"), 7: "19700203", 8: "F", 11: NULL})
    obx = row("OBX", {1: "1", 2: "TX", 3: ("GDT", "Report"), 5: "x"})
    assert encode([head, pid, obx]) == raw + b"\r"


def test_message_of_python_hl7_is_read_with_escapes_taken_off_once() -> None:
    message = parse(golden_hl7.PYTHON_HL7_ORU_FRAME[1:-2])
    assert message.required("PID").component(3, 4, subcomponent=2) == "1.2.3"
    assert message.required("OBX").text(5) == golden_hl7.PYTHON_HL7_ORU_TEXT
    assert message.required("OBX").component(5, 1) == golden_hl7.PYTHON_HL7_ORU_TEXT
    assert message.required("OBX").field(5) == escape(golden_hl7.PYTHON_HL7_ORU_TEXT)


def test_other_delimiters_of_python_hl7_are_followed() -> None:
    message = parse(golden_hl7.PYTHON_HL7_OTHER_DELIMITERS)
    patient = message.required("PID")
    assert message.delimiters == OTHER
    assert message.msh.component(9, 2) == "A08"
    assert patient.component(3, 4, subcomponent=2) == "1.2"
    assert patient.component(3, 1, repetition=2) == "2"
    assert patient.component(5, 1) == "O|Neil $ Co"
    rows: list[er7.Row] = [
        ("MSH", "RIS", "A", "EHR", "B", "20260301101500", None, ("ADT", "A08"), "GOLD0004", "P", "2.5.1"),
        ("PID", "1", None, [("1", None, None, ("H", "1.2", "ISO")), "2"], None, ("O|Neil $ Co", "Pat")),
    ]
    assert encode(rows, OTHER) == golden_hl7.PYTHON_HL7_OTHER_DELIMITERS


def test_ack_of_python_hl7_is_read() -> None:
    message = parse(golden_hl7.PYTHON_HL7_ACK)
    assert (message.required("MSA").field(1), message.required("MSA").field(2)) == ("AA", "GOLD0002")


def test_escapes_of_others_are_read_and_written() -> None:
    for escaped, text in golden_hl7.STANDARD_ESCAPES.items():
        assert unescape(escaped) == text
        assert escape(text) == escaped
    text, escaped = golden_hl7.HL7APY_ESCAPED
    assert escape(text) == escaped
    assert unescape(escaped) == text
    escaped, text = golden_hl7.PYTHON_HL7_HEX
    assert unescape(escaped) == text


# Escapes


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\\.br\\b", "a\nb"),
        ("\\X0D\\", "\r"),
        ("\\Xc3BC\\", "ü"),
        ("\\XC3\\", "\\XC3\\"),  # not text in UTF-8
        ("\\X1\\", "\\X1\\"),
        ("\\X\\", "\\X\\"),
        ("\\H\\bold\\N\\", "bold"),
        ("\\Z1\\", "\\Z1\\"),
        ("\\.sp3\\", "\\.sp3\\"),
        ("\\E\\F\\E\\", "\\F\\"),  # once, not twice
        ("\\Z1\\F\\S\\", "\\Z1\\F^"),  # escape characters pair from the left
        ("a\\", "a\\"),
        ("a\\S", "a\\S"),
        ("\\\\", "\\\\"),
        ("\\", "\\"),
    ],
)
def test_escape_sequence_is_read_as(raw: str, text: str) -> None:
    assert unescape(raw, encoding="utf-8") == text


def test_control_character_is_read_in_a_character_set_that_gives_it_a_meaning() -> None:
    assert unescape("\\X1B\\", encoding="iso2022_jp") == "\x1b"


def test_line_breaks_and_control_characters_are_escaped() -> None:
    assert escape("a\nb\r\n\x0b\x1cc") == "a\\.br\\b\\X0D\\\\.br\\\\X0B\\\\X1C\\c"


@given(text=st.text(), delimiters=st.sampled_from([Delimiters(), OTHER, ODD]))
def test_escaped_text_comes_back(text: str, delimiters: Delimiters) -> None:
    escaped = escape(text, delimiters)
    assert unescape(escaped, delimiters, "utf-8") == text
    assert not any(character < " " for character in escaped)


def test_highlighted_and_unknown_escapes_survive_in_the_raw_field() -> None:
    segment = _message("OBX|1|FT|||\\H\\x\\N\\\\Z1\\").required("OBX")
    assert segment.field(5) == "\\H\\x\\N\\\\Z1\\"
    assert segment.text(5) == "x\\Z1\\"


# Access


def test_text_keeps_delimiters_that_a_component_would_be_cut_at() -> None:
    segment = _message("OBX|1|TX|||lungs & heart ^ clear~second").required("OBX")
    assert segment.text(5) == "lungs & heart ^ clear"
    assert segment.text(5, repetition=2) == "second"
    assert segment.component(5, 1) == "lungs "


def test_what_is_not_there_is_empty() -> None:
    segment = _message("PID|1||a^b").required("PID")
    assert segment.field(99) == ""
    assert segment.field(0) == ""
    assert segment.repetitions(2) == []
    assert segment.component(3, 9) == segment.component(3, 1, repetition=9) == ""
    assert segment.component(3, 1, subcomponent=9) == segment.component(3, 0) == ""


def test_delimiter_fields_of_msh_have_no_parts() -> None:
    head = _message("PID|1").msh
    assert head.repetitions(2) == ["^~\\&"]
    assert head.component(2, 1) == head.text(2) == "^~\\&"
    assert head.component(2, 2) == ""
    assert head.component(1, 1) == "|"


def test_segments_are_found_by_name_and_unknown_ones_pass() -> None:
    message = _message("ZDS|1.2.3\rOBX|1\rZ99\rOBX|2\r")
    assert [segment.field(1) for segment in message.all("OBX")] == ["1", "2"]
    assert message.required("ZDS").field(1) == "1.2.3"
    assert message.first("NTE") is None
    with pytest.raises(RemoteProtocolError, match="NTE"):
        message.required("NTE")


def test_empty_lines_are_skipped() -> None:
    assert [segment.name for segment in _message("\r\rPID|1\r\r").segments] == ["MSH", "PID"]


def test_empty_leaves_and_null_deletes() -> None:
    assert updated("old", "") == "old"
    assert updated("old", NULL) == ""
    assert updated("old", "new") == "new"


def test_names_for_logs_hold_no_content() -> None:
    message = _message("PID|1||secret")
    assert "secret" not in repr(message) + repr(message.segments)


# Character sets


@pytest.mark.parametrize(
    ("character_set", "encoding", "text"),
    [
        ("", "ascii", "Anna"),
        ("8859/1", "latin-1", "Müller"),
        ("8859/5", "iso8859-5", "Ђакон Њ Љ"),
        ("8859/15", "iso8859-15", "Œuvre €"),
        ("UNICODE UTF-8", "utf-8", "Müller Ђ 山田 😀"),
        ("8859/1~UNICODE UTF-8", "latin-1", "Müller"),
        ("GB 18030-2000", "gb18030", "王小东 俓乗倈"),  # second bytes 5CH, 5EH, 7CH
        ("KS X 1001", "euc_kr", "김희중"),
        ("BIG-5", "big5", "許功蓋"),  # second bytes 5CH
        ("~ISO IR87", "iso2022_jp", "山田"),
    ],
)
def test_character_set_of_msh_18_is_used_in_both_ways(character_set: str, encoding: str, text: str) -> None:
    head = row("MSH", {3: "RIS", 18: character_set.split("~")})
    raw = encode([head, ("PID", "1", None, "4711", None, (text, "x"))])
    assert text.encode(encoding) in raw
    patient = parse(raw).required("PID")
    assert patient.component(5, 1) == text
    assert patient.component(5, 2) == "x"


def test_encoding_given_by_the_caller_stands_in_for_msh_18() -> None:
    raw = encode([("MSH", "RIS"), ("PID", "ü")], encoding="utf-8")
    assert parse(raw, "utf-8").required("PID").field(1) == "ü"


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (MSH.format("").encode() + b"PID|1||4711||M\xfcller", r"segment 2 \(PID\), field 5"),
        (MSH.format("UNICODE UTF-8").encode() + b"\r\rPV1|1\rPID|1||4711||M\xc3", r"segment 3 \(PID\), field 5"),
        (b"MSH|^~\\&|RIS\xff", r"segment 1 \(MSH\), field 3"),
        (b"MSH|^~\\&|RIS\r\xff\xffA|", r"segment 2, field 0"),
    ],
)
def test_illegal_text_is_refused_with_its_place_and_without_content(raw: bytes, place: str) -> None:
    with pytest.raises(RemoteProtocolError, match=place) as caught:
        parse(raw)
    assert "4711" not in str(caught.value)
    assert caught.value.__context__ is None  # the decoder's error holds the message


def test_text_that_does_not_fit_is_our_error_with_its_place_and_without_content() -> None:
    with pytest.raises(LocalProtocolError, match="segment PID, field 5") as caught:
        encode([("MSH", "RIS"), ("PID", "1", None, None, None, ("Müller",))])
    assert "ller" not in str(caught.value)
    assert caught.value.__context__ is None


def test_unknown_character_set_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="field 18"):
        parse(MSH.format("UNICODE UTF-16").encode())
    with pytest.raises(LocalProtocolError, match="field 18"):
        encode([row("MSH", {18: "ISO IR999"})])


# Hostile bytes


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"MSH",
        b"MSH|",
        b"MSH|^~\\",
        b"MSH|^~\\&",  # nothing says where MSH-2 ends
        b"MSH|^~\\|x",
        b"MSH|^~\\&#!|x",
        b"MSH|^^\\&|x",
        b"MSH|^~\\||x",
        b'MSH|^~\\"|x',
        b"MSHaaaaaaa",
        b"MSH ^~\\& x",
        b"\rMSH|^~\\&|x",
        b"PID|1\rMSH|^~\\&|x",
        b"MSH|^~\\&|x\rpid|1",
        b"MSH|^~\\&|x\rPI",
        b"MSH|^~\\&|x\rPIDX|1",
        b"MSH|^~\\&|x\rFree text",
    ],
)
def test_what_is_not_a_message_is_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(raw)


@pytest.mark.parametrize("separator", ["\n", "\r\n"])
def test_lf_is_refused_by_name(separator: str) -> None:
    raw = (MSH.format("") + "PID|1\r").replace("\r", separator).encode()
    with pytest.raises(RemoteProtocolError, match="LF"):
        parse(raw)
    assert header(raw).field(10) == "1"


def test_lf_inside_a_field_is_kept() -> None:
    assert _message("OBX|1|TX|||a\nb").required("OBX").text(5) == "a\nb"


def test_header_serves_the_answer_to_a_message_with_illegal_text() -> None:
    head = header(MSH.format("").encode() + b"PID|M\xfcller")
    assert (head.field(3), head.field(10), head.component(9, 2)) == ("RIS", "1", "R01")


def _read_everything(segment: Segment) -> None:
    for number in range(30):
        segment.field(number)
        for repetition, _ in enumerate(segment.repetitions(number), 1):
            segment.text(number, repetition)
            segment.component(number, 2, repetition, 2)


_LINE = st.one_of(st.binary(max_size=30), st.text("|^~\\&XF0A.br\n\r" + NULL, max_size=30).map(str.encode))


@given(start=st.sampled_from([b"", b"MSH", b"MSH|^~\\&|", b"MSH|$%\\@|A|\rPID|"]), lines=st.lists(_LINE, max_size=4))
def test_hostile_bytes_raise_only_remote_protocol_error(start: bytes, lines: list[bytes]) -> None:
    try:
        message = parse(start + b"\r".join(lines))
    except RemoteProtocolError:
        return
    for segment in message.segments:
        _read_everything(segment)


# Writing


_LEAF = st.one_of(st.none(), st.text(max_size=6))
_COMPONENT = st.one_of(_LEAF, st.lists(_LEAF, max_size=3).map(tuple))
_REPETITION = st.one_of(_LEAF, st.lists(_COMPONENT, max_size=3).map(tuple))
_FIELD = st.one_of(_REPETITION, st.lists(_REPETITION, max_size=3))
_ROWS = st.lists(st.lists(_FIELD, max_size=5).map(lambda fields: ["ZZ1", *fields]), max_size=4)


def _rows_of(message: Message) -> list[list[er7.Field]]:
    """A message as rows again, through the readers."""
    rows: list[list[er7.Field]] = []
    for segment in message.segments:
        last = segment.raw.count(message.delimiters.field) + (segment.name == "MSH")
        first = 3 if segment.name == "MSH" else 1
        rows.append([segment.name, *(_field_of(segment, number) for number in range(first, last + 1))])
    return rows


def _field_of(segment: Segment, number: int) -> er7.Field:
    field: list[er7.Repetition] = []
    for repetition, raw in enumerate(segment.repetitions(number), 1):
        sizes = [part.count(segment.delimiters.subcomponent) + 1 for part in raw.split(segment.delimiters.component)]
        field.append(
            tuple(
                tuple(segment.component(number, component, repetition, part) for part in range(1, size + 1))
                for component, size in enumerate(sizes, 1)
            )
        )
    return field


@given(rows=_ROWS, delimiters=st.sampled_from([Delimiters(), OTHER, ODD]))
def test_what_was_built_is_read_and_built_again(rows: list[list[er7.Field]], delimiters: Delimiters) -> None:
    raw = encode([row("MSH", {3: "RIS", 18: "UNICODE UTF-8"}), *rows], delimiters)
    message = parse(raw)
    assert message.delimiters == delimiters
    assert encode(_rows_of(message), delimiters) == raw


def test_empty_ends_are_left_out_and_null_is_not() -> None:
    rows: list[er7.Row] = [("MSH", "RIS"), ("PID", "", (None, "", ("",)), [("a", None), NULL, ""], (), [], None)]
    assert encode(rows) == b'MSH|^~\\&|RIS\rPID|||a~""~\r'


def test_truncation_character_of_v27_is_read_and_written() -> None:
    delimiters = Delimiters(truncation="#")
    raw = encode([("MSH", "RIS")], delimiters)
    assert raw == b"MSH|^~\\&#|RIS\r"
    assert parse(raw).delimiters == delimiters


def test_first_row_must_be_msh_and_its_delimiters_are_not_given() -> None:
    with pytest.raises(LocalProtocolError):
        encode([("PID", "1")])
    with pytest.raises(LocalProtocolError):
        encode([])
    with pytest.raises(LocalProtocolError):
        row("MSH", {2: "^~\\&"})


@pytest.mark.parametrize("field", ["||", "", "a", " ", '"', "^"])
def test_illegal_delimiters_are_our_error(field: str) -> None:
    with pytest.raises(LocalProtocolError):
        Delimiters(field=field)

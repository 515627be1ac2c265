"""Every HL7 message that we emit has the structure of the standard, by a table of our own and by hl7apy.

The table refuses a message as soon as one segment or required field of it is missing, doubled, moved or strange. hl7apy is
asked for the whole message and for each segment; where it is wrong, the exception stands here with its reason, and a test
fails when hl7apy has learned better.
"""

import hl7apy.parser
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import HL7apyException
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Hl7Message
from emulators.messages.common import Acknowledgement
from emulators.messages.orders import ReportStatus
from emulators.messages.report import Report
from tests import strategies
from tests.codecs.hl7_samples import MESSAGES, VERSIONS, codec
from tests.codecs.hl7_structures import faults, field_rules

ACCEPTED, REFUSED = "accepted", "refused"
ANSWERS = {
    ACCEPTED: Acknowledgement("AA", "P-1-NW1"),
    REFUSED: Acknowledgement("AE", "P-1-NW1", "101 PID-3"),
}

Case = tuple[str, str]
"""Version, and name of the message or answer."""

CASES: list[Case] = [(version, name) for version in VERSIONS for name in (*MESSAGES, *ANSWERS)]

OPTIONAL = {
    **{name: {"PV1", "ZDS"} for name, message in MESSAGES.items() if message.lane != "adt"},
    **{name: {"ORC"} for name, message in MESSAGES.items() if isinstance(message, Report)},
    REFUSED: {"ERR"},
}
"""Segments without which the structure is still that of the standard; and of the OBX of an order the last."""

REPEATABLE = {("2.5.1", REFUSED): {"ERR"}, **{(version, "NumberAssigned"): {"ORC"} for version in VERSIONS}}


ADT_STRUCTURES_2_3_1 = {
    **dict.fromkeys(("RegisterPatient", "PreadmitPatient", "UpdatePatient", "UpdatePerson", "Japanese"), "ADT_A01"),
    **dict.fromkeys(("CancelDischarge", "AddPerson"), "ADT_A01"),
    "BecomeOutpatient": "ADT_A06",
    **dict.fromkeys(("CancelAdmission", "CancelPreadmission"), "ADT_A09"),
    "MergePatients": "ADT_A39",
}
"""Events whose structure has another name than they have."""


def emitted(version: str, name: str) -> bytes:
    link = codec(version)
    if name in ANSWERS:
        return link.encode_acknowledgement(ANSWERS[name], link.encode(MESSAGES["PlaceOrder"]))
    return link.encode(MESSAGES[name])


def segments_of(version: str, name: str) -> list[bytes]:
    return emitted(version, name).split(b"\r")[:-1]


def faults_of(segments: list[bytes]) -> list[str]:
    return faults(b"\r".join(segments) + b"\r")


# --- our own table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), CASES)
def test_every_sample_has_the_structure(version: str, name: str) -> None:
    assert faults(emitted(version, name)) == []


@given(strategies.hl7_messages, st.sampled_from(VERSIONS))
def test_every_message_has_the_structure(message: Hl7Message, version: str) -> None:
    assert faults(codec(version).encode(message)) == []


@given(strategies.acknowledgements, strategies.hl7_messages, st.sampled_from(VERSIONS))
def test_every_acknowledgement_has_the_structure(answer: Acknowledgement, to: Hl7Message, version: str) -> None:
    link = codec(version)
    assert faults(link.encode_acknowledgement(answer, link.encode(to))) == []


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_message_with_a_segment_removed_is_refused(version: str, name: str) -> None:
    segments = segments_of(version, name)
    for index in range(1, len(segments)):
        segment = segments[index][:3].decode()
        may_be_missing = segment in OPTIONAL.get(name, ()) or is_last_of_several_obx(segments, index)
        refused = faults_of(segments[:index] + segments[index + 1 :])
        assert bool(refused) != may_be_missing, (segment, refused)


def is_last_of_several_obx(segments: list[bytes], index: int) -> bool:
    before, this, after = (segment[:3] for segment in [*segments, b"end"][index - 1 : index + 2])
    return before == this == b"OBX" != after


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_message_with_a_segment_doubled_is_refused(version: str, name: str) -> None:
    segments = segments_of(version, name)
    for index, segment in enumerate(segments):
        may_repeat = segment[:3].decode() in REPEATABLE.get((version, name), ())
        refused = faults_of([*segments[:index], segment, *segments[index:]])
        assert bool(refused) != may_repeat, (segment[:3], refused)


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_message_with_two_segments_exchanged_is_refused(version: str, name: str) -> None:
    segments = segments_of(version, name)
    for index in range(1, len(segments) - 1):
        exchanged = [*segments[:index], segments[index + 1], segments[index], *segments[index + 2 :]]
        assert faults_of(exchanged), segments[index][:3]


@pytest.mark.parametrize("stranger", [b"ZZZ|1", b"NK1|1|Doe^John", b"PID|2||X||Y"])
@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_message_with_a_strange_segment_is_refused(version: str, name: str, stranger: bytes) -> None:
    segments = segments_of(version, name)
    for index in range(1, len(segments) + 1):
        assert faults_of([*segments[:index], stranger, *segments[index:]]), index


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_message_with_a_required_field_emptied_is_refused(version: str, name: str) -> None:
    segments = segments_of(version, name)
    emptied = 0
    for index, segment in enumerate(segments):
        segment_name = segment[:3].decode()
        fields = segment.split(b"|")
        for number, rule in field_rules(segment_name, version).items():
            if not rule.required or (segment_name, number) in (("MSH", 9), ("MSH", 12)):  # without these there is no table
                continue
            position = number - (segment_name == "MSH")
            without = b"|".join([*fields[:position], b"", *fields[position + 1 :]])
            assert faults_of([*segments[:index], without, *segments[index + 1 :]]) == [f"{segment_name}-{number}: required"]
            emptied += 1
    assert emptied >= 5


def test_an_order_without_any_number_is_refused() -> None:
    payload = emitted("2.5.1", "PlaceOrder")
    assert faults(payload.replace(b"ORC|NW|P-1|", b"ORC|NW||").replace(b"OBR|1|P-1|", b"OBR|1||")) == [
        "ORC: no number",
        "OBR: no number",
    ]


@pytest.mark.parametrize(("old", "new"), [(b"OBR|2|", b"OBR|1|"), (b"OBX|1|TX", b"OBX|2|TX"), (b"OBX|2|TX", b"OBX|3|TX")])
def test_orders_count_in_a_message_and_observations_in_an_order(old: bytes, new: bytes) -> None:
    payload = emitted("2.5.1", "two orders reported")
    assert old in payload
    assert faults(payload.replace(old, new)) == [f"{old[:3].decode()}-1: does not count from 1"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"|P-1-NW1|", b"|" + b"1" * 21 + b"|", "MSH-10"),
        (b"|P|2", b"|X|2", "MSH-11"),
        (b"|19700228|", b"|28.02.1970|", "PID-7"),
        (b"|F\r", b"|W\r", "PID-8"),
        (b"ORC|NW", b"ORC|XX", "ORC-1"),
        (b"^^S|", b"^^X|", "ORC-7"),
        (b"OBR|1|P-1", b"OBR|1|" + b"1" * 23, "OBR-2"),
    ],
)
def test_a_value_of_the_wrong_form_is_refused(old: bytes, new: bytes, place: str) -> None:
    payload = emitted("2.5.1", "PlaceOrder")
    assert old in payload
    found = faults(payload.replace(old, new, 1))
    assert [fault.split(":")[0] for fault in found] == [place]


def test_a_message_of_another_type_has_no_structure() -> None:
    payload = emitted("2.5.1", "PlaceOrder").replace(b"ORM^O01", b"ORM^O99")
    assert faults(payload) == ["no structure for ORM^O99 of 2.5.1"]


# --- hl7apy --------------------------------------------------------------------------------------------------------------

CHOICE = "Missing required child OR[MR]_O0[12]_.*(RQD|CHOICE|SUPPGRP)"
UNSTRUCTURED = "unknown Element"
Z_FIELD = "max limit .* ZDS_1"
NULL_DATE = "is not an HL7 valid date value"
DIAGNOSIS_GROUP = "Missing required child ADT_A38.DRG"
SUFFIX = "Cannot add <SubComponent ST>"

MESSAGE_EXCEPTIONS: dict[Case, tuple[str, str]] = {
    # ORM^O01 has one of OBR, RQD, RQ1, RXO, ODS, ODT (4.4.1), ORR^O02 one or none; hl7apy wants all of them
    **{
        (version, name): (CHOICE, "reads the choice of order details as a sequence")
        for version in VERSIONS
        for name, message in MESSAGES.items()
        if message.lane in ("orders", "reading") or isinstance(message, ReportStatus)
    },
    # MSH-9 of 2.3.1 has no room for the structure; hl7apy then looks for one named ADT_A04 or ACK_O01
    **{
        ("2.3.1", name): (UNSTRUCTURED, "does not know the structure of an event without MSH-9.3")
        for name in (*ADT_STRUCTURES_2_3_1, ACCEPTED, REFUSED)
    },
    ("2.3.1", "CancelPreadmission"): (DIAGNOSIS_GROUP, "wants a diagnosis related group of whoever has not come"),
    ("2.5.1", "UpdatePerson"): (NULL_DATE, "does not know the null value (2.5.3) in a date"),
    **{(version, "addendum"): (SUFFIX, "does not know the suffix in OBX-3 (7.2.4)") for version in VERSIONS},
}
"""What hl7apy says of a legal message, and why it is wrong."""

SEGMENT_EXCEPTIONS: dict[tuple[str, bytes], tuple[str, str]] = {
    **{
        (version, b"ZDS|"): (
            Z_FIELD,
            "reads each field of a Z segment as one ST, while ZDS-1 is an RP (IHE RAD TF-2 4.4.4.1.2)",
        )
        for version in VERSIONS
    },
    **{(version, b"&ADT^"): MESSAGE_EXCEPTIONS[version, "addendum"] for version in VERSIONS},
    ("2.5.1", b'||""|""'): MESSAGE_EXCEPTIONS["2.5.1", "UpdatePerson"],
}
"""By version, and what is in the segment."""


def hl7apy_accepts(payload: bytes) -> bool:
    message = hl7apy.parser.parse_message(payload.decode(), VALIDATION_LEVEL.STRICT, find_groups=True)
    accepted: bool = message.validate()
    return accepted


def hl7apy_accepts_segment(segment: bytes, version: str) -> bool:
    parsed = hl7apy.parser.parse_segment(segment.decode(), version, validation_level=VALIDATION_LEVEL.STRICT)
    accepted: bool = parsed.validate()
    return accepted


@pytest.mark.parametrize(("version", "name"), [case for case in CASES if case not in MESSAGE_EXCEPTIONS])
def test_hl7apy_accepts_a_message(version: str, name: str) -> None:
    assert hl7apy_accepts(emitted(version, name))


@pytest.mark.parametrize(("version", "name"), MESSAGE_EXCEPTIONS)
def test_an_exception_for_a_message_is_still_needed(version: str, name: str) -> None:
    complaint, _reason = MESSAGE_EXCEPTIONS[version, name]
    with pytest.raises((HL7apyException, ValueError), match=complaint):
        hl7apy_accepts(emitted(version, name))


@pytest.mark.parametrize(("name", "structure"), [*ADT_STRUCTURES_2_3_1.items(), (ACCEPTED, "ACK"), (REFUSED, "ACK")])
def test_hl7apy_accepts_2_3_1_once_it_is_told_the_structure(name: str, structure: str) -> None:
    payload = emitted("2.3.1", name)
    kind = payload.split(b"|")[8]
    assert hl7apy_accepts(payload.replace(kind, kind + b"^" + structure.encode(), 1))


@pytest.mark.parametrize(("version", "name"), CASES)
def test_hl7apy_accepts_each_segment_unless_there_is_an_exception(version: str, name: str) -> None:
    for segment in segments_of(version, name):
        exception = _exception_of(version, segment)
        if exception is None:
            assert hl7apy_accepts_segment(segment, version), segment[:3]
        else:
            with pytest.raises((HL7apyException, ValueError), match=SEGMENT_EXCEPTIONS[exception][0]):
                hl7apy_accepts_segment(segment, version)


def _exception_of(version: str, segment: bytes) -> tuple[str, bytes] | None:
    return next((case for case in SEGMENT_EXCEPTIONS if case[0] == version and case[1] in segment), None)


def test_each_exception_for_a_segment_is_met() -> None:
    met = {_exception_of(version, segment) for version, name in CASES for segment in segments_of(version, name)}
    assert met == {None, *SEGMENT_EXCEPTIONS}


def test_hl7apy_refuses_a_mutated_message() -> None:
    """A judge that accepts anything would be none."""
    segments = segments_of("2.5.1", "RegisterPatient")
    with pytest.raises(HL7apyException):
        hl7apy_accepts(b"\r".join(segments[:-1]) + b"\r")
    with pytest.raises(HL7apyException):
        hl7apy_accepts_segment(b"PID|1||MRN-1^^^HOSPITAL", "2.5.1")

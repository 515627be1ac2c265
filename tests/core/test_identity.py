"""Identifiers: functions of what they name, within the lengths of their value representations."""

import re
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.identity import AccessionFormat, accession_number, control_id, digest, procedure_id, uid
from emulators.messages import canonical

placer_order_numbers = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=22)
occurrences = st.integers(1, 100)


def test_identifiers_are_the_same_in_every_process_and_release() -> None:
    """Fixed values: a change of any of them gives every stored run other identifiers."""
    assert uid("study", "P1") == "2.25.152432241547499310721947196176607331268"
    assert accession_number("P1") == "AZ0XVRY200"
    assert digest(32, "station", "A1") == 849339160


@given(st.text(max_size=10), placer_order_numbers, occurrences)
def test_a_uid_is_a_uid_of_a_name_based_uuid(purpose: str, subject: str, occurrence: int) -> None:
    found = uid(purpose, subject, occurrence)
    assert canonical.uid(found, "uid") == found
    assert len(found) <= 44
    named = UUID(int=int(found.removeprefix("2.25.")))
    assert named.variant == RFC_4122
    assert named.version == 8


@given(placer_order_numbers, occurrences)
def test_accession_numbers_and_what_follows_from_them_fit_their_attributes(placer: str, occurrence: int) -> None:
    accession = accession_number(placer, occurrence)
    assert re.fullmatch("A[0-9A-HJKMNP-TV-Z]{9}", accession)
    assert len(procedure_id("R", accession)) == 11
    assert procedure_id("R", accession) != procedure_id("S", accession)
    assert len(control_id(placer, "NW", occurrence)) <= 20


def test_different_purposes_subjects_and_occurrences_have_different_identifiers() -> None:
    subjects = [f"P{number:07d}" for number in range(200)]
    uids = {uid(purpose, subject, n) for purpose in ("study", "step") for subject in subjects for n in (1, 2)}
    assert len(uids) == 800
    accessions = {accession_number(subject, n) for subject in subjects for n in (1, 2)}
    assert len(accessions) == 400
    controls = {control_id(subject, purpose, n) for subject in subjects for purpose in ("NW", "SC") for n in (1, 2)}
    assert len(controls) == 800


@given(st.integers(1, 128), st.lists(st.text() | st.integers()))
def test_a_digest_has_as_many_bits_as_were_asked_for(bits: int, parts: list[object]) -> None:
    found = digest(bits, *parts)
    assert 0 <= found < 2**bits
    assert found == digest(bits, *parts)


def test_a_long_placer_number_never_costs_a_control_id_its_purpose() -> None:
    long = "P" * 22
    assert len({control_id(long, purpose) for purpose in ("NW", "SC", "IP", "CM")}) == 4
    assert all(len(control_id(long, purpose)) <= 20 for purpose in ("NW", "SC"))


# --- the format of accession numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("A{base32:9}", "A[0-9A-HJKMNP-TV-Z]{9}"),
        ("{digits:6}", "[0-9]{6}"),
        ("{digits:16}", "[0-9]{16}"),
        ("{base32:16}", "[0-9A-HJKMNP-TV-Z]{16}"),
        ("RAD-{digits:8}", "RAD-[0-9]{8}"),
        ("ct.{digits:6}/2026", "ct[.][0-9]{6}/2026"),
    ],
)
@given(placer=placer_order_numbers, occurrence=occurrences)
def test_accession_numbers_are_written_as_the_site_wants_them(
    template: str, pattern: str, placer: str, occurrence: int
) -> None:
    number = AccessionFormat(template).number(placer, occurrence)
    assert re.fullmatch(pattern, number)
    assert number == AccessionFormat(template).number(placer, occurrence)
    for purpose in ("R", "S"):
        ids = {procedure_id(purpose, number, step) for step in (1, 2, 99)}
        assert len(ids) == 3
        assert all(canonical.text(one, 16, "id") == one for one in ids)


def test_every_format_has_room_for_a_million_numbers() -> None:
    for template in ("{digits:6}", "{base32:4}"):
        shape = AccessionFormat(template)
        assert len({shape.number(f"P{number}") for number in range(1000)}) > 990
        assert shape.number("P1", 1) != shape.number("P1", 2)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("", "around one"),
        ("A123", "around one"),
        ("{digits}", "around one"),
        ("{letters:8}", "around one"),
        ("{digits:8}{digits:8}", "around one"),
        (" {digits:8}", "around one"),
        ("A^{digits:8}", "around one"),
        ("Å{digits:8}", "around one"),
        ("A*{digits:8}", "around one"),
        ("A\\{digits:8}", "around one"),
        ("{digits:8}\n", "around one"),
        ("{digits:17}", "more than 16"),
        ("HOSPITAL-{base32:9}", "more than 16"),
        ("{digits:5}", "fewer than a million"),
        ("{base32:3}", "fewer than a million"),
        ("{digits:0}", "fewer than a million"),
    ],
)
def test_a_format_that_could_not_be_kept_is_refused(template: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        AccessionFormat(template)


def test_procedure_ids_of_two_long_accession_numbers_differ() -> None:
    shape = AccessionFormat("{digits:16}")
    numbers = [shape.number(f"P{number}") for number in range(200)]
    assert len({procedure_id("R", number) for number in numbers}) == 200

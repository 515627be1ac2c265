"""Identifiers: functions of what they name, within the lengths of their value representations."""

import re
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from emulators.core.identity import accession_number, control_id, digest, procedure_id, uid
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
    assert len(procedure_id("R", accession)) == 10
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

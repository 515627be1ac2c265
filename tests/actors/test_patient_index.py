"""Who is who: updates, merges in every order, and two authorities with the same numbers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.patient_index import PatientIndex
from emulators.messages.adt import MergePatients, PatientMessage
from emulators.messages.common import NOBODY, Patient, PersonName
from tests.actors.samples import merge_patients, register_patient, update_patient


def patient(number: str, issuer: str = "RADLOOP") -> Patient:
    return Patient(number, issuer, PersonName(f"Family {number}", issuer.title()), "19700101", "F")


A, B, C, D = (patient(number) for number in "ABCD")


def merge(prior: Patient, into: Patient) -> MergePatients:
    return merge_patients(prior=prior, patient=into)


def index(*messages: PatientMessage | MergePatients) -> PatientIndex:
    found = PatientIndex()
    for message in messages:
        found.take(message)
    return found


def owners(found: PatientIndex, *patients: Patient) -> str:
    """Whose each of these is now, by number."""
    return "".join(found.resolved(one).patient_id for one in patients)


# --- descriptions ------------------------------------------------------------------------------------------------------


def test_a_patient_is_as_adt_last_described_them() -> None:
    married = replace(A, name=PersonName("Smith"))
    assert index(register_patient(A), update_patient(married)).resolved(A) == married


def test_who_was_never_described_stays_as_others_name_them() -> None:
    assert index(register_patient(B)).resolved(A) == A


def test_what_a_message_leaves_out_stays_and_what_it_deletes_goes() -> None:
    silent = replace(A, name=NOBODY, birth_date="", sex="")
    assert index(register_patient(A), update_patient(silent)).resolved(A) == A
    deleting = update_patient(replace(A, sex=""), deleted=("sex",))
    assert index(register_patient(A), deleting).resolved(A) == replace(A, sex="")


# --- issuers -----------------------------------------------------------------------------------------------------------


def test_the_same_number_of_another_authority_is_another_patient() -> None:
    elsewhere = patient("A", "ELSEWHERE")
    found = index(register_patient(A), register_patient(elsewhere))
    assert found.resolved(A) == A
    assert found.resolved(elsewhere) == elsewhere
    assert not found.same(A, elsewhere)


def test_an_issuer_that_is_not_said_is_that_of_the_one_patient_with_the_number() -> None:
    unsaid = replace(A, issuer="", name=NOBODY)
    assert index(register_patient(A)).resolved(unsaid) == A
    assert index(register_patient(A)).same(A, unsaid)
    assert index(register_patient(A), update_patient(replace(unsaid, name=PersonName("Smith")))).resolved(A).issuer == "RADLOOP"


def test_a_patient_first_known_without_an_authority_is_that_of_the_first_one_said_and_of_no_other() -> None:
    unsaid, elsewhere = replace(A, issuer=""), patient("A", "ELSEWHERE")
    found = index(register_patient(unsaid), register_patient(A), register_patient(elsewhere))
    assert (found.resolved(A), found.resolved(elsewhere)) == (A, elsewhere)
    assert not found.same(A, elsewhere)


def test_a_merge_follows_a_patient_whose_authority_is_said_later() -> None:
    unsaid, prior = replace(A, issuer=""), replace(B, issuer="")
    elsewhere = register_patient(patient("A", "ELSEWHERE"))
    found = index(register_patient(unsaid), merge(prior, unsaid), update_patient(A), elsewhere)
    assert found.resolved(prior) == found.resolved(A) == A


def test_an_issuer_that_is_not_said_is_nobodys_where_two_have_the_number() -> None:
    unsaid = replace(A, issuer="", name=NOBODY)
    assert index(register_patient(A), register_patient(patient("A", "ELSEWHERE"))).resolved(unsaid) == unsaid


def test_a_merge_says_nothing_of_the_same_number_of_another_authority() -> None:
    elsewhere = patient("B", "ELSEWHERE")
    found = index(register_patient(elsewhere), merge(B, A))
    assert found.resolved(elsewhere) == elsewhere


# --- merges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([register_patient(A), register_patient(B), merge(B, A)], "AA"),
        ([merge(B, A)], "AA"),  # neither was known
        ([merge(B, A), merge(B, A)], "AA"),  # repeated
        ([merge(B, A), merge(A, B)], "BB"),  # the inverse
        ([merge(B, A), merge(A, B), merge(A, B)], "BB"),  # and repeated
        ([merge(B, A), merge(A, B), merge(B, A)], "AA"),  # and back
        ([merge(A, A)], "AB"),  # into itself
    ],
)
def test_merges_of_two(messages: list[PatientMessage | MergePatients], expected: str) -> None:
    """hl7.adt.merge.1 and .3."""
    assert owners(index(*messages), A, B) == expected


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([merge(B, A), merge(A, C)], "CCC"),  # a chain
        ([merge(A, C), merge(B, A)], "CCC"),  # in the other order
        ([merge(B, A), merge(A, C), merge(B, A)], "CCC"),  # its first merge again, late
        ([merge(B, A), merge(C, A)], "AAA"),  # two into one
        ([merge(B, A), merge(B, C)], "AAC"),  # B is over already
    ],
)
def test_merges_of_three(messages: list[MergePatients], expected: str) -> None:
    assert owners(index(*messages), A, B, C) == expected


def test_the_survivor_is_as_the_merge_describes_them_and_keeps_what_that_leaves_out() -> None:
    assert index(merge(B, A)).resolved(B) == A
    silent = replace(A, birth_date="")
    assert index(register_patient(A), merge(B, silent)).resolved(B) == A


def test_what_is_said_of_an_id_that_is_over_changes_nobody() -> None:
    """hl7.adt.merge.4: an update, or an admission, under the merged ID."""
    late = update_patient(replace(B, name=PersonName("Late")))
    found = index(register_patient(A), merge(B, A), late)
    assert found.resolved(A) == found.resolved(B) == A


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD")), max_size=12))
def test_whatever_is_merged_everybody_has_one_owner_who_is_in_use(pairs: list[tuple[str, str]]) -> None:
    found = index(*(merge(patient(prior), patient(into)) for prior, into in pairs))
    for one in (A, B, C, D):
        owner = found.resolved(one)
        assert found.resolved(owner) == owner
        assert found.same(one, owner)

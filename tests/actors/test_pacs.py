"""The PACS: what it admits and when it shows it, reconciliation, commitment, query, retrieve, steps and reports."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.pacs import Pacs
from emulators.core.effect import Effect
from emulators.core.identity import accession_number, uid
from emulators.messages.common import SUCCESS, Patient, PersonName
from emulators.messages.imaging import (
    NO_INSTANCES,
    Admission,
    ArchivedStudy,
    CommitRequest,
    CommitResult,
    InstanceSet,
    InstancesStored,
    StoreStudy,
    StudyHeader,
    from_uids,
)
from emulators.messages.query import FindStudies, MovePlan, MoveResult, MoveStudy, StudyMatch
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    MPPS,
    NOW,
    PATIENT,
    PROCEDURE,
    SERIES,
    SOMEBODY_ELSE,
    STUDY,
    answer,
    ask,
    images,
    notes,
    only_send,
    register_patient,
    report,
    schedule_procedure,
    sends,
    step_ended,
    step_started,
    stored,
    tell,
)


def pacs(*messages: object) -> Pacs:
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"})
    for message in messages:
        ask(actor, message, "ris")
    return actor


def archive(actor: Pacs, header: StudyHeader = HEADER, count: int = 4) -> list[Effect]:
    """A study comes: its header is admitted, then the archive tells of one batch."""
    admission, effects = ask(actor, header, "ct1")
    assert admission == Admission()
    assert effects == []
    study = header.study_instance_uid
    return tell(actor, stored(InstanceSet(f"{study}.1", 1, count), study))


def states(effects: list[Effect]) -> list[tuple[str, str]]:
    """Study and state of each note of reconciliation."""
    return [(subject, str(fields["state"])) for name, subject, fields in notes(effects) if name == "study reconciled"]


# --- reconciliation ----------------------------------------------------------------------------------------------------


def test_a_study_of_an_announced_order_is_matched() -> None:
    effects = archive(pacs(register_patient(), schedule_procedure()))
    assert notes(effects) == [("study reconciled", STUDY, {"mrn": "M1", "accession": ACCESSION, "state": "matched"})]


def test_a_study_without_an_order_is_an_orphan() -> None:
    assert states(archive(pacs(register_patient()))) == [(STUDY, "orphan")]


@pytest.mark.parametrize("header", [replace(HEADER, patient=SOMEBODY_ELSE), replace(HEADER, study_instance_uid="1.2.3")])
def test_a_study_that_does_not_fit_its_order_is_held(header: StudyHeader) -> None:
    assert states(archive(pacs(schedule_procedure()), header)) == [(header.study_instance_uid, "held")]


def test_an_orphan_is_matched_when_its_order_comes_later() -> None:
    actor = pacs()
    archive(actor)
    acknowledgement, effects = ask(actor, schedule_procedure(), "ris")
    assert acknowledgement.code == "AA"
    assert states(effects) == [(STUDY, "matched")]


def test_an_orphan_is_held_when_an_order_for_somebody_else_comes_later_and_matched_when_it_is_corrected() -> None:
    actor = pacs()
    archive(actor)
    wrong = schedule_procedure(patient=SOMEBODY_ELSE)
    assert states(ask(actor, wrong, "ris")[1]) == [(STUDY, "held")]
    assert states(ask(actor, schedule_procedure(control_id="C2"), "ris")[1]) == [(STUDY, "matched")]


def test_a_state_that_stays_is_not_noted_again() -> None:
    actor = pacs()
    archive(actor)
    wrong = schedule_procedure(patient=SOMEBODY_ELSE)
    assert states(ask(actor, wrong, "ris")[1]) == [(STUDY, "held")]
    assert ask(actor, replace(wrong, control_id="C2"), "ris")[1] == []
    assert ask(actor, register_patient(), "ris")[1] == []


def test_a_matched_study_stays_matched() -> None:
    actor = pacs(schedule_procedure())
    archive(actor)
    assert ask(actor, schedule_procedure(patient=SOMEBODY_ELSE, control_id="C2"), "ris")[1] == []
    assert ask(actor, register_patient(), "ris")[1] == []


def test_a_study_is_judged_when_its_first_batch_is_on_disk_and_once() -> None:
    actor = pacs(schedule_procedure())
    assert ask(actor, HEADER, "ct1") == (Admission(), [])
    assert states(tell(actor, stored(images(1, 2)))) == [(STUDY, "matched")]
    assert tell(actor, stored(images(3, 4))) == []


def test_an_order_that_comes_between_header_and_first_batch_is_heeded_once() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert ask(actor, schedule_procedure(), "ris")[1] == []
    assert states(tell(actor, stored(images(1, 4)))) == [(STUDY, "matched")]


@pytest.mark.parametrize("order", list(permutations(("patient", "order", "images"))))
def test_whatever_comes_first_the_study_ends_matched(order: tuple[str, ...]) -> None:
    actor = pacs()
    seen: list[tuple[str, str]] = []
    for what in order:
        if what == "images":
            seen += states(archive(actor))
        else:
            message = register_patient() if what == "patient" else schedule_procedure()
            seen += states(ask(actor, message, "ris")[1])
    assert seen[-1] == (STUDY, "matched")


def test_an_earlier_study_is_found_and_needs_no_order() -> None:
    actor = pacs()
    assert tell(actor, ArchivedStudy(HEADER, stored(images(1, 4)))) == []
    assert [match.study_instance_uid for match in ask(actor, FindStudies())[0].studies] == [STUDY]
    assert ask(actor, schedule_procedure(patient=SOMEBODY_ELSE), "ris")[1] == []


def test_an_earlier_study_may_have_several_series() -> None:
    actor = pacs()
    for series in (1, 2):
        tell(actor, ArchivedStudy(HEADER, stored(InstanceSet(f"{STUDY}.{series}", 1, 3))))
    (match,) = ask(actor, FindStudies())[0].studies
    assert match.instances == 6


# --- commitment --------------------------------------------------------------------------------------------------------


def commit(actor: Pacs, asked: InstanceSet, transaction: str = "1.2.3") -> CommitResult:
    status, effects = ask(actor, CommitRequest(transaction, CT_IMAGE_STORAGE, asked), "ct1")
    assert status == SUCCESS
    send = only_send(effects, CommitResult)
    assert send.to == "ct1"
    answer(actor, send, SUCCESS)
    result: CommitResult = send.message
    assert (result.transaction_uid, result.sop_class_uid) == (transaction, CT_IMAGE_STORAGE)
    return result


def test_what_is_on_disk_is_committed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(1, 4))
    assert (result.committed, result.failed) == (images(1, 4), NO_INSTANCES)


def test_what_is_not_on_disk_is_named_as_failed() -> None:
    actor = pacs()
    archive(actor)
    result = commit(actor, images(3, 6))
    assert (result.committed, result.failed) == (images(3, 4), images(5, 6))
    unknown = InstanceSet("9.9", 1, 2)
    result = commit(actor, unknown, "1.2.4")
    assert (result.committed, result.failed) == (NO_INSTANCES, unknown)


def test_what_was_admitted_but_never_told_is_not_committed() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert commit(actor, images(1, 4)).failed == images(1, 4)


def test_images_that_came_in_two_batches_are_committed_together() -> None:
    actor = pacs()
    archive(actor, count=2)
    tell(actor, stored(images(3, 4)))
    assert commit(actor, images(1, 4)).committed == images(1, 4)


def test_images_of_a_product_that_do_not_lie_below_their_series_are_committed() -> None:
    actor = pacs()
    tell(
        actor,
        ArchivedStudy(HEADER, InstancesStored(STUDY, "1.2.777", CT_IMAGE_STORAGE, from_uids(["1.9.1", "1.9.7"]), 0, 0, 1)),
    )
    assert commit(actor, from_uids(["1.9.1", "1.9.7", "1.9.8"])).failed == from_uids(["1.9.8"])


def test_a_request_whose_result_could_not_be_sent_is_not_authorized() -> None:
    actor = Pacs("pacs", CLOCK, {}, told_results=frozenset(("ct1",)))
    archive(actor)
    status, effects = ask(actor, CommitRequest("1.2.3", CT_IMAGE_STORAGE, images(1, 4)), "a stranger")
    assert (status.code, effects) == (0x0124, [])
    assert commit(actor, images(1, 4)).committed == images(1, 4)


def test_a_repeated_transaction_is_answered_and_reported_once() -> None:
    actor = pacs()
    archive(actor)
    commit(actor, images(1, 4))
    assert ask(actor, CommitRequest("1.2.3", CT_IMAGE_STORAGE, images(1, 4)), "ct1") == (SUCCESS, [])


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8, unique=True), st.integers(1, 12))
def test_every_image_asked_for_is_either_committed_or_failed(numbers: list[int], held: int) -> None:
    actor = pacs()
    archive(actor, count=held)
    result = commit(actor, from_uids(f"{SERIES}.{number}" for number in numbers))
    assert set(result.committed) == {f"{SERIES}.{number}" for number in numbers if number <= held}
    assert set(result.failed) == {f"{SERIES}.{number}" for number in numbers if number > held}


# --- query -------------------------------------------------------------------------------------------------------------


def header(number: int, patient: Patient = PATIENT, study_at: str = NOW, modality: str = "CT") -> StudyHeader:
    placer = f"P{number}"
    return StudyHeader(patient, accession_number(placer), uid("study", placer), study_at, modality, f"Exam {number}")


OLD = header(10, study_at="20240501100000")
LAST_YEAR = header(11, study_at="20250501100000", modality="MR")
TODAY = header(12)
OTHERS = header(13, patient=SOMEBODY_ELSE)


def full_pacs() -> Pacs:
    actor = pacs()
    for number, filed in enumerate((LAST_YEAR, OTHERS, OLD, TODAY), start=1):
        archive(actor, filed, count=number)
    return actor


def found(actor: Pacs, query: FindStudies) -> list[str]:
    answered, effects = ask(actor, query, "workstation")
    assert answered.status == 0x0000
    assert effects == []
    return [match.description for match in answered.studies]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (FindStudies(patient_id="M1"), ["Exam 12", "Exam 11", "Exam 10"]),
        (FindStudies(patient_id="M2"), ["Exam 13"]),
        (FindStudies(patient_id="M9"), []),
        (FindStudies(accession_number=OLD.accession_number), ["Exam 10"]),
        (FindStudies(accession_number="A999"), []),
        (FindStudies(study_instance_uid=TODAY.study_instance_uid), ["Exam 12"]),
        (FindStudies(study_instance_uid="1.2.3"), []),
        (FindStudies(modality="MR"), ["Exam 11"]),
        (FindStudies(study_date="20240501"), ["Exam 10"]),
        (FindStudies(patient_id="M1", study_date="20250101-"), ["Exam 12", "Exam 11"]),
        (FindStudies(study_date="-20241231"), ["Exam 10"]),
        (FindStudies(patient_id="M2", accession_number=OLD.accession_number), []),
        (FindStudies(accession_number=OLD.accession_number, study_instance_uid=TODAY.study_instance_uid), []),
        (FindStudies(patient_id="M1", modality="MR", study_date="20250501"), ["Exam 11"]),
    ],
)
def test_a_key_finds_the_studies_that_it_should_newest_first(query: FindStudies, expected: list[str]) -> None:
    assert found(full_pacs(), query) == expected


def test_an_empty_query_finds_every_study() -> None:
    assert sorted(found(full_pacs(), FindStudies())) == ["Exam 10", "Exam 11", "Exam 12", "Exam 13"]


def test_a_match_says_what_the_archive_knows_of_the_study() -> None:
    actor = pacs()
    archive(actor)
    tell(actor, stored(images(5, 6)))
    (match,) = ask(actor, FindStudies(patient_id="M1"))[0].studies
    assert match == StudyMatch(PATIENT, STUDY, ACCESSION, NOW, "CT", PROCEDURE.meaning, 6)


def test_images_that_came_twice_are_counted_once() -> None:
    actor = pacs()
    archive(actor)
    tell(actor, stored(images(3, 4)))
    assert ask(actor, FindStudies())[0].studies[0].instances == 4


def test_a_study_is_found_when_a_batch_of_it_was_told_and_not_before() -> None:
    actor = pacs()
    ask(actor, HEADER, "ct1")
    assert found(actor, FindStudies(patient_id="M1")) == []
    assert found(actor, FindStudies(study_instance_uid=STUDY)) == []
    tell(actor, stored(images(1, 1)))
    assert found(actor, FindStudies(patient_id="M1")) == [PROCEDURE.meaning]


def test_a_matched_study_bears_the_name_of_the_order_and_not_of_its_images() -> None:
    misspelt = replace(PATIENT, name=PersonName("Deo", "Jane"))
    actor = pacs(schedule_procedure())
    archive(actor, replace(HEADER, patient=misspelt))
    (match,) = ask(actor, FindStudies(patient_id="M1"))[0].studies
    assert match.patient == PATIENT


def test_a_study_of_a_registered_patient_bears_the_registered_name() -> None:
    misspelt = replace(PATIENT, name=PersonName("Deo", "Jane"))
    actor = pacs(register_patient())
    archive(actor, replace(HEADER, patient=misspelt))
    assert ask(actor, FindStudies())[0].studies[0].patient == PATIENT


# --- retrieve ----------------------------------------------------------------------------------------------------------


def test_a_move_is_a_plan_of_all_series_to_the_system_of_that_title() -> None:
    actor = pacs()
    archive(actor)
    tell(actor, stored(InstanceSet(f"{STUDY}.2", 1, 2)))
    plan, effects = ask(actor, MoveStudy(STUDY, "RADWS"), "workstation")
    assert plan == MovePlan(
        "workstation",
        (
            StoreStudy(HEADER, SERIES, CT_IMAGE_STORAGE, images(1, 4), 1_000),
            StoreStudy(HEADER, f"{STUDY}.2", CT_IMAGE_STORAGE, InstanceSet(f"{STUDY}.2", 1, 2), 1_000),
        ),
    )
    assert effects == []


def test_a_move_to_an_unknown_destination_fails_with_a801() -> None:
    """PS3.4 Table C.4-2."""
    actor = pacs()
    archive(actor)
    assert ask(actor, MoveStudy(STUDY, "RADWS2"), "workstation") == (MoveResult(0, 0, 0, 0xA801), [])


def test_a_move_of_an_unknown_study_moves_nothing_and_succeeds() -> None:
    assert ask(pacs(), MoveStudy("1.2.3", "RADWS"), "workstation") == (MoveResult(0, 0, 0), [])


# --- steps and reports -------------------------------------------------------------------------------------------------


def test_steps_are_taken_once() -> None:
    actor = pacs()
    assert ask(actor, step_started(), "ris") == (SUCCESS, [])
    assert ask(actor, step_started(), "ris")[0].code == 0x0111
    assert ask(actor, step_ended(), "ris") == (SUCCESS, [])


def test_the_end_of_a_step_is_taken_once() -> None:
    actor = pacs()
    ask(actor, step_started(), "ris")
    assert ask(actor, step_ended(), "ris")[0] == SUCCESS
    assert ask(actor, step_ended(), "ris")[0].code == 0x0110


def test_the_end_of_a_step_that_was_never_created_names_no_instance() -> None:
    assert ask(pacs(step_started(mpps_uid="1.2.3")), step_ended(MPPS), "ris")[0].code == 0x0112


@pytest.mark.parametrize("messages", [(report("P"), report("F")), (report("F"), report("P"))])
def test_reports_are_taken_in_any_order_also_before_their_study(messages: tuple[object, ...]) -> None:
    actor = pacs()
    for message in messages:
        acknowledgement, effects = ask(actor, message)
        assert acknowledgement.code == "AA"
        assert sends(effects) == []

"""The modality: worklist, step, images and commitment, and what it does when any of them does not come about."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from emulators.actors.exam import own_study
from emulators.actors.modality import COMMIT_LIMIT_US, RESEND_AFTER_US, UNSPECIFIED, CommitmentPolicy, Modality
from emulators.core.effect import Effect, Send
from emulators.core.errors import LocalProtocolError
from emulators.core.event import OutcomeKind
from emulators.core.identity import accession_number, uid
from emulators.core.instant import MINUTE, SECOND
from emulators.messages.attributes import Attributes
from emulators.messages.common import NOBODY, SUCCESS, Code, Patient, PersonName, Status
from emulators.messages.imaging import (
    NO_INSTANCES,
    CommitRequest,
    CommitResult,
    ImageContext,
    InstanceSet,
    PerformedSeries,
    Referenced,
    ScheduledReference,
    StepEnded,
    StepStarted,
    StoreResult,
    StoreStudy,
    StudyHeader,
)
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery, query_for_all_keys
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    MPPS,
    NOW,
    PATIENT,
    PROCEDURE,
    PROTOCOL,
    SERIES,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    WRONG_ENTRY,
    answer,
    ask,
    cancelled,
    end,
    images,
    note_names,
    notes,
    only_send,
    reference,
    scheduled,
    sends,
    sent,
    step_started,
    timers,
    touch,
    wake,
    worklist_item,
)

ITEM = worklist_item()
OTHER_ITEM = worklist_item("P2")
OTHER = accession_number("P2")
FORM_HEADER = replace(
    HEADER, study_id=scheduled().requested_procedure_id, referring_physician=VISIT.referring_physician, body_part="CHEST"
)
TYPED: dict[str, Any] = {
    "patient": replace(PATIENT, name=PersonName("Dow", "Jane")),
    "accession": "",
    "modality": "CT",
    "description": "CT head",
    "body_part": "HEAD",
}
OWN_STUDY = uid("unscheduled study", f"CT1/{ACCESSION}")


class CtImages:
    """What a CT knows of its images."""

    def sop_class_uid(self, modality: str) -> str:
        assert modality == "CT"
        return CT_IMAGE_STORAGE

    def nominal_bytes(self, modality: str) -> int:
        assert modality == "CT"
        return 500_000


class Scanner:
    """A modality with the sends that are open, so that a test can answer them by type."""

    def __init__(self, commitment: CommitmentPolicy | None = None) -> None:
        self.actor = Modality("ct1", CLOCK, "CT1", "ris", "pacs", CtImages(), commitment=commitment)
        self.open: list[Send] = []

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    def under_way(self, message: type) -> Send:
        return only_send(self.open, message)

    def touch(self, stimulus: str, now: int = 0, **data: Any) -> Sequence[Effect]:
        return self.keep(touch(self.actor, stimulus, now, **{"subject": ACCESSION, **data}))

    def answer(self, message: type, with_what: object, now: int = 0) -> Sequence[Effect]:
        return self.end(message, OutcomeKind.ANSWERED, with_what, now)

    def end(self, message: type, kind: OutcomeKind, with_what: object = None, now: int = 0) -> Sequence[Effect]:
        send = self.under_way(message)
        self.open.remove(send)
        return self.keep(end(self.actor, send, kind, with_what, now))

    def wake(self, key: str, now: int = 0) -> Sequence[Effect]:
        return self.keep(wake(self.actor, key, now))

    def result(self, committed: InstanceSet, failed: InstanceSet = NO_INSTANCES, transaction: int = 1) -> Sequence[Effect]:
        """A commitment result comes; it is answered with success."""
        message = CommitResult(uid("transaction", MPPS, transaction), referenced(committed), referenced(failed, 0x0112))
        status, effects = ask(self.actor, message, "pacs")
        assert status == SUCCESS
        return self.keep(effects)


def referenced(instances: InstanceSet, reason: int = 0) -> tuple[Referenced, ...]:
    return (Referenced(CT_IMAGE_STORAGE, instances, reason),) if instances else ()


def performed(instances: InstanceSet, protocol: str = PROTOCOL.meaning, series: str = SERIES) -> PerformedSeries:
    return PerformedSeries(series, CT_IMAGE_STORAGE, protocol, instances)


def lay_on_table(scanner: Scanner, now: int = 0, **data: Any) -> Sequence[Effect]:
    return scanner.touch("patient on table", now, **{"modality": "CT", "body_part": "CHEST", **data})


def find(scanner: Scanner, *items: Attributes, status: int = 0) -> Sequence[Effect]:
    return scanner.answer(WorklistQuery, WorklistItems(items, status))


def performing(*others: Attributes, **data: Any) -> Scanner:
    scanner = Scanner()
    lay_on_table(scanner, **data)
    find(scanner, ITEM, *others)
    scanner.answer(StepStarted, SUCCESS)
    return scanner


def sending(count: int = 4) -> Scanner:
    scanner = performing()
    scanner.touch("images acquired", instances=count)
    return scanner


def committing(count: int = 4) -> Scanner:
    scanner = sending(count)
    scanner.answer(StoreStudy, StoreResult(stored=images(1, count)))
    scanner.answer(StepEnded, SUCCESS)
    scanner.answer(CommitRequest, SUCCESS)
    return scanner


def done(count: int = 4) -> Scanner:
    scanner = committing(count)
    scanner.result(images(1, count))
    return scanner


# --- worklist ----------------------------------------------------------------------------------------------------------


def test_the_query_is_for_this_scanners_list_since_yesterday_with_all_keys() -> None:
    send = only_send(lay_on_table(Scanner()), WorklistQuery)
    assert send.to == "ris"
    assert send.message == query_for_all_keys(
        {
            "ScheduledStationAETitle": "CT1",
            "ScheduledProcedureStepStartDate": "20260301-20260302",
            "Modality": "CT",
        }
    )


def test_a_patient_who_is_put_on_the_table_again_is_not_asked_for_twice() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    assert list(lay_on_table(scanner)) == []  # while the question is open
    find(scanner, OTHER_ITEM, ITEM)
    assert list(lay_on_table(scanner)) == []  # while the exam goes on


def test_the_item_of_the_request_form_is_picked_from_the_list() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM, ITEM)
    assert only_send(effects, StepStarted).message.accession_number == ACCESSION


def test_another_entry_can_be_picked_and_is_then_the_exam_of_the_form() -> None:
    scanner = Scanner()
    lay_on_table(scanner, picked=OTHER)
    effects = find(scanner, ITEM, worklist_item("P2", SOMEBODY_ELSE))
    message = only_send(effects, StepStarted).message
    assert (message.patient, message.scheduled) == (SOMEBODY_ELSE, (reference("P2"),))
    assert [(subject, fields["accession"]) for _, subject, fields in notes(effects)] == [(ACCESSION, OTHER)]


def test_a_patient_who_is_not_on_the_list_is_noted_and_may_be_asked_for_again() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM)
    assert notes(effects) == [("worklist item missing", ACCESSION, {"station": "CT1", "reason": "not on the list"})]
    assert sends(effects) == []
    assert sent(lay_on_table(scanner)) == [("ris", "WorklistQuery")]


def test_two_patients_may_be_asked_for_at_once() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = lay_on_table(scanner, subject=OTHER)
    (second,) = sends(effects)
    both = WorklistItems((ITEM, OTHER_ITEM))
    started = only_send(answer(scanner.actor, second, both), StepStarted)
    assert started.message.accession_number == OTHER


@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED, OutcomeKind.UNKNOWN])
def test_a_worklist_that_does_not_answer_is_noted_at_each_try_and_asked_again_by_the_person(kind: OutcomeKind) -> None:
    scanner = Scanner()
    for _ in range(2):
        assert sent(lay_on_table(scanner)) == [("ris", "WorklistQuery")]
        effects = scanner.end(WorklistQuery, kind)
        reason = {"station": "CT1", "reason": kind.value}
        assert notes(effects) == [("worklist did not answer", ACCESSION, reason)]
        assert len(effects) == 1
    lay_on_table(scanner)
    assert note_names(find(scanner, ITEM)) == ["exam started"]


def test_an_entry_is_picked_from_a_list_that_ends_with_a_failure() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    assert note_names(find(scanner, ITEM, status=0xC001)) == ["exam started"]


def test_an_entry_that_is_not_on_a_list_that_ends_with_a_failure_may_still_be_there() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, OTHER_ITEM, status=0xA700)
    assert notes(effects) == [("worklist did not answer", ACCESSION, {"station": "CT1", "reason": "A700H"})]


UNREADABLE: dict[str, Any] = {
    "PatientID": "M" * 65,
    "StudyInstanceUID": "1.02",
    "RequestedProcedureID": "R" * 17,
    "ReferringPhysicianName": "G" * 65,
}


@pytest.mark.parametrize("keyword", UNREADABLE)
def test_an_entry_that_cannot_be_read_is_not_started_and_spoils_no_other(keyword: str) -> None:
    broken = ITEM.with_values({keyword: UNREADABLE[keyword]})
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, broken, OTHER_ITEM)
    assert notes(effects) == [("worklist item missing", ACCESSION, {"station": "CT1", "reason": "cannot be read"})]
    lay_on_table(scanner, subject=OTHER)
    assert note_names(find(scanner, broken, OTHER_ITEM)) == ["exam started"]


def test_an_entry_of_another_maker_is_started_with_what_it_says() -> None:
    """No Study Instance UID and no step: the study is the scanner's own."""
    bare = ITEM.without(("StudyInstanceUID", "ReferringPhysicianName", "RequestedProcedureCodeSequence", STEPS))
    scanner = Scanner()
    lay_on_table(scanner)
    message = only_send(find(scanner, bare), StepStarted).message
    assert (message.study_instance_uid, message.description, message.modality) == (OWN_STUDY, PROCEDURE.meaning, "CT")


def test_a_study_uid_with_no_room_for_numbers_below_it_has_series_of_their_own() -> None:
    long_study = "1.2.826.0.1." + "1" * 52
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM.with_values({"StudyInstanceUID": long_study}))
    message = only_send(scanner.touch("images acquired", instances=99_999), StoreStudy).message
    assert message.header.study_instance_uid == long_study
    assert message.series_instance_uid == uid("series", long_study)
    assert len(next(iter(message.instances.without(message.instances.head(99_998))))) <= 64


# --- the step and the images -------------------------------------------------------------------------------------------


def test_a_started_step_says_what_the_worklist_said() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    effects = find(scanner, ITEM)
    send = only_send(effects, StepStarted)
    assert send.to == "ris"
    assert send.message == replace(step_started(), performed_step_id=f"P{ACCESSION}")
    fields = {"mrn": "M1", "station": "CT1", "accession": ACCESSION, "study": STUDY}
    assert notes(effects) == [("exam started", ACCESSION, fields)]


def test_the_images_go_to_the_archive_as_one_series() -> None:
    effects = performing().touch("images acquired", now=10 * MINUTE, instances=4)
    assert sent(effects) == [("pacs", "StoreStudy")]
    context = ImageContext((reference(),), MPPS, "CT1")
    assert sends(effects)[0].message == StoreStudy(FORM_HEADER, SERIES, CT_IMAGE_STORAGE, images(1, 4), 500_000, context)


def test_the_number_of_images_may_be_given_for_each_series() -> None:
    scanner = performing()
    first = scanner.touch("images acquired", instances=(3, 2))
    assert only_send(first, StoreStudy).message.instances == images(1, 3)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 3)))
    second = InstanceSet(f"{STUDY}.2", 1, 2)
    assert only_send(effects, StoreStudy).message.instances == second
    assert note_names(effects) == []  # the study is not sent before its last series
    effects = scanner.answer(StoreStudy, StoreResult(stored=second))
    ended = only_send(effects, StepEnded).message
    assert ended.series == (performed(images(1, 3)), performed(second, series=f"{STUDY}.2"))
    assert only_send(effects, CommitRequest).message.references == referenced(images(1, 3).union(second))
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 5})]
    assert notes(scanner.result(images(1, 3).union(second))) == [("study committed", ACCESSION, {"instances": 5})]


def test_the_step_ends_when_the_archive_has_confirmed_every_image_and_not_before() -> None:
    scanner = sending()
    lost = StoreResult(stored=images(1, 3), not_sent=images(4, 4))
    (timer,) = timers(scanner.end(StoreStudy, OutcomeKind.UNKNOWN, lost))
    (rest,) = sends(scanner.wake(timer.key))
    assert rest.message.instances == images(4, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(4, 4)), now=90 * SECOND)
    ended = only_send(effects, StepEnded)
    assert ended.to == "ris"
    assert ended.message == StepEnded(MPPS, "20260302080130", (performed(images(1, 4)),))
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 4})]


def test_commitment_of_all_images_is_asked_for_when_they_are_sent() -> None:
    effects = sending().answer(StoreStudy, StoreResult(stored=images(1, 3), warned=images(4, 4)))
    request = only_send(effects, CommitRequest)
    assert request.to == "pacs"
    assert request.message == CommitRequest(uid("transaction", MPPS, 1), referenced(images(1, 4)))


def test_the_next_exam_does_not_wait_for_the_images_of_the_first() -> None:
    scanner = sending()
    lay_on_table(scanner, subject=OTHER)
    effects = find(scanner, OTHER_ITEM)
    assert note_names(effects) == ["exam started"]
    assert sends(scanner.touch("images acquired", subject=OTHER, instances=2)) == []
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert only_send(effects, StoreStudy).message.header.accession_number == OTHER


def test_the_images_go_on_while_the_ris_is_away_and_the_step_is_told_in_order_when_it_is_back() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM)
    (timer,) = timers(scanner.end(StepStarted, OutcomeKind.REFUSED))
    scanner.touch("images acquired", instances=4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]
    assert sent(scanner.wake(timer.key)) == [("ris", "StepStarted")]
    assert sent(scanner.answer(StepStarted, SUCCESS)) == [("ris", "StepEnded")]


@pytest.mark.parametrize("early", [True, False], ids=["before the images", "after the images"])
def test_a_step_that_the_ris_refuses_is_not_ended_there_and_its_images_are_sent(early: bool) -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    find(scanner, ITEM)
    if early:
        assert note_names(scanner.answer(StepStarted, Status(0x0110))) == ["delivery refused"]
    scanner.touch("images acquired", instances=4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]
    assert note_names(effects) == ["study sent"]
    if not early:
        assert sends(scanner.answer(StepStarted, Status(0x0110))) == []


def test_the_steps_of_others_go_on_when_one_is_refused() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    lay_on_table(scanner, subject=OTHER)
    for send in list(scanner.open):
        scanner.open.remove(send)
        scanner.keep(answer(scanner.actor, send, WorklistItems((ITEM, OTHER_ITEM))))
    effects = scanner.answer(StepStarted, Status(0x0110))
    assert only_send(effects, StepStarted).message.accession_number == OTHER


# --- images that the archive refuses -----------------------------------------------------------------------------------


def test_images_that_the_archive_refuses_for_good_are_noted_and_the_study_is_what_it_took() -> None:
    scanner = sending()
    result = StoreResult(stored=images(1, 2), failed=((0xC000, images(3, 3)), (0x0111, images(4, 4))))
    effects = scanner.answer(StoreStudy, result)
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "C000H", "count": 1}),
        ("instances refused", ACCESSION, {"status": "0111H", "count": 1}),
        ("study sent", ACCESSION, {"instances": 2}),
    ]
    assert only_send(effects, StepEnded).message.series == (performed(images(1, 4)),)  # what was made
    assert only_send(effects, CommitRequest).message.instances == images(1, 2)
    assert notes(scanner.result(images(1, 2))) == [("study committed", ACCESSION, {"instances": 2})]


def test_what_was_refused_in_an_earlier_try_is_noted_with_its_status() -> None:
    scanner = sending()
    first = StoreResult(stored=images(1, 1), failed=((0xA900, images(2, 2)), (0xA700, images(3, 3))), not_sent=images(4, 4))
    (timer,) = timers(scanner.end(StoreStudy, OutcomeKind.UNKNOWN, first))
    assert only_send(scanner.wake(timer.key), StoreStudy).message.instances == images(3, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(3, 4)))
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "A900H", "count": 1}),
        ("study sent", ACCESSION, {"instances": 3}),
    ]


def test_a_study_of_which_nothing_is_taken_ends_and_is_not_committed() -> None:
    effects = sending().answer(StoreStudy, StoreResult(failed=((0xC000, images(1, 4)),)))
    assert sent(effects) == [("ris", "StepEnded")]
    assert note_names(effects) == ["delivery refused", "instances refused", "study sent"]


def test_what_is_refused_when_it_is_sent_again_is_given_up_and_the_rest_is_safe() -> None:
    scanner = committing()
    (timer,) = timers(scanner.result(committed=images(1, 3), failed=images(4, 4)))
    scanner.wake(timer.key)
    effects = scanner.answer(StoreStudy, StoreResult(failed=((0x0111, images(4, 4)),)))
    assert sends(effects) == []
    assert notes(effects)[1:] == [
        ("instances refused", ACCESSION, {"status": "0111H", "count": 1}),
        ("study committed", ACCESSION, {"instances": 3}),
    ]


# --- discontinued, appended --------------------------------------------------------------------------------------------


def test_a_discontinued_exam_sends_what_was_made_and_then_says_why() -> None:
    scanner = performing()
    effects = scanner.touch("discontinue exam", instances=2, reason=WRONG_ENTRY)
    assert sent(effects) == [("pacs", "StoreStudy")]
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(1, 2)))
    ended = only_send(effects, StepEnded).message
    assert ended == StepEnded(MPPS, NOW, (performed(images(1, 2)),), "DISCONTINUED", WRONG_ENTRY)
    assert notes(effects) == [
        ("study sent", ACCESSION, {"instances": 2}),
        ("exam discontinued", ACCESSION, {"instances": 2, "reason": "110514"}),
    ]
    assert note_names(scanner.result(images(1, 2))) == ["study committed"]


def test_an_exam_that_is_discontinued_before_the_first_image_has_a_series_without_any() -> None:
    """PS3.4 Table F.7.2-1: a series must exist for every performed step, though it may contain nothing."""
    effects = performing().touch("discontinue exam", instances=0, reason=WRONG_ENTRY)
    assert sent(effects) == [("ris", "StepEnded")]
    assert only_send(effects, StepEnded).message.series == (performed(NO_INSTANCES),)
    assert notes(effects) == [("exam discontinued", ACCESSION, {"instances": 0, "reason": "110514"})]


@pytest.mark.parametrize("instances", [-1, (3, -1)])
def test_less_than_no_images_are_refused_and_the_exam_goes_on(instances: int | tuple[int, ...]) -> None:
    scanner = performing()
    with pytest.raises(LocalProtocolError):
        scanner.touch("images acquired", instances=instances)
    assert len(only_send(scanner.touch("images acquired", instances=2), StoreStudy).message.instances) == 2


def test_a_reason_without_a_code_is_an_unspecified_one() -> None:
    effects = performing().touch("discontinue exam", instances=0, reason=Code("", "", "Patient fell asleep"))
    assert only_send(effects, StepEnded).message.reason == UNSPECIFIED


def test_an_exam_can_be_done_again_after_it_was_discontinued_with_identifiers_of_its_own() -> None:
    scanner = performing()
    scanner.touch("discontinue exam", instances=1, reason=WRONG_ENTRY)
    scanner.answer(StoreStudy, StoreResult(stored=images(1, 1)))
    scanner.answer(StepEnded, SUCCESS)
    lay_on_table(scanner)
    message = only_send(find(scanner, ITEM), StepStarted).message
    assert message.mpps_uid == uid("step", STUDY, 2)
    assert message.performed_step_id == f"P{ACCESSION}-2"
    effects = scanner.touch("images acquired", instances=2)
    assert only_send(effects, StoreStudy).message.instances == InstanceSet(f"{STUDY}.2", 1, 2)


def test_appended_images_are_a_new_step_and_a_new_series_of_the_same_study() -> None:
    """dicom.mpps.scu.4"""
    scanner = done()
    effects = scanner.touch("append images", now=20 * MINUTE, instances=2)
    assert sent(effects) == [("ris", "StepStarted"), ("pacs", "StoreStudy")]
    started = only_send(effects, StepStarted).message
    assert started.mpps_uid == uid("step", STUDY, 2)
    assert (started.scheduled, started.study_instance_uid) == ((reference(),), STUDY)
    assert started.started_at == "20260302082000"
    store = only_send(effects, StoreStudy).message
    added = InstanceSet(f"{STUDY}.2", 1, 2)
    assert (store.header, store.instances, store.context.mpps_uid) == (FORM_HEADER, added, started.mpps_uid)
    scanner.answer(StepStarted, SUCCESS)
    effects = scanner.answer(StoreStudy, StoreResult(stored=added))
    assert only_send(effects, StepEnded).message.mpps_uid == started.mpps_uid
    assert only_send(effects, CommitRequest).message.transaction_uid == uid("transaction", started.mpps_uid, 1)


def test_images_of_a_corrected_patient_are_other_images_and_name_nothing_of_the_wrong_entry() -> None:
    """dicom.send.5"""
    scanner = done()
    right = Patient("M9", "RADLOOP", PersonName("Moss", "Rita"), "19800101", "F")
    effects = scanner.touch("correct patient", now=20 * MINUTE, patient=right)
    started, store = (only_send(effects, message).message for message in (StepStarted, StoreStudy))
    study = own_study("CT1", ACCESSION)
    assert (started.patient, started.scheduled, started.study_instance_uid) == (right, (), study)
    assert (store.header.patient, store.header.accession_number, store.context.requests) == (right, "", ())
    assert store.instances == InstanceSet(f"{study}.1", 1, 4)


@pytest.mark.parametrize(
    ("stimulus", "data"),
    [
        ("images acquired", {"instances": 1}),
        ("discontinue exam", {"instances": 1, "reason": WRONG_ENTRY}),
        ("append images", {"instances": 1}),
        ("correct patient", {"patient": Patient("M9", "RADLOOP", PersonName("Moss", "Rita"), "", "")}),
    ],
)
def test_what_cannot_be_done_to_an_exam_is_noted(stimulus: str, data: dict[str, Any]) -> None:
    expected = [("no such exam", ACCESSION, {"station": "CT1", "stimulus": stimulus})]
    assert notes(Scanner().touch(stimulus, **data)) == expected
    out_of_turn = performing() if stimulus in ("append images", "correct patient") else sending()
    assert notes(out_of_turn.touch(stimulus, **data)) == expected


# --- several procedures as one -----------------------------------------------------------------------------------------


def test_procedures_done_as_one_are_one_step_in_a_study_of_its_own() -> None:
    """dicom.mwl.scu.4"""
    scanner = Scanner()
    lay_on_table(scanner, group=(OTHER,))
    effects = find(scanner, OTHER_ITEM, ITEM)
    message = only_send(effects, StepStarted).message
    study = uid("group study", ACCESSION)
    assert (message.scheduled, message.study_instance_uid) == ((reference(), reference("P2")), study)
    assert message.mpps_uid == uid("step", study)
    assert notes(effects)[0][2]["accession"] == f"{ACCESSION}+{OTHER}"
    scanner.answer(StepStarted, SUCCESS)
    store = only_send(scanner.touch("images acquired", instances=5), StoreStudy).message
    assert (store.header.accession_number, store.header.study_instance_uid) == ("", study)
    assert store.context.requests == (reference(), reference("P2"))
    first, second = InstanceSet(f"{study}.1", 1, 3), InstanceSet(f"{study}.2", 1, 2)
    assert store.instances == first
    scanner.answer(StoreStudy, StoreResult(stored=first))
    effects = scanner.answer(StoreStudy, StoreResult(stored=second))
    assert [series.instances for series in only_send(effects, StepEnded).message.series] == [first, second]
    assert notes(effects) == [("study sent", ACCESSION, {"instances": 5})]


def test_steps_of_one_procedure_that_are_done_as_one_stay_in_its_study() -> None:
    (step,) = ITEM.items(STEPS)
    second = ITEM.with_values({STEPS: (step.with_values({"ScheduledProcedureStepID": "S-2"}),)})
    scanner = Scanner()
    lay_on_table(scanner, group=(ACCESSION,))
    message = only_send(find(scanner, ITEM, second), StepStarted).message
    assert [one.step_id for one in message.scheduled] == [scheduled().step_id, "S-2"]
    assert (message.study_instance_uid, message.performed_step_id) == (STUDY, f"P{ACCESSION}")
    store = only_send(scanner.touch("images acquired", instances=2), StoreStudy).message
    assert store.header == FORM_HEADER


def test_procedures_of_two_patients_are_never_done_as_one() -> None:
    scanner = Scanner()
    lay_on_table(scanner, group=(OTHER,))
    assert note_names(find(scanner, ITEM, worklist_item("P2", SOMEBODY_ELSE))) == ["worklist item missing"]


# --- not on the worklist -----------------------------------------------------------------------------------------------


def unscheduled(**typed: Any) -> Scanner:
    scanner = Scanner()
    scanner.touch("start unscheduled", **{**TYPED, **typed})
    return scanner


def test_an_unscheduled_exam_is_of_the_typed_patient_in_a_study_of_its_own() -> None:
    """dicom.mwl.scu.3, dicom.mpps.scp.7"""
    scanner = Scanner()
    effects = scanner.touch("start unscheduled", **TYPED)
    message = only_send(effects, StepStarted).message
    assert (message.patient, message.scheduled, message.study_instance_uid) == (TYPED["patient"], (), OWN_STUDY)
    assert (message.mpps_uid, message.description) == (uid("step", OWN_STUDY), "CT head")
    assert message.performed_step_id
    fields = {"mrn": "M1", "station": "CT1", "accession": "", "study": OWN_STUDY}
    assert notes(effects) == [("exam started", ACCESSION, fields)]
    store = only_send(scanner.touch("images acquired", instances=2), StoreStudy).message
    study_id = store.header.study_id
    assert study_id
    assert store.header == StudyHeader(message.patient, "", OWN_STUDY, NOW, "CT", "CT head", "HEAD", study_id, NOBODY)
    assert store.context == ImageContext((), message.mpps_uid, "CT1")
    scanner.answer(StepStarted, SUCCESS)
    effects = scanner.answer(StoreStudy, StoreResult(stored=store.instances))
    assert only_send(effects, StepEnded).message.series == (performed(store.instances, "CT head", f"{OWN_STUDY}.1"),)


def test_two_patients_who_are_typed_under_one_name_of_an_exam_never_share_a_study() -> None:
    scanner = unscheduled()
    scanner.answer(StepStarted, SUCCESS)
    scanner.touch("images acquired", instances=1)
    second = only_send(scanner.touch("start unscheduled", **{**TYPED, "patient": SOMEBODY_ELSE}), StepStarted).message
    assert (second.patient, second.study_instance_uid) == (SOMEBODY_ELSE, uid("unscheduled study", f"CT1/{ACCESSION}", 2))


def test_a_typed_accession_number_names_a_request_and_no_step() -> None:
    scanner = unscheduled(accession="A-TYPED")
    (named,) = scanner.under_way(StepStarted).message.scheduled
    assert isinstance(named, ScheduledReference)
    assert (named.accession_number, named.step_id, named.requested_procedure_id) == ("A-TYPED", "", "")
    store = only_send(scanner.touch("images acquired", instances=1), StoreStudy).message
    assert store.header.accession_number == "A-TYPED"
    assert store.context.requests == ()


def test_who_types_gives_the_worklist_up_whatever_it_answers_later() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    scanner.touch("start unscheduled", **TYPED)
    assert list(find(scanner, ITEM)) == []
    scanner.answer(StepStarted, SUCCESS)
    assert list(lay_on_table(scanner)) == []  # the exam goes on
    assert list(scanner.touch("start unscheduled", **TYPED)) == []


def test_a_given_up_query_may_still_be_open_when_the_next_is_made() -> None:
    scanner = Scanner()
    lay_on_table(scanner)
    scanner.touch("start unscheduled", **TYPED)
    scanner.touch("images acquired", instances=1)
    (second,) = sends(lay_on_table(scanner))
    assert second.key not in {send.key for send in scanner.open if send is not second}
    assert note_names(answer(scanner.actor, second, WorklistItems((ITEM,)))) == ["exam started"]


def test_what_no_message_can_carry_is_refused_before_anything_is_done() -> None:
    scanner = Scanner()
    for typed in ({"description": "x" * 65}, {"body_part": "x" * 17}, {"accession": "A" * 17}):
        with pytest.raises(LocalProtocolError):
            scanner.touch("start unscheduled", **{**TYPED, **typed})
    with pytest.raises(LocalProtocolError):
        lay_on_table(scanner, body_part="x" * 17)
    with pytest.raises(LocalProtocolError):
        lay_on_table(scanner, modality="ct")
    assert only_send(scanner.touch("start unscheduled", **TYPED), StepStarted).message.mpps_uid == uid("step", OWN_STUDY)


# --- commitment --------------------------------------------------------------------------------------------------------


def test_a_committed_study_is_done_and_waits_for_nothing() -> None:
    effects = committing().result(images(1, 4))
    assert notes(effects) == [("study committed", ACCESSION, {"instances": 4})]
    assert cancelled(effects) == [f"commit/{uid('transaction', MPPS, 1)}"]
    assert sends(effects) == []


def test_what_was_not_committed_is_sent_again_and_asked_for_again() -> None:
    scanner = committing()
    effects = scanner.result(committed=images(1, 2), failed=images(3, 4))
    assert cancelled(effects) == [f"commit/{uid('transaction', MPPS, 1)}"]
    assert note_names(effects) == []
    (timer,) = timers(effects)
    assert timer.at == RESEND_AFTER_US
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, StoreStudy).message.instances == images(3, 4)
    effects = scanner.answer(StoreStudy, StoreResult(stored=images(3, 4)))
    assert sent(effects) == [("pacs", "CommitRequest")]  # the step ended long ago
    request = only_send(effects, CommitRequest).message
    assert request == CommitRequest(uid("transaction", MPPS, 2), referenced(images(3, 4)))
    assert notes(scanner.result(images(3, 4), transaction=2)) == [("study committed", ACCESSION, {"instances": 4})]


def test_an_image_that_the_result_does_not_name_is_not_committed() -> None:
    """PS3.4 J.3.3: only what is named as committed may be deleted."""
    scanner = committing()
    (timer,) = timers(scanner.result(committed=images(1, 3)))
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, StoreStudy).message.instances == images(4, 4)


def test_commitment_is_asked_for_again_when_no_result_comes() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4)), now=5 * MINUTE))
    assert timer.at == 5 * MINUTE + COMMIT_LIMIT_US
    scanner.answer(CommitRequest, SUCCESS)
    effects = scanner.wake(timer.key, timer.at)
    assert only_send(effects, CommitRequest).message == CommitRequest(uid("transaction", MPPS, 2), referenced(images(1, 4)))
    (next_timer,) = timers(effects)
    assert next_timer.at == timer.at + COMMIT_LIMIT_US
    assert next_timer.key != timer.key


def test_how_long_it_waits_can_be_said() -> None:
    scanner = Scanner(CommitmentPolicy(5 * SECOND, SECOND))
    lay_on_table(scanner)
    find(scanner, ITEM)
    scanner.touch("images acquired", instances=2)
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 2))))
    assert timer.at == 5 * SECOND
    scanner.answer(CommitRequest, SUCCESS)
    (timer,) = timers(scanner.result(committed=images(1, 1)))
    assert timer.at == SECOND


def test_no_second_transaction_is_begun_while_the_archive_has_not_taken_the_first() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4))))
    scanner.end(CommitRequest, OutcomeKind.REFUSED)
    effects = scanner.wake(timer.key, timer.at)
    assert sends(effects) == []
    assert [(again.key, again.at) for again in timers(effects)] == [(timer.key, timer.at + COMMIT_LIMIT_US)]


def test_a_result_for_an_earlier_transaction_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.wake(f"commit/{uid('transaction', MPPS, 1)}")
    assert list(scanner.result(images(1, 2), images(3, 4), transaction=1)) == []
    assert note_names(scanner.result(images(1, 4), transaction=2)) == ["study committed"]


def test_a_result_that_is_repeated_is_answered_and_changes_nothing() -> None:
    scanner = committing()
    scanner.result(images(1, 4))
    assert list(scanner.result(images(1, 4))) == []
    assert list(scanner.result(images(1, 2), images(3, 4))) == []


def test_a_result_that_is_repeated_while_the_rest_is_sent_again_sends_nothing_twice() -> None:
    scanner = committing()
    (timer,) = timers(scanner.result(images(1, 2), images(3, 4)))
    scanner.wake(timer.key)
    (timer,) = timers(scanner.result(images(1, 2), images(3, 4)))
    assert list(scanner.wake(timer.key)) == []


def test_an_old_timer_asks_for_nothing() -> None:
    scanner = committing()
    first = f"commit/{uid('transaction', MPPS, 1)}"
    scanner.wake(first)
    assert list(scanner.wake(first)) == []


def test_a_result_of_an_unknown_transaction_names_no_instance() -> None:
    status, effects = ask(committing().actor, CommitResult("1.2.3", referenced(images(1, 4))), "pacs")
    assert status.code == 0x0112
    assert effects == []


def test_a_commitment_request_that_is_refused_is_asked_again_at_the_limit() -> None:
    scanner = sending()
    (timer,) = timers(scanner.answer(StoreStudy, StoreResult(stored=images(1, 4))))
    assert note_names(scanner.answer(CommitRequest, Status(0xC000))) == ["delivery refused"]
    assert sent(scanner.wake(timer.key, timer.at)) == [("pacs", "CommitRequest")]


def test_a_timer_that_it_never_set_is_our_mistake() -> None:
    for key in ("commit/1.2.3", "look/1.2.3"):
        with pytest.raises(LocalProtocolError, match="no timer"):
            wake(Scanner().actor, key)


def test_a_scanner_knows_the_time() -> None:
    scanner = Scanner()
    lay_on_table(scanner, now=0)
    assert only_send(find(scanner, ITEM), StepStarted).message.started_at == NOW

"""Procedures that the modality does as one: one step, and in which study its images are."""

from emulators.core.identity import uid
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.messages.steps import StepEnded, StepStarted
from emulators.messages.worklist import STEPS
from tests.actors.samples import (
    ACCESSION,
    SOMEBODY_ELSE,
    STUDY,
    note_names,
    notes,
    only_send,
    reference,
    scheduled,
    worklist_item,
)
from tests.actors.scanner import FORM_HEADER, ITEM, OTHER, OTHER_ITEM, Scanner, find, lay_on_table


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

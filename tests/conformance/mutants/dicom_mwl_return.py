"""Emulators that cases dicom.mwl.return.* catch: worklist entries that lack something, or say it otherwise."""

from pydicom.dataset import Dataset

from conformance.material.worklist import step_of
from tests.conformance.data_set_mutants import AnotherMatch, ShowsMoreThanWasAskedFor, leave_out_what_is_empty
from tests.conformance.hl7_mutants import Says
from tests.conformance.mangler import Link


class HasStepsWithoutStartTime(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        step_of(dataset).ScheduledProcedureStepStartTime = None
        return dataset


class HasStepIdsOf17Characters(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        step_of(dataset).ScheduledProcedureStepID = "S1234567890123456"
        return dataset


class HasCodesWithoutMeaning(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        for item in dataset.get("RequestedProcedureCodeSequence", ()):
            del item.CodeMeaning
        return dataset


class LeavesOutWhatIsEmpty(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        leave_out_what_is_empty(dataset)
        return dataset


class DeclaresAnEmptyCharacterSet(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.SpecificCharacterSet = None
        return dataset


class MakesAStudyInstanceUidPerQuery(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        number = link.notes["number"] = int(str(link.notes.get("number", 0))) + 1
        dataset.StudyInstanceUID = f"2.25.{number}"
        return dataset


class TellsTheArchiveAnotherStudyInstanceUid(Says):
    true, said = b"\rZDS|", b"\rZDS|9."


MUTANTS = {
    "dicom.mwl.return.1": [HasStepsWithoutStartTime(), HasStepIdsOf17Characters()],
    "dicom.mwl.return.2": HasCodesWithoutMeaning(),
    "dicom.mwl.return.3": LeavesOutWhatIsEmpty(),
    "dicom.mwl.return.4": [ShowsMoreThanWasAskedFor(), DeclaresAnEmptyCharacterSet()],
    "dicom.mwl.return.5": [MakesAStudyInstanceUidPerQuery(), TellsTheArchiveAnotherStudyInstanceUid()],
}

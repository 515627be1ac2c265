"""Emulators that cases dicom.mwl.return.* catch: worklist entries that lack something, or say it otherwise."""

from pydicom.dataset import Dataset

from conformance.material.worklist import step_of
from tests.conformance.data_set_mutants import AnotherMatch
from tests.conformance.mangler import Link, Mutant


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
        for element in list(dataset):
            if not element.value:
                del dataset[element.tag]
        return dataset


class ShowsMoreThanWasAskedFor(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.InstitutionName = "RADLOOP"
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


class TellsTheArchiveAnotherStudyInstanceUid(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload if to_product else payload.replace(b"\rZDS|", b"\rZDS|9.")


MUTANTS = {
    "dicom.mwl.return.1": [HasStepsWithoutStartTime(), HasStepIdsOf17Characters()],
    "dicom.mwl.return.2": HasCodesWithoutMeaning(),
    "dicom.mwl.return.3": LeavesOutWhatIsEmpty(),
    "dicom.mwl.return.4": [ShowsMoreThanWasAskedFor(), DeclaresAnEmptyCharacterSet()],
    "dicom.mwl.return.5": [MakesAStudyInstanceUidPerQuery(), TellsTheArchiveAnotherStudyInstanceUid()],
}

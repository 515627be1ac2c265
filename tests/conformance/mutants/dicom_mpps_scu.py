"""Emulators that cases dicom.mpps.scu.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.data_set_mutants import DataSetMutant, leave_out_what_is_empty
from tests.conformance.mangler import Link
from tests.conformance.status_mutants import ALL_BUT_SUCCESS, AnswersOtherwise


class StartsOtherwise(DataSetMutant):
    command = "N-CREATE-RQ"
    to_product = False


class EndsOtherwise(DataSetMutant):
    command = "N-SET-RQ"
    to_product = False


class ForgetsTheAccessionNumber(StartsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.ScheduledStepAttributesSequence[0].AccessionNumber = ""
        return dataset


class LeavesOutWhatIsEmpty(StartsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        leave_out_what_is_empty(dataset)
        return dataset


class NamesOneSeries(EndsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.PerformedSeriesSequence[1:]
        return dataset


class AlwaysCompletes(EndsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.PerformedProcedureStepStatus = "COMPLETED"
        return dataset


class KeepsTheStepId(StartsOtherwise):
    """Every step has the ID of the first."""

    def reset(self) -> None:
        self._step_id = ""

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        self._step_id = self._step_id or dataset.PerformedProcedureStepID
        dataset.PerformedProcedureStepID = self._step_id
        return dataset


class TakesAnyAnswerForYes(AnswersOtherwise):
    """A step whose start was refused is ended."""

    def __init__(self) -> None:
        super().__init__("N-CREATE-RSP", ALL_BUT_SUCCESS, 0x0000, to_product=True)


MUTANTS = {
    "dicom.mpps.scu.1": [ForgetsTheAccessionNumber(), LeavesOutWhatIsEmpty()],
    "dicom.mpps.scu.2": NamesOneSeries(),
    "dicom.mpps.scu.3": AlwaysCompletes(),
    "dicom.mpps.scu.4": KeepsTheStepId(),
    "dicom.mpps.scu.5": TakesAnyAnswerForYes(),
}

"""Emulators that cases dicom.mpps.scu.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Mutant, changed


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
        for keyword in [element.keyword for element in dataset if element.is_empty]:
            delattr(dataset, keyword)
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


class TakesAnyAnswerForYes(Mutant):
    """A step whose start was refused is ended."""

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        refused = to_product and command.name == "N-CREATE-RSP" and command.status
        return (changed(command, Status=0x0000) if refused else command), dataset


MUTANTS = {
    "dicom.mpps.scu.1": [ForgetsTheAccessionNumber(), LeavesOutWhatIsEmpty()],
    "dicom.mpps.scu.2": NamesOneSeries(),
    "dicom.mpps.scu.3": AlwaysCompletes(),
    "dicom.mpps.scu.4": KeepsTheStepId(),
    "dicom.mpps.scu.5": TakesAnyAnswerForYes(),
}

"""Emulators that cases flow.ok.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.mangler import Quirk
from tests.conformance.mutants._changes import ChangesDataSets


def cut_the_accession_number(dataset: Dataset) -> None:
    if dataset.get("AccessionNumber"):
        dataset.AccessionNumber = dataset.AccessionNumber[:8]


def keep_the_alphabetic_group_alone(dataset: Dataset) -> None:
    if "PatientName" in dataset:
        dataset.PatientName = str(dataset.PatientName).split("=")[0]


class CountsTheFirstTransferAlone(ChangesDataSets):
    """An archive whose count of instances is never brought up to date."""

    def __init__(self) -> None:
        super().__init__("C-FIND-RSP", self._as_first_counted)
        self._counts: dict[str, int] = {}

    def reset(self) -> None:
        self._counts.clear()

    def _as_first_counted(self, dataset: Dataset) -> None:
        if dataset.get("NumberOfStudyRelatedInstances"):
            count = int(dataset.NumberOfStudyRelatedInstances)
            dataset.NumberOfStudyRelatedInstances = self._counts.setdefault(str(dataset.StudyInstanceUID), count)


def count_one_half(dataset: Dataset) -> None:
    if dataset.get("NumberOfStudyRelatedInstances"):
        dataset.NumberOfStudyRelatedInstances = int(dataset.NumberOfStudyRelatedInstances) // 2


MUTANTS = {
    "flow.ok.1": ChangesDataSets("C-FIND-RSP", cut_the_accession_number),
    "flow.ok.2": ChangesDataSets("C-FIND-RSP", cut_the_accession_number),
    "flow.ok.3": Quirk(("merges_the_wrong_way_round",)),
    "flow.ok.4": ChangesDataSets("C-FIND-RSP", count_one_half),
    "flow.ok.5": CountsTheFirstTransferAlone(),
    "flow.ok.6": ChangesDataSets("C-FIND-RSP", keep_the_alphabetic_group_alone),
}

"""Emulators that cases flow.ok.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.data_set_mutants import ChangesDataSets, ShowsTheFirstCountForEver, counting
from tests.conformance.mangler import Quirk


def cut_the_accession_number(dataset: Dataset) -> None:
    if dataset.get("AccessionNumber"):
        dataset.AccessionNumber = dataset.AccessionNumber[:8]


def keep_the_alphabetic_group_alone(dataset: Dataset) -> None:
    if "PatientName" in dataset:
        dataset.PatientName = str(dataset.PatientName).split("=")[0]


MUTANTS = {
    "flow.ok.1": ChangesDataSets("C-FIND-RSP", cut_the_accession_number),
    "flow.ok.2": ChangesDataSets("C-FIND-RSP", cut_the_accession_number),
    "flow.ok.3": Quirk(("merges_the_wrong_way_round",)),
    "flow.ok.4": ChangesDataSets("C-FIND-RSP", counting(lambda count: count // 2)),
    "flow.ok.5": ShowsTheFirstCountForEver(),
    "flow.ok.6": ChangesDataSets("C-FIND-RSP", keep_the_alphabetic_group_alone),
}

"""Emulators that cases dicom.qr.find.* catch: archives that search in a way of their own."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import (
    AnotherMatch,
    EndsAListAfter,
    HasNoWildCards,
    Ignores,
    ShowsMoreThanWasAskedFor,
    ShowsTheFirstCountForEver,
    TakesAnotherKey,
)
from tests.conformance.mangler import Link, Message, Mutant
from tests.conformance.status_mutants import SaysNothingOfUnsupportedKeys, SaysSuccessInstead


class HidesTheFirstMatch(Mutant):
    """Of each query for series."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name == "C-FIND-RQ" and dataset is not None:
            level = decode(dataset, link.contexts[context_id]).get("QueryRetrieveLevel")
            link.notes["hides"] = level == "SERIES"
        if command.name == "C-FIND-RSP" and dataset is not None and link.notes.pop("hides", False):
            return None
        return command, dataset


class TakesEmptyForNoMatch(AnotherMatch):
    """A study without an accession number is found by none."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name == "C-FIND-RQ" and dataset is not None:
            link.notes["asked"] = decode(dataset, link.contexts[context_id]).get("AccessionNumber")
        return super().message(link, to_product, context_id, command, dataset)

    def changed(self, link: Link, dataset: Dataset) -> Dataset | None:
        return None if link.notes["asked"] and not dataset.get("AccessionNumber") else dataset


class KeepsTheFirstCount(ShowsTheFirstCountForEver):
    variant = "s/counts"


class EndsAListAfter100(EndsAListAfter):
    """Of the studies of everybody."""

    def __init__(self) -> None:
        super().__init__(100, of_patient=False)


MUTANTS = {
    "dicom.qr.find.1": HidesTheFirstMatch(),
    "dicom.qr.find.2": Ignores("StudyID"),
    "dicom.qr.find.3": [HasNoWildCards("PatientName"), TakesAnotherKey("AccessionNumber", str.upper), Ignores("StudyTime")],
    "dicom.qr.find.4": TakesEmptyForNoMatch(),
    "dicom.qr.find.5": ShowsMoreThanWasAskedFor(),
    "dicom.qr.find.6": SaysNothingOfUnsupportedKeys(),
    "dicom.qr.find.7": SaysSuccessInstead("C-FIND-RSP", 0xA900),
    "dicom.qr.find.8": SaysSuccessInstead("C-FIND-RSP", 0xFE00),
    "dicom.qr.find.9": [Ignores("ModalitiesInStudy"), KeepsTheFirstCount()],
    "dicom.qr.find.10": EndsAListAfter100(),
}

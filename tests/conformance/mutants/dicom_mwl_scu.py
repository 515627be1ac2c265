"""Emulators that cases dicom.mwl.scu.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode
from emulators.wire.dimse import Command
from emulators.wire.pdu import ABORT
from tests.conformance.data_set_mutants import AnotherImage
from tests.conformance.mangler import Link, Message, Mutant, framed


class ForgetsTheScheduledStep(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        for one in dataset.get("RequestAttributesSequence") or []:
            one.ScheduledProcedureStepID = ""
        return dataset


class InventsAStudy(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.StudyInstanceUID = "2.25.1"
        return dataset


class WaitsForEver(Mutant):
    """It never gives a query up."""

    variant = "silence"

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        return None if pdu_type == ABORT and not to_product else framed(pdu_type, body)

    def closed(self, link: Link, by_product: bool) -> bool:
        return not by_product


class InventsAnAccessionNumber(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.AccessionNumber = "A1"
        return dataset


class NamesTheFirstRequest(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.RequestAttributesSequence[1:]
        return dataset


class KeepsTheFirstList(Mutant):
    """An entry stays what it was when it was first seen."""

    def reset(self) -> None:
        self._seen: dict[str, bytes] = {}

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name != "C-FIND-RSP" or dataset is None:
            return command, dataset
        accession = str(decode(dataset, link.contexts[context_id]).AccessionNumber)
        return command, self._seen.setdefault(accession, dataset)


MUTANTS = {
    "dicom.mwl.scu.1": [ForgetsTheScheduledStep(), InventsAStudy()],
    "dicom.mwl.scu.2": WaitsForEver(),
    "dicom.mwl.scu.3": InventsAnAccessionNumber(),
    "dicom.mwl.scu.4": NamesTheFirstRequest(),
    "dicom.mwl.scu.5": KeepsTheFirstList(),
}

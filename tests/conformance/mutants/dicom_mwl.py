"""Emulators that cases dicom.mwl.len.*, order.* and load.* catch."""

import re

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import AnotherMatch
from tests.conformance.mangler import Link, Mutant


class TakesTheFirst16CharactersForTheAccessionNumber(AnotherMatch):
    """Of the placer order number, which begins alike in both orders."""

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.AccessionNumber = "L123456789012345"
        return dataset


class CutsPatientIds(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return re.sub(rb"(\rPID\|[^|]*\|[^|]*\|[^^]{64})[^^]*", rb"\1", payload) if to_product else payload


class CutsTheFirstOfTwo(Mutant):
    """A number that is too long loses its end, unless another then has the same."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(b"AAAA", b"") if to_product else payload


class PutsAllProceduresIntoOneStudy(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.StudyInstanceUID = "2.25.1"
        return dataset


class ShowsTheFirstStepAlone(Mutant):
    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if command.name == "C-FIND-RQ" and dataset is not None:
            link.notes["is_of_patient"] = bool(decode(dataset, link.contexts[context_id]).get("PatientID"))
        if command.name == "C-FIND-RSP" and dataset is not None and link.notes["is_of_patient"]:
            number = link.notes["number"] = int(str(link.notes.get("number", 0))) + 1
            return (command, dataset) if number == 1 else None
        return command, dataset


MUTANTS = {
    "dicom.mwl.len.1": [TakesTheFirst16CharactersForTheAccessionNumber(), CutsPatientIds(), CutsTheFirstOfTwo()],
    "dicom.mwl.order.1": [PutsAllProceduresIntoOneStudy(), ShowsTheFirstStepAlone()],
    "dicom.mwl.load.1": ShowsTheFirstStepAlone(),
}

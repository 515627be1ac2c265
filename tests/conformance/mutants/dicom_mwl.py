"""Emulators that cases dicom.mwl.len.*, order.* and load.* catch."""

import re

from pydicom.dataset import Dataset

from tests.conformance.data_set_mutants import AnotherMatch, EndsAListAfter
from tests.conformance.mangler import Link, Mutant


class TakesTheFirst16CharactersForTheAccessionNumber(AnotherMatch):
    """Of the placer order number, which begins alike in both orders."""

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.AccessionNumber = "L123456789012345"
        return dataset


class CutsPatientIds(Mutant):
    variant = "patient ID"

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


class ShowsTheFirstStepAlone(EndsAListAfter):
    """Of each patient."""

    def __init__(self) -> None:
        super().__init__(1, of_patient=True)


MUTANTS = {
    "dicom.mwl.len.1": [TakesTheFirst16CharactersForTheAccessionNumber(), CutsPatientIds(), CutsTheFirstOfTwo()],
    "dicom.mwl.order.1": [PutsAllProceduresIntoOneStudy(), ShowsTheFirstStepAlone()],
    "dicom.mwl.load.1": ShowsTheFirstStepAlone(),
}

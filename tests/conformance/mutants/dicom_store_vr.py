"""Archives that cases dicom.store.vr.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.archives import Takes


def _cut_accession(dataset: Dataset) -> None:
    dataset.AccessionNumber = str(dataset.AccessionNumber)[:16]


class CutsTheAccessionNumber(Takes):
    """To the 16 characters that fit SH: it may be another order's then."""

    def __init__(self) -> None:
        super().__init__(_cut_accession)


MUTANTS = {"dicom.store.vr.1": CutsTheAccessionNumber()}

"""Archives that cases dicom.store.vr.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.archives import Takes
from tests.conformance.data_set_mutants import AnotherMatch
from tests.conformance.mangler import Link


def _cut_accession(dataset: Dataset) -> None:
    dataset.AccessionNumber = str(dataset.AccessionNumber)[:16]


class CutsTheAccessionNumber(Takes):
    """To the 16 characters that fit SH: it may be another order's then."""

    def __init__(self) -> None:
        super().__init__(_cut_accession)


class FindsNoStudies(AnotherMatch):
    """Its index has lost them; the images are found."""

    def changed(self, link: Link, dataset: Dataset) -> Dataset | None:
        return None if dataset.get("QueryRetrieveLevel", "").strip() == "STUDY" else dataset


MUTANTS = {"dicom.store.vr.1": [CutsTheAccessionNumber(), FindsNoStudies()]}

"""Archives that cases dicom.store.level.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.archives import GivesBack


def _without_private_elements(dataset: Dataset) -> None:
    dataset.remove_private_tags()


class LosesPrivateElements(GivesBack):
    def __init__(self) -> None:
        super().__init__(_without_private_elements)


MUTANTS = {"dicom.store.level.1": LosesPrivateElements()}

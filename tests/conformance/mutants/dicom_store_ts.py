"""Archives that cases dicom.store.ts.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.archives import GivesBack


def _cut_pixels(dataset: Dataset) -> None:
    dataset.PixelData = dataset.PixelData[:-4] + b"\0" * 4


def _lose_nested_items(dataset: Dataset) -> None:
    dataset.RequestAttributesSequence[0].ScheduledProtocolCodeSequence = []


class ChangesPixels(GivesBack):
    def __init__(self) -> None:
        super().__init__(_cut_pixels)


class LosesNestedItems(GivesBack):
    def __init__(self) -> None:
        super().__init__(_lose_nested_items)


MUTANTS = {"dicom.store.ts.1": ChangesPixels(), "dicom.store.ts.2": LosesNestedItems()}

"""Archives that cases dicom.store.dup.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.archives import AgainSaysOtherwise, Finds, OtherStatus
from tests.conformance.mangler import Quirk


def _one_more(match: Dataset) -> None:
    if "NumberOfStudyRelatedInstances" in match:
        match.NumberOfStudyRelatedInstances = str(int(match.NumberOfStudyRelatedInstances) + 1)


class CountsTwice(Finds):
    def __init__(self) -> None:
        super().__init__(_one_more)


class SaysRefusedButReplaces(AgainSaysOtherwise):
    """The second object under a UID takes the place of the first, whose sender is told that nothing happened."""

    status = 0x0111
    site = 'duplicates = "replace"'


class DropsWithoutAWord(OtherStatus):
    """0000H instead of every refusal."""

    def __init__(self) -> None:
        super().__init__(0x0000, bool)


MUTANTS = {
    "dicom.store.dup.1": CountsTwice(),
    "dicom.store.dup.2": [Quirk(site='duplicates = "replace"'), SaysRefusedButReplaces()],
    "dicom.store.dup.3": DropsWithoutAWord(),
}

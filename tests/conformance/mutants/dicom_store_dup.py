"""Archives that cases dicom.store.dup.* catch."""

from tests.conformance.archives import Finds, RefusesWhatItHas
from tests.conformance.data_set_mutants import counting
from tests.conformance.mangler import Quirk
from tests.conformance.status_mutants import ALL_BUT_SUCCESS, AnswersOtherwise


class CountsTwice(Finds):
    def __init__(self) -> None:
        super().__init__(counting(lambda count: count + 1))


class SaysRefusedButReplaces(RefusesWhatItHas):
    """The second object under a UID takes the place of the first, whose sender is told that nothing happened."""

    site = 'duplicates = "replace"'


class DropsWithoutAWord(AnswersOtherwise):
    """0000H instead of every refusal."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", ALL_BUT_SUCCESS, 0x0000)


MUTANTS = {
    "dicom.store.dup.1": CountsTwice(),
    "dicom.store.dup.2": [Quirk(site='duplicates = "replace"'), SaysRefusedButReplaces()],
    "dicom.store.dup.3": DropsWithoutAWord(),
}

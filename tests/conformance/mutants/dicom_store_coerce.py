"""Archives that cases dicom.store.coerce.* catch."""

from tests.conformance.status_mutants import SaysSuccessInstead


class ChangesWithoutAWord(SaysSuccessInstead):
    """0000H instead of B000H."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", 0xB000)


MUTANTS = {"dicom.store.coerce.1": ChangesWithoutAWord()}

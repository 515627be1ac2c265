"""Archives that cases dicom.store.coerce.* catch."""

from tests.conformance.archives import OtherStatus


class ChangesWithoutAWord(OtherStatus):
    """0000H instead of B000H."""

    def __init__(self) -> None:
        super().__init__(0x0000, lambda status: status == 0xB000)


MUTANTS = {"dicom.store.coerce.1": ChangesWithoutAWord()}

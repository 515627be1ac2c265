"""Archives that cases dicom.store.big.* catch."""

from emulators.wire.dimse import Command
from tests.conformance.status_mutants import SaysYesAndForgets


class LosesTheHundredth(SaysYesAndForgets):
    """The hundredth image of an association is answered with 0000H and kept by nobody."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RQ")

    def reset(self) -> None:
        self._count = 0

    def forgets(self, command: Command, dataset: bytes | None) -> bool:
        self._count += 1
        return self._count == 100


MUTANTS = {"dicom.store.big.1": LosesTheHundredth()}

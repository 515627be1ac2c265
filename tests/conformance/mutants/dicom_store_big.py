"""Archives that cases dicom.store.big.* catch."""

from emulators.wire.dimse import Command
from tests.conformance.archives import Instead


class LosesTheHundredth(Instead):
    """The hundredth image of an association is answered with 0000H and kept by nobody."""

    def __init__(self) -> None:
        super().__init__(0x0000, self._is_the_hundredth)

    def reset(self) -> None:
        self._count = 0

    def _is_the_hundredth(self, _: Command) -> bool:
        self._count += 1
        return self._count == 100


MUTANTS = {"dicom.store.big.1": LosesTheHundredth()}

"""Archives that cases dicom.store.sop.* catch."""

from conformance.material.sop_classes import KEY_OBJECT_SELECTION
from emulators.wire.dimse import Command
from tests.conformance.status_mutants import SaysYesAndForgets


class LosesKeyObjects(SaysYesAndForgets):
    """They are answered with 0000H and found by nobody."""

    variant = "ko"

    def __init__(self) -> None:
        super().__init__("C-STORE-RQ")

    def forgets(self, command: Command, dataset: bytes | None) -> bool:
        return command.sop_class_uid == KEY_OBJECT_SELECTION


MUTANTS = {"dicom.store.sop.1": LosesKeyObjects()}

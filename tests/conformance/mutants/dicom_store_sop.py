"""Archives that cases dicom.store.sop.* catch."""

from conformance.material.sop_classes import KEY_OBJECT_SELECTION
from tests.conformance.archives import Instead


class LosesKeyObjects(Instead):
    """They are answered with 0000H and found by nobody."""

    def __init__(self) -> None:
        super().__init__(0x0000, lambda command: command.sop_class_uid == KEY_OBJECT_SELECTION)


MUTANTS = {"dicom.store.sop.1": LosesKeyObjects()}

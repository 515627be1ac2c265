"""Archives that cases dicom.store.dup.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.archives import AgainSaysOtherwise, Finds, OtherStatus
from tests.conformance.mangler import Link, Mutant, Quirk, changed


def _one_more(match: Dataset) -> None:
    if "NumberOfStudyRelatedInstances" in match:
        match.NumberOfStudyRelatedInstances = str(int(match.NumberOfStudyRelatedInstances) + 1)


class CountsTwice(Finds):
    def __init__(self) -> None:
        super().__init__(_one_more)


def _rename(match: Dataset) -> None:
    if "PatientName" in match:
        match.PatientName = "Doe^Joan"


class ShowsTheNameOfTheSecond(Finds):
    """Its index has what its files have not."""

    def __init__(self) -> None:
        super().__init__(_rename)


class SaysRefusedButReplaces(AgainSaysOtherwise):
    """The second object under a UID takes the place of the first, whose sender is told that nothing happened."""

    status = 0x0111
    site = 'duplicates = "replace"'


class ReplacesLater(Mutant):
    """It says that it has the second object, and puts it in the place of the first when the next one comes."""

    site = 'duplicates = "replace"'
    OWN_MESSAGE_ID = 60_000

    def reset(self) -> None:
        self._taken: set[str] = set()
        self._held: tuple[Command, bytes | None] | None = None

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if command.name == "C-STORE-RSP" and command.message_id == self.OWN_MESSAGE_ID:
            return None
        if not to_product or command.name != "C-STORE-RQ":
            return command, dataset
        if command.sop_instance_uid in self._taken:
            self._held = changed(command, MessageID=self.OWN_MESSAGE_ID), dataset
            link.send_message(False, context_id, response(command, 0x0000), None)
            return None
        self._taken.add(command.sop_instance_uid)
        if self._held is not None:
            link.send_message(True, context_id, *self._held)
            self._held = None
        return command, dataset


class DropsWithoutAWord(OtherStatus):
    """0000H instead of every refusal."""

    def __init__(self) -> None:
        super().__init__(0x0000, bool)


MUTANTS = {
    "dicom.store.dup.1": CountsTwice(),
    "dicom.store.dup.2": [
        Quirk(site='duplicates = "replace"'),
        SaysRefusedButReplaces(),
        ReplacesLater(),
        ShowsTheNameOfTheSecond(),
    ],
    "dicom.store.dup.3": [DropsWithoutAWord(), ReplacesLater()],
}

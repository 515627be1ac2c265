"""Archives that cases dicom.store.dup.* catch."""

from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.archives import Finds, RefusesWhatItHas
from tests.conformance.data_set_mutants import counting, setting
from tests.conformance.mangler import Link, Message, Mutant, Quirk, changed
from tests.conformance.status_mutants import ALL_BUT_SUCCESS, AnswersOtherwise


class CountsTwice(Finds):
    def __init__(self) -> None:
        super().__init__(counting(lambda count: count + 1))


class ShowsTheNameOfTheSecond(Finds):
    """Its index has what its files have not."""

    def __init__(self) -> None:
        super().__init__(setting(PatientName="Doe^Joan"))


class SaysRefusedButReplaces(RefusesWhatItHas):
    """The second object under a UID takes the place of the first, whose sender is told that nothing happened."""

    site = 'duplicates = "replace"'


class ReplacesLater(Mutant):
    """It says that it has the second object, and puts it in the place of the first when the next one comes."""

    site = 'duplicates = "replace"'
    OWN_MESSAGE_ID = 60_000

    def reset(self) -> None:
        self._taken: set[str] = set()
        self._held: Message | None = None

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
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


class DropsWithoutAWord(AnswersOtherwise):
    """0000H instead of every refusal."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", ALL_BUT_SUCCESS, 0x0000)


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

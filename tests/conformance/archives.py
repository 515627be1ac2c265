"""Archives that are broken in one way, to build mutants of: what they take, what they find and what they give back."""

from emulators.wire.dimse import Command
from emulators.wire.status import DUPLICATE_SOP_INSTANCE
from tests.conformance.data_set_mutants import Change, ChangesDataSets
from tests.conformance.mangler import Link, Message, Mutant, changed


class GivesBack(ChangesDataSets):
    """What is retrieved differs from what is stored."""

    def __init__(self, change: Change) -> None:
        super().__init__("C-STORE-RQ", change)


class Takes(ChangesDataSets):
    """What is stored differs from what was sent."""

    def __init__(self, change: Change) -> None:
        super().__init__("C-STORE-RQ", change, to_product=True)


class Finds(ChangesDataSets):
    """Matches of C-FIND differ from what is there."""

    def __init__(self, change: Change) -> None:
        super().__init__("C-FIND-RSP", change)


class RefusesWhatItHas(Mutant):
    """0111H to what comes under a SOP Instance UID that came before."""

    def reset(self) -> None:
        self._taken: set[str] = set()

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if to_product and command.name == "C-STORE-RQ":
            link.notes["storing"] = command.sop_instance_uid
        elif not to_product and command.name == "C-STORE-RSP":
            uid = str(link.notes["storing"])
            if uid in self._taken:
                return changed(command, Status=DUPLICATE_SOP_INSTANCE), dataset
            self._taken.add(uid)
        return command, dataset

"""Archives that are broken in one way, to build mutants of: what they take, what they find and what they give back."""

from collections.abc import Callable

from pydicom.dataset import Dataset

from conformance.material.data_sets import IMPLICIT, decode, encode
from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Mutant, changed


class ChangedMessages(Mutant):
    """Data sets of one kind of message are changed on their way; ``change`` works in place."""

    kind = "C-STORE-RQ"
    is_to_product = False

    def __init__(self, change: Callable[[Dataset], object]) -> None:
        self._change = change

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        if to_product is not self.is_to_product or command.name != self.kind or dataset is None:
            return command, dataset
        syntax = link.contexts.get(context_id, IMPLICIT)
        content = decode(dataset, syntax)
        self._change(content)
        return command, encode(content, syntax)


class GivesBack(ChangedMessages):
    """What is retrieved differs from what is stored."""


class Takes(ChangedMessages):
    """What is stored differs from what was sent."""

    is_to_product = True


class Finds(ChangedMessages):
    """Matches of C-FIND differ from what is there."""

    kind = "C-FIND-RSP"


class Instead(Mutant):
    """C-STORE requests that are wanted never reach the product; they are answered with ``status``."""

    def __init__(self, status: int, wanted: Callable[[Command], bool] = lambda _: True) -> None:
        self._status = status
        self._wanted = wanted

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if not to_product or command.name != "C-STORE-RQ" or not self._wanted(command):
            return command, dataset
        link.send_message(False, context_id, response(command, self._status), None)
        return None


class AgainSaysOtherwise(Mutant):
    """``status`` to what comes under a SOP Instance UID that came before."""

    status = 0x0000

    def reset(self) -> None:
        self._taken: set[str] = set()

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        if to_product and command.name == "C-STORE-RQ":
            link.notes["storing"] = command.sop_instance_uid
        elif not to_product and command.name == "C-STORE-RSP":
            uid = str(link.notes["storing"])
            if uid in self._taken:
                return changed(command, Status=self.status), dataset
            self._taken.add(uid)
        return command, dataset


class OtherStatus(Mutant):
    """``status`` to every C-STORE that is answered with one that is ``wanted``."""

    def __init__(self, status: int, wanted: Callable[[int], bool]) -> None:
        self._status = status
        self._wanted = wanted

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        if not to_product and command.name == "C-STORE-RSP" and self._wanted(command.status):
            return changed(command, Status=self._status), dataset
        return command, dataset

"""Mutants that answer with another status, or answer what the product never hears of."""

from collections.abc import Container

from emulators.wire.commands import response
from emulators.wire.dimse import Command
from emulators.wire.status import PENDING, PENDING_WITH_UNSUPPORTED_KEYS, SUCCESS
from tests.conformance.mangler import Link, Message, Mutant, changed

EVERY, ALL_BUT_SUCCESS = range(0x10000), range(1, 0x10000)
"""Statuses, as are ``range(0xA900, 0xAA00)`` or ``(0xFF01,)``."""


class AnswersOtherwise(Mutant):
    """Responses of this name have ``status`` instead of one of ``statuses``; ``to_product``: those that it gets."""

    def __init__(self, name: str, statuses: Container[int], status: int, *, to_product: bool = False) -> None:
        self._name = name
        self._statuses = statuses
        self._status = status
        self._to_product = to_product

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if to_product is not self._to_product or command.name != self._name or command.status not in self._statuses:
            return command, dataset
        return changed(command, Status=self._status), dataset


class SaysSuccessInstead(AnswersOtherwise):
    """Of one status; nothing else is changed."""

    def __init__(self, name: str, status: int) -> None:
        super().__init__(name, (status,), SUCCESS)


class SaysNothingOfUnsupportedKeys(AnswersOtherwise):
    """FF00H instead of FF01H."""

    def __init__(self) -> None:
        super().__init__("C-FIND-RSP", (PENDING_WITH_UNSUPPORTED_KEYS,), PENDING)


class SaysYesAndForgets(Mutant):
    """Requests of these names are answered 0000H, and nobody has them."""

    to_product = True

    def __init__(self, *names: str) -> None:
        self._names = names

    def forgets(self, command: Command, dataset: bytes | None) -> bool:
        """Which of them."""
        return True

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if to_product is not self.to_product or command.name not in self._names or not self.forgets(command, dataset):
            return command, dataset
        link.send_message(not to_product, context_id, response(command, SUCCESS), None)
        return None

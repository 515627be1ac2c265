"""Mutants that answer with another status, or answer what the product never hears of."""

from collections.abc import Mapping

from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Mutant, changed


class AnswersOtherwise(Mutant):
    """Responses of this name have another status: ``statuses`` gives it by the product's own, under None for any."""

    def __init__(self, name: str, statuses: Mapping[int | None, int]) -> None:
        self._name = name
        self._statuses = statuses

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        if to_product or command.name != self._name:
            return command, dataset
        status = self._statuses.get(command.status, self._statuses.get(None, command.status))
        return changed(command, Status=status), dataset


class SaysYesAndForgets(Mutant):
    """Requests of these names are answered 0000H, and nothing is done."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if not to_product or command.name not in self._names:
            return command, dataset
        link.send_message(False, context_id, response(command, 0x0000), None)
        return None

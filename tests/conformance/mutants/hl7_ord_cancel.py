"""Emulators that cases hl7.ord.cancel.* catch."""

from emulators.wire.dimse import DATA_SET_PRESENT, Command
from emulators.wire.status import PENDING
from tests.conformance.hl7_mutants import SaysOtherwise
from tests.conformance.mangler import Link, Message, Mutant, Quirk, changed
from tests.conformance.status_mutants import SaysYesAndForgets


class OffersAStartedStepAgain(Mutant):
    """A step that comes after its order was cancelled puts the entry back on the worklist."""

    role = "ris"
    steps = 1
    """So many steps have begun before it does so."""

    def reset(self) -> None:
        self._entry: bytes | None = None
        self._is_cancelled = False
        self._started = 0

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        self._is_cancelled = self._is_cancelled or (to_product and b"\rORC|CA|" in payload)
        return payload

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        self._started += command.name == "N-CREATE-RQ"
        if command.name == "C-FIND-RSP" and dataset:
            self._entry = self._entry if self._is_cancelled else dataset
        elif command.name == "C-FIND-RSP" and self._is_cancelled and self._started >= self.steps and self._entry:
            pending = changed(command, Status=PENDING, CommandDataSetType=DATA_SET_PRESENT)
            link.send_message(False, context_id, pending, self._entry)
        return command, dataset


class OffersItWhenAnotherStarts(OffersAStartedStepAgain):
    steps = 2


class DropsImagesOfCancelledOrders(SaysYesAndForgets):
    """0000H to them, and they are gone."""

    role = "pacs"

    def __init__(self) -> None:
        super().__init__("C-STORE-RQ")

    def reset(self) -> None:
        self._accessions: set[bytes] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product and b"\rORC|CA|" in payload:
            self._accessions.add(payload.split(b"\rORC|CA|")[1].split(b"|")[1])
        return payload

    def forgets(self, command: Command, dataset: bytes | None) -> bool:
        return any(one in (dataset or b"") for one in self._accessions)


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.cancel.1": Quirk(("ignores_cancel",)),
    "hl7.ord.cancel.2": SaysOtherwise(b"\rORC|UC|", b"\rORC|CR|"),
    "hl7.ord.cancel.3": [OffersAStartedStepAgain(), OffersItWhenAnotherStarts(), DropsImagesOfCancelledOrders()],
}

"""Emulators that cases hl7.ord.cancel.* catch."""

from dataclasses import replace

from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Mutant, Quirk, changed
from tests.conformance.mutants._changes import Message
from tests.conformance.mutants.hl7_ord import SaysOtherwise

PENDING = 0xFF00


class OffersAStartedStepAgain(Mutant):
    """A step that comes after its order was cancelled puts the entry back on the worklist."""

    role = "ris"
    steps = 1
    """So many steps have begun before it does so."""

    def reset(self) -> None:
        self.entry: bytes | None = None
        self.is_cancelled = False
        self.started = 0

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        self.is_cancelled = self.is_cancelled or (to_product and b"\rORC|CA|" in payload)
        return payload

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        self.started += command.name == "N-CREATE-RQ"
        if command.name == "C-FIND-RSP" and dataset:
            self.entry = self.entry if self.is_cancelled else dataset
        elif command.name == "C-FIND-RSP" and self.is_cancelled and self.started >= self.steps and self.entry:
            pending = changed(command, Status=PENDING, CommandDataSetType=0)
            link.send_message(False, context_id, pending, self.entry)
        return command, dataset


class OffersItWhenAnotherStarts(OffersAStartedStepAgain):
    steps = 2


class DropsImagesOfCancelledOrders(Mutant):
    """0000H to them, and they are gone."""

    role = "pacs"

    def reset(self) -> None:
        self.accessions: set[bytes] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product and b"\rORC|CA|" in payload:
            self.accessions.add(payload.split(b"\rORC|CA|")[1].split(b"|")[1])
        return payload

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name != "C-STORE-RQ" or not any(one in (dataset or b"") for one in self.accessions):
            return command, dataset
        link.send_message(False, context_id, c_store_rsp(command), None)
        return None


def c_store_rsp(request: Command) -> Command:
    elements = {key: value for key, value in request.elements.items() if key != "Priority" and "Message" not in key}
    answer = {"CommandField": 0x8001, "CommandDataSetType": 0x0101, "Status": 0}
    return replace(request, elements={**elements, **answer, "MessageIDBeingRespondedTo": request.message_id})


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.cancel.1": Quirk(("ignores_cancel",)),
    "hl7.ord.cancel.2": SaysOtherwise(b"UC", b"\rORC|UC|", b"\rORC|CR|"),
    "hl7.ord.cancel.3": [OffersAStartedStepAgain(), OffersItWhenAnotherStarts(), DropsImagesOfCancelledOrders()],
}

"""Changes that several mutants make."""

from collections.abc import Callable

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from emulators.wire.dimse import Command
from emulators.wire.er7 import header
from emulators.wire.mllp import frame
from tests.conformance.mangler import Link, Mutant

Message = tuple[Command, bytes | None]
Change = Callable[[Dataset], None]


class ChangesDataSets(Mutant):
    """The data sets of one kind of message, such as C-FIND-RSP, in one direction."""

    def __init__(self, name: str, change: Change, *, to_product: bool = False) -> None:
        self._name = name
        self._change = change
        self._to_product = to_product

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if to_product is not self._to_product or command.name != self._name or not dataset:
            return command, dataset
        syntax = link.contexts.get(context_id, "1.2.840.10008.1.2")
        values = decode(dataset, syntax)
        self._change(values)
        return command, encode(values, syntax)


class AcknowledgesUnheard(Mutant):
    """Some HL7 messages are acknowledged with AA, and never reach the product."""

    def __init__(self, *needles: bytes) -> None:
        self._needles = needles

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product or not all(needle in payload for needle in self._needles):
            return payload
        head = header(payload)
        trigger, number = head.component(9, 2), head.component(10, 1)
        ack = f"MSH|^~\\&|X|X|X|X|20250303||ACK^{trigger}^ACK|A{number}|P|2.5.1\rMSA|AA|{number}\r"
        link.to_tester(frame(ack.encode()))
        return None


def setting(**values: object) -> Change:
    """A change that gives attributes other values, where the data set has them."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            if keyword in dataset:
                setattr(dataset, keyword, value)

    return change

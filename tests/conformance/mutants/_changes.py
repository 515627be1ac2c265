"""Changes that several mutants make."""

from collections.abc import Callable

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from conformance.material.hl7 import acknowledgement
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


class DoesItLater(Mutant):
    """What another mutant would make of an HL7 message at once is done when the next of its ``kind`` comes; until then it has
    only been answered with ``code``."""

    def __init__(self, other: Mutant, kind: bytes, code: str) -> None:
        self._other = other
        self._kind = kind
        self._code = code

    def reset(self) -> None:
        self._other.reset()
        self._held: tuple[bytes, bytes] | None = None
        self._answered: set[bytes] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        read = self._other.hl7(link, to_product, payload)
        if not to_product:
            is_answered = any(b"MSA|" in payload and number in payload for number in self._answered)
            return None if is_answered else payload
        if self._kind not in payload or read is None:
            return payload
        number = header(payload).component(10, 1).encode()
        if read != payload:
            self._held = number, read
            link.to_tester(frame(acknowledgement(payload, self._code) or b""))
            return None
        if self._held is not None:
            self._answered.add(self._held[0])
            link.to_product(frame(self._held[1]))
            self._held = None
        return payload


def setting(**values: object) -> Change:
    """A change that gives attributes other values, where the data set has them."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            if keyword in dataset:
                setattr(dataset, keyword, value)

    return change

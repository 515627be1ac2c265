"""Emulators that cases hl7.mllp.frame.* and hl7.mllp.conn.* catch."""

from emulators.wire.mllp import END_BLOCK, frame
from tests.conformance.mangler import Link, Mutant

BUFFER_BYTES = 64 * 1024


class ForgetsTheLastCarriageReturn(Mutant):
    def data(self, link: Link, to_product: bool, data: bytes) -> bytes:
        return data if to_product else data.replace(END_BLOCK, b"\x1c")


class TakesTheEndOfTheConnectionForTheEndOfTheMessage(Mutant):
    def closed(self, link: Link, by_product: bool) -> bool:
        if not by_product:
            link.to_product(END_BLOCK)
        return True


class AcknowledgesAnEmptyFrame(Mutant):
    variant = "empty"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product and not payload:
            link.to_tester(frame(b"MSH|^~\\&|A|B|C|D|20250303||ACK|1|P|2.5.1\rMSA|AA|\r"))
            return None
        return payload


class HasASmallBuffer(Mutant):
    """What is longer than it ends the connection."""

    variant = "large"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if len(payload) > BUFFER_BYTES:
            link.close()
            return None
        return payload


class ServesOneConnectionAtATime(Mutant):
    def reset(self) -> None:
        self._open: list[Link] = []

    def opened(self, link: Link) -> None:
        self._open.append(link)

    def data(self, link: Link, to_product: bool, data: bytes) -> bytes | None:
        return data if link is self._open[0] else None

    def closed(self, link: Link, by_product: bool) -> bool:
        if link in self._open:
            self._open.remove(link)
        return True


MUTANTS = {
    "hl7.mllp.frame.1": ForgetsTheLastCarriageReturn(),
    "hl7.mllp.frame.2": TakesTheEndOfTheConnectionForTheEndOfTheMessage(),
    "hl7.mllp.frame.3": AcknowledgesAnEmptyFrame(),
    "hl7.mllp.frame.4": HasASmallBuffer(),
    "hl7.mllp.conn.1": ServesOneConnectionAtATime(),
}

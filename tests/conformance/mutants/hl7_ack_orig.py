"""Emulators that cases hl7.ack.orig.* catch."""

from tests.conformance.hl7_mutants import Hears, RepeatsWhatWasRefused, Says
from tests.conformance.mangler import Link, Mutant


class AcknowledgesAnotherMessage(Says):
    true, said = b"MSA|AA|", b"MSA|AA|X"


class TakesUnknownMessages(Says):
    true, said = b"MSA|AR|", b"MSA|AA|"


class ReadsAnyVersion(Hears):
    told, heard = b"|P|3.9", b"|P|2.5.1"


class NumbersWhatHasNoNumber(Hears):
    """A message without MSH-10 is given one before it is read."""

    told, heard = b"||P|2.5.1", b"|GIVEN|P|2.5.1"


class SaysAaToErrors(Says):
    true, said = b"MSA|AE|", b"MSA|AA|"


class BlocksBehindWhatWasRejected(Mutant):
    """After the first AR it sends nothing but the rejected message, whatever comes."""

    variant = "AR"

    def reset(self) -> None:
        self._rejected = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product:
            if b"MSA|AR|" in payload:
                self._rejected = payload.split(b"MSA|AR|")[1].split(b"\r")[0].split(b"|")[0]
            return payload
        return payload if not link.opened_by_product or not self._rejected or self._rejected in payload else None


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ack.orig.1": AcknowledgesAnotherMessage(),
    "hl7.ack.orig.2": TakesUnknownMessages(),
    "hl7.ack.orig.3": ReadsAnyVersion(),
    "hl7.ack.orig.4": NumbersWhatHasNoNumber(),
    "hl7.ack.orig.5": SaysAaToErrors(),
    "hl7.ack.orig.6": [RepeatsWhatWasRefused(), BlocksBehindWhatWasRejected()],
}

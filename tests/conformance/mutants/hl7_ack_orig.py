"""Emulators that cases hl7.ack.orig.* catch."""

from tests.conformance.hl7_mutants import Hears, RepeatsWhatWasRefused, Says
from tests.conformance.mangler import Link, Mutant, Quirk


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


class SaysAeAndDoesItAllTheSame(Mutant):
    """What is missing in a message it makes up for, and tells the sender that it cannot."""

    def reset(self) -> None:
        self.done: list[bytes] = []

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product:
            is_done = any(b"MSA|AA|" + number in payload for number in self.done)
            return payload.replace(b"MSA|AA|", b"MSA|AE|", 1) if is_done else payload
        read = self.read(payload)
        if read != payload:
            self.done.append(payload.split(b"\r")[0].split(b"|")[9])
        return read

    def read(self, payload: bytes) -> bytes:
        """What it takes the message for."""
        raise NotImplementedError


class MakesUpAPatientId(SaysAeAndDoesItAllTheSame):
    role = "ris"

    def read(self, payload: bytes) -> bytes:
        return payload.replace(b"\rPID|1||||", b"\rPID|1||NOBODY^^^RADLOOP^MR||", 1)


class TakesAMergeOfNobodyForAnUpdate(SaysAeAndDoesItAllTheSame):
    role = "pacs"

    def read(self, payload: bytes) -> bytes:
        if b"|ADT^A40^" not in payload or b"\rMRG|" in payload:
            return payload
        update = payload.replace(b"|ADT^A40^ADT_A39|", b"|ADT^A08^ADT_A01|", 1).replace(b"\rEVN|A40|", b"\rEVN|A08|", 1)
        return update + b"PV1|1|O|CLINIC\r"


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
    "hl7.ack.orig.1": [AcknowledgesAnotherMessage(), Quirk(("acknowledges_another_message",))],
    "hl7.ack.orig.2": TakesUnknownMessages(),
    "hl7.ack.orig.3": ReadsAnyVersion(),
    "hl7.ack.orig.4": NumbersWhatHasNoNumber(),
    "hl7.ack.orig.5": [SaysAaToErrors(), MakesUpAPatientId(), TakesAMergeOfNobodyForAnUpdate()],
    "hl7.ack.orig.6": [RepeatsWhatWasRefused(), BlocksBehindWhatWasRejected()],
}

"""Emulators that cases hl7.ack.orig.* catch."""

from tests.conformance.mangler import Link, Mutant


class AcknowledgesAnotherMessage(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload if to_product else payload.replace(b"MSA|AA|", b"MSA|AA|X", 1)


MUTANTS = {"hl7.ack.orig.1": AcknowledgesAnotherMessage()}

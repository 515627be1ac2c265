"""Emulators that cases hl7.mllp.send.* catch."""

from emulators.wire.er7 import parse
from tests.conformance.hl7_mutants import GivesUpAfterOneTry, NumbersEachAttemptAnew
from tests.conformance.mangler import Link, Mutant


class TakesAnyAcknowledgement(Mutant):
    """MSA-2 is not looked at: it is made right before it is read."""

    variant = "foreign"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not link.opened_by_product:
            return payload
        if not to_product:
            link.notes["control_id"] = parse(payload).msh.component(10, 1)
            return payload
        return payload.replace(b"ANOTHERMESSAGE", str(link.notes["control_id"]).encode(), 1)


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.mllp.send.1": [TakesAnyAcknowledgement(), GivesUpAfterOneTry(), NumbersEachAttemptAnew()]
}

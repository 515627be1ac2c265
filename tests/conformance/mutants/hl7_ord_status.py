"""Emulators that cases hl7.ord.status.* catch."""

from emulators.wire.mllp import frame
from tests.conformance.hl7_mutants import SaysOtherwise
from tests.conformance.mangler import Link, Mutant, Quirk


class GoesBackToScheduled(Mutant):
    """Before it says that the order is completed it says once more that it is scheduled."""

    OWN_CONTROL_ID = b"BACKTOSCHEDULED"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product:
            return None if self.OWN_CONTROL_ID in payload else payload
        if b"\rORC|SC|" in payload and b"||CM|" in payload:
            number = payload.split(b"|")[9]
            link.to_tester(frame(payload.replace(b"||CM|", b"||SC|", 1).replace(number, self.OWN_CONTROL_ID, 1)))
        return payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.status.1": [SaysOtherwise(b"||IP|", b"||SC|", b"\rORC|SC|"), GoesBackToScheduled()],
    "hl7.ord.status.2": Quirk(("takes_every_status",)),
}

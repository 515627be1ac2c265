"""Emulators that cases hl7.mllp.send.* catch."""

from emulators.wire.er7 import parse
from emulators.wire.mllp import frame
from tests.conformance.mangler import Link, Mutant


class TakesAnyAcknowledgement(Mutant):
    """MSA-2 is not looked at: it is made right before it is read."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not link.opened_by_product:
            return payload
        if not to_product:
            link.notes["control_id"] = parse(payload).msh.component(10, 1)
            return payload
        return payload.replace(b"ANOTHERMESSAGE", str(link.notes["control_id"]).encode(), 1)


class GivesUpAfterOneTry(Mutant):
    """What it sends again never arrives, and counts as taken."""

    def reset(self) -> None:
        self.sent: set[str] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product or not link.opened_by_product:
            return payload
        control_id = parse(payload).msh.component(10, 1)
        if control_id not in self.sent:
            self.sent.add(control_id)
            return payload
        link.to_product(frame(f"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|{control_id}\r".encode()))
        return None


class RepeatsUnderAnotherNumber(GivesUpAfterOneTry):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product or not link.opened_by_product:
            return payload
        control_id = parse(payload).msh.component(10, 1)
        if control_id in self.sent:
            return payload.replace(control_id.encode(), f"{control_id}R".encode(), 1)
        self.sent.add(control_id)
        return payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.mllp.send.1": [TakesAnyAcknowledgement(), GivesUpAfterOneTry(), RepeatsUnderAnotherNumber()]
}

"""Emulators that cases hl7.oru.send.* catch."""

from emulators.wire.er7 import header
from tests.conformance.hl7_mutants import GivesUpAfterOneTry, LeavesEmpty, NumbersEachAttemptAnew, answer
from tests.conformance.mangler import Link, Mutant
from tests.conformance.mutants.hl7_oru_recv import restated


class ReportsWithout(LeavesEmpty):
    within = b"|ORU^"


class TakesTheSecondSilenceForYes(Mutant):
    """What was sent twice without an answer is done with."""

    def reset(self) -> None:
        self._times: dict[str, int] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product and b"|ORU^" in payload:
            number = header(payload).component(10, 1)
            self._times[number] = self._times.get(number, 0) + 1
            if self._times[number] == 2:
                link.to_product(answer(payload))
        return payload


class SaysFinalInOneSegmentAlone(Mutant):
    """OBX-11 of a preliminary report is F."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or b"|ORU^" not in payload:
            return payload
        restated_text = restated(payload, {b"P": b"F"}).split(b"\r")
        kept = payload.split(b"\r")
        return b"\r".join(new if new.startswith(b"OBX|") else old for new, old in zip(restated_text, kept, strict=True))


class ReportsTheFirstOrderAlone(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product or b"|ORU^" not in payload:
            return payload
        first, _, _ = payload.partition(b"\rOBR|2|")
        return first.rpartition(b"\rORC|")[0] + b"\r" if _ else payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.oru.send.1": [ReportsWithout("OBR", 32), ReportsWithout("OBX", 11), SaysFinalInOneSegmentAlone()],
    "hl7.oru.send.2": [GivesUpAfterOneTry(), NumbersEachAttemptAnew(), TakesTheSecondSilenceForYes()],
    "hl7.oru.send.3": ReportsTheFirstOrderAlone(),
}

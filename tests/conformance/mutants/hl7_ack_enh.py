"""Emulators that cases hl7.ack.enh.* catch."""

from emulators.wire.er7 import parse
from tests.conformance.hl7_mutants import Hears
from tests.conformance.mangler import Link, Mutant


class KnowsOriginalModeAlone(Mutant):
    """MSH-15 and MSH-16 are not read."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        for asked in (b"|AL|AL", b"|AL|NE", b"|NE|AL", b"|ER|NE", b"|SU|NE") if to_product else ():
            payload = payload.replace(asked, b"", 1)
        return payload


class AcceptsAsIfAlwaysAsked(Hears):
    variant = "er-ne"
    told, heard = b"|ER|NE", b"|AL|NE"


class TakesRepeatsForNew(Mutant):
    """The same message again is one under another number, about something else."""

    def reset(self) -> None:
        self._times: dict[str, int] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        control_id = parse(payload).msh.component(10, 1)
        if not to_product:
            return payload
        self._times[control_id] = times = self._times.get(control_id, 0) + 1
        return payload if times == 1 else payload.replace(control_id.encode(), f"{control_id[:-1]}_".encode(), 1)


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ack.enh.1": [KnowsOriginalModeAlone(), AcceptsAsIfAlwaysAsked()],
    "hl7.ack.enh.2": TakesRepeatsForNew(),
}

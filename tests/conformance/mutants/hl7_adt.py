"""Emulators that cases hl7.adt.* catch."""

from emulators.wire.er7 import parse
from tests.conformance.hl7_mutants import AcknowledgesUnheard, Hears, answer
from tests.conformance.mangler import Link, Mutant, Quirk


class DoesNotReadTheBirthDate(Hears):
    told, heard, within = b"|19700101|", b"||", b"|ADT^"


class KeepsTheLocationOfTheAdmission(Hears):
    told, heard, within = b"WARD2", b"WARD1", b"|ADT^"


class KnowsOneAuthorityAlone(Hears):
    told, heard = b"^HOSPB^", b"^HOSPA^"


class MergesAcrossAuthorities(Hears):
    variant = "authority"
    told, heard, within = b"^HOSPA^", b"^HOSPB^", b"|ADT^A40^"


class DropsWhatNamesAMergedId(Mutant):
    """It says AA to it, and nothing comes of it."""

    def reset(self) -> None:
        self._merged: list[str] = []

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product:
            return payload
        message = parse(payload)
        mrg, pid = message.first("MRG"), message.first("PID")
        if mrg is not None:
            self._merged.append(mrg.component(1, 1))
        elif pid is not None and pid.component(3, 1) in self._merged:
            link.to_tester(answer(payload))
            return None
        return payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.adt.reg.1": DoesNotReadTheBirthDate(),
    "hl7.adt.upd.1": Quirk(("ignores_updates",)),
    "hl7.adt.upd.2": Quirk(("ignores_updates",)),
    "hl7.adt.enc.1": KeepsTheLocationOfTheAdmission(),
    "hl7.adt.id.1": KnowsOneAuthorityAlone(),
    "hl7.adt.merge.1": Quirk(("merges_the_wrong_way_round",)),
    "hl7.adt.merge.2": AcknowledgesUnheard(b"|ADT^A40^"),
    "hl7.adt.merge.3": MergesAcrossAuthorities(),
    "hl7.adt.merge.4": DropsWhatNamesAMergedId(),
}

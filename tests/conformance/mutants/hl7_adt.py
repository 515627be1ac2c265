"""Emulators that cases hl7.adt.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from emulators.wire.er7 import parse
from tests.conformance.data_set_mutants import AnotherMatch
from tests.conformance.hl7_mutants import AcknowledgesUnheard, DoesItLater, Hears, answer
from tests.conformance.mangler import Link, Message, Mutant, Quirk


class DoesNotReadTheBirthDate(Hears):
    told, heard, within = b"|19700101|", b"||", b"|ADT^"


class KeepsTheLocationOfTheAdmission(Hears):
    told, heard, within = b"WARD2", b"WARD1", b"|ADT^"


class KnowsOneAuthorityAlone(Hears):
    told, heard = b"^HOSPB^", b"^HOSPA^"


class DropsTheOrdersWithTheVisit(Mutant):
    """An admission that is cancelled takes all orders of the patient with it."""

    def reset(self) -> None:
        self.patients: set[str] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product and b"|ADT^A11^" in payload:
            self.patients.add(parse(payload).required("PID").component(3, 1))
        return payload

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        is_match = command.name == "C-FIND-RSP" and dataset is not None
        if is_match and any(patient_id.encode() in (dataset or b"") for patient_id in self.patients):
            return None
        return command, dataset


class KeepsTheNamesOfTheMerged(AnotherMatch):
    """What is under another ID now goes on under the name that it had."""

    def reset(self) -> None:
        self.names: dict[str, str] = {}

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.PatientName = self.names.setdefault(str(dataset.StudyInstanceUID), str(dataset.PatientName))
        return dataset


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
    "hl7.adt.enc.1": [KeepsTheLocationOfTheAdmission(), DropsTheOrdersWithTheVisit()],
    "hl7.adt.id.1": KnowsOneAuthorityAlone(),
    "hl7.adt.merge.1": [Quirk(("merges_the_wrong_way_round",)), KeepsTheNamesOfTheMerged()],
    "hl7.adt.merge.2": AcknowledgesUnheard(b"|ADT^A40^"),
    "hl7.adt.merge.3": [MergesAcrossAuthorities(), DoesItLater(MergesAcrossAuthorities(), b"|ADT^A40^", "AA")],
    "hl7.adt.merge.4": DropsWhatNamesAMergedId(),
}

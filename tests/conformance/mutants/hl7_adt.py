"""Emulators that cases hl7.adt.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from emulators.wire.er7 import parse
from emulators.wire.mllp import frame
from tests.conformance.data_set_mutants import AnotherMatch
from tests.conformance.mangler import Link, Mutant, Quirk
from tests.conformance.mutants._changes import DoesItLater


def acknowledge(link: Link, payload: bytes) -> None:
    """AA to the tester's message, in the product's place."""
    control_id = parse(payload).msh.component(10, 1)
    link.to_tester(frame(f"MSH|^~\\&|||||||ACK|1|P|2.5.1\rMSA|AA|{control_id}\r".encode()))


class Replaces(Mutant):
    """What the product is told is read otherwise, in messages of one kind."""

    def __init__(self, kind: bytes, told: bytes, read: bytes) -> None:
        self._kind = kind
        self._told = told
        self._read = read

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload.replace(self._told, self._read) if to_product and self._kind in payload else payload


class DoesNotReadTheBirthDate(Replaces):
    def __init__(self) -> None:
        super().__init__(b"|ADT^", b"|19700101|", b"||")


class KeepsTheLocationOfTheAdmission(Replaces):
    def __init__(self) -> None:
        super().__init__(b"|ADT^", b"WARD2", b"WARD1")


class DropsTheOrdersWithTheVisit(Mutant):
    """An admission that is cancelled takes all orders of the patient with it."""

    def reset(self) -> None:
        self.patients: set[str] = set()

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product and b"|ADT^A11^" in payload:
            self.patients.add(parse(payload).required("PID").component(3, 1))
        return payload

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
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


class KnowsOneAuthorityAlone(Replaces):
    def __init__(self) -> None:
        super().__init__(b"MSH|", b"^HOSPB^", b"^HOSPA^")


class MergesAcrossAuthorities(Replaces):
    def __init__(self) -> None:
        super().__init__(b"|ADT^A40^", b"^HOSPA^", b"^HOSPB^")


class IgnoresMerges(Mutant):
    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if to_product and b"|ADT^A40^" in payload:
            acknowledge(link, payload)
            return None
        return payload


class DropsWhatNamesAMergedId(Mutant):
    """It says AA to it, and nothing comes of it."""

    def reset(self) -> None:
        self.merged: list[str] = []

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product:
            return payload
        message = parse(payload)
        mrg, pid = message.first("MRG"), message.first("PID")
        if mrg is not None:
            self.merged.append(mrg.component(1, 1))
        elif pid is not None and pid.component(3, 1) in self.merged:
            acknowledge(link, payload)
            return None
        return payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.adt.reg.1": DoesNotReadTheBirthDate(),
    "hl7.adt.upd.1": Quirk(("ignores_updates",)),
    "hl7.adt.upd.2": Quirk(("ignores_updates",)),
    "hl7.adt.enc.1": [KeepsTheLocationOfTheAdmission(), DropsTheOrdersWithTheVisit()],
    "hl7.adt.id.1": KnowsOneAuthorityAlone(),
    "hl7.adt.merge.1": [Quirk(("merges_the_wrong_way_round",)), KeepsTheNamesOfTheMerged()],
    "hl7.adt.merge.2": IgnoresMerges(),
    "hl7.adt.merge.3": [MergesAcrossAuthorities(), DoesItLater(MergesAcrossAuthorities(), b"|ADT^A40^", "AA")],
    "hl7.adt.merge.4": DropsWhatNamesAMergedId(),
}

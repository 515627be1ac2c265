"""Reading systems that cases rpt.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import ChangesDataSets, counting
from tests.conformance.hl7_mutants import AcknowledgesUnheard, Hears, Says
from tests.conformance.mangler import Link, Message, Mutant


class Reports(Mutant):
    """Its ORU^R01, changed."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return payload if to_product or b"|ORU^R01" not in payload.split(b"\r")[0] else self.written(payload)

    def written(self, payload: bytes) -> bytes:
        raise NotImplementedError


class SignsForThePatientListedLast(Reports):
    """Whoever came onto the list last is the patient of every report."""

    def reset(self) -> None:
        self._patient = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if to_product and b"|ORM^O01" in payload:
            self._patient = _segment(payload, b"PID")
        return super().hl7(link, to_product, payload)

    def written(self, payload: bytes) -> bytes:
        return payload.replace(_segment(payload, b"PID"), self._patient)


class NamesTheFirstAccession(Reports):
    """Every report is under the accession number that was reported on first."""

    def reset(self) -> None:
        self._first = b""

    def written(self, payload: bytes) -> bytes:
        accession = _segment(payload, b"OBR").split(b"|")[18]
        self._first = self._first or accession
        return payload.replace(accession, self._first)


class SaysOfAll(Reports):
    """A status in OBR-25 and OBX-11 instead of another one."""

    def __init__(self, instead_of: bytes, status: bytes) -> None:
        self._instead_of = instead_of
        self._status = status

    def written(self, payload: bytes) -> bytes:
        lines = payload.split(b"\r")
        for number, line in enumerate(lines):
            fields = line.split(b"|")
            place = {b"OBR": 25, b"OBX": 11}.get(fields[0])
            if place is not None and fields[place : place + 1] == [self._instead_of]:
                fields[place] = self._status
                lines[number] = b"|".join(fields)
        return b"\r".join(lines)


class ReportsOnTheFirstOrder(Reports):
    """Of several orders that were read as one."""

    def written(self, payload: bytes) -> bytes:
        first, *others = payload.split(b"\rORC|")
        return b"\rORC|".join([first, *others[:1]]) + (b"\r" if others[1:] else b"")


class KnowsItsList(Mutant):
    """It tells the studies on its list from others."""

    def reset(self) -> None:
        self._listed = b""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        self._listed += payload if to_product else b""
        return payload

    def is_listed(self, link: Link, context_id: int, dataset: bytes) -> bool:
        """Whether the study of an identifier is on it."""
        study = str(decode(dataset, link.contexts[context_id]).StudyInstanceUID)
        return study.encode() in self._listed


class LooksForNoPriors(KnowsItsList):
    """It sees of the archive's answers those about studies on its list alone."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if to_product and command.name == "C-FIND-RSP" and dataset and not self.is_listed(link, context_id, dataset):
            return None
        return command, dataset


class WaitsForPriors(KnowsItsList):
    """What is on its list is not asked for before a C-MOVE for another study of its patients has been answered."""

    def reset(self) -> None:
        super().reset()
        self._priors: set[str] = set()
        self._has_priors = False
        self._waiting: list[tuple[Link, int, Command, bytes | None]] = []

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if to_product and command.name == "C-FIND-RSP" and dataset:
            found = decode(dataset, link.contexts[context_id])
            if str(found.PatientID).encode() in self._listed and not self.is_listed(link, context_id, dataset):
                self._priors.add(str(found.StudyInstanceUID))
        if command.name == "C-MOVE-RQ" and dataset:
            link.notes["is prior"] = decode(dataset, link.contexts[context_id]).StudyInstanceUID in self._priors
            if not self._has_priors and self.is_listed(link, context_id, dataset):
                self._waiting.append((link, context_id, command, dataset))
                return None
        if command.name == "C-MOVE-RSP" and link.notes.get("is prior"):
            self._has_priors = True
            for held, held_context_id, held_command, held_dataset in self._waiting:
                held.send_message(False, held_context_id, held_command, held_dataset)
            self._waiting.clear()
        return command, dataset


class ReadsEverythingAsRoutine(Hears):
    told, heard = b"^^S|", b"^^R|"


class TakesOneImageForAll(ChangesDataSets):
    """The archive's number of instances says nothing to it: one is enough."""

    def __init__(self) -> None:
        super().__init__("C-FIND-RSP", counting(lambda _: 1), to_product=True)


def _name_the_patient(dataset: Dataset) -> None:
    dataset.PatientName = "Doe^Jane"


def _segment(payload: bytes, name: bytes) -> bytes:
    return next(line for line in payload.split(b"\r") if line.startswith(name))


class TakesAnAccessionForADuplicate(Mutant):
    """An engine to which a report under a number that it has seen is the same report."""

    role = "engine"

    def reset(self) -> None:
        self._seen: dict[bytes, bytes] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes | None:
        if not to_product or b"|ORU^R01" not in payload.split(b"\r")[0]:
            return payload
        accession = _segment(payload, b"OBR").split(b"|")[18]
        _, _, rest = self._seen.setdefault(accession, payload).partition(b"\r")
        return payload.partition(b"\r")[0] + b"\r" + rest


class TakesWhatItCannotKeep(Says):
    """A reading system that answers AA for a case that it does not list."""

    role = "reporting"
    true, said = b"MSA|AE|", b"MSA|AA|"


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "rpt.wl.1": [AcknowledgesUnheard(b"ORC|CA|"), AcknowledgesUnheard(b"ORC|SC|")],
    "rpt.ctx.1": [SignsForThePatientListedLast(), NamesTheFirstAccession()],
    "rpt.prior.1": [LooksForNoPriors(), WaitsForPriors()],
    "rpt.stat.1": ReadsEverythingAsRoutine(),
    "rpt.state.1": [SaysOfAll(b"C", b"P"), SaysOfAll(b"P", b"F"), SaysOfAll(b"W", b"F")],
    "rpt.multi.1": ReportsOnTheFirstOrder(),
    "rpt.tele.1": [TakesAnAccessionForADuplicate(), TakesWhatItCannotKeep()],
    "rpt.qr.1": [TakesOneImageForAll(), ChangesDataSets("C-MOVE-RQ", _name_the_patient)],
}

"""Emulators that cases hl7.oru.recv.* catch."""

from collections.abc import Mapping

from tests.conformance.hl7_mutants import DoesItLater
from tests.conformance.mangler import Link, Mutant, Quirk


def restated(payload: bytes, codes: Mapping[bytes, bytes]) -> bytes:
    """A report with other statuses in OBR-25 and OBX-11."""
    lines = payload.split(b"\r")
    for number, line in enumerate(lines):
        place = {b"OBR|": 25, b"OBX|": 11}.get(line[:4])
        fields = line.split(b"|")
        if place and len(fields) > place:
            fields[place] = codes.get(fields[place], fields[place])
            lines[number] = b"|".join(fields)
    return b"\r".join(lines)


class ReadsStatusAs(Mutant):
    """Some codes of OBR-25 and OBX-11 are others to it."""

    def __init__(self, **codes: str) -> None:
        self._codes = {code.strip("_").encode(): meaning.encode() for code, meaning in codes.items()}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        return restated(payload, self._codes) if to_product and b"|ORU^" in payload else payload


class SaysFinalOfCorrected(Mutant):
    """A RIS that forgets, when it sends a report on, that it was a correction."""

    role = "ris"

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        is_sent_on = not to_product and link.opened_by_product and b"|ORU^" in payload
        return restated(payload, {b"C": b"F"}) if is_sent_on else payload


class KeepsTheLastObservation(Mutant):
    """Each OBX takes the place of the one before, whatever its sub-ID or suffix; of a repeated OBX-5 the last counts."""

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        if not to_product or b"|ORU^" not in payload:
            return payload
        lines = [line for line in payload.split(b"\r") if line]
        last = next(line for line in reversed(lines) if line.startswith(b"OBX|"))
        fields = last.split(b"|")
        fields[3], fields[5] = fields[3].replace(b"&ADT", b""), fields[5].split(b"~")[-1]
        kept = [line for line in lines if not line.startswith(b"OBX|")]
        kept = [line for line in kept if not line.startswith(b"OBR|2|")]
        return b"\r".join([*kept, b"|".join(fields), b""])


class GoesByTheOrderAlone(Mutant):
    """Every report is about the patient of the order that it names."""

    def reset(self) -> None:
        self._patients: dict[bytes, bytes] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        found = {line[:3]: line for line in payload.split(b"\r")}
        placer = found[b"ORC"].split(b"|")[2] if b"ORC" in found else b""
        if placer and not to_product:
            self._patients[placer] = found[b"PID"]
        if to_product and b"|ORU^" in payload and placer in self._patients:
            said, known = (line.split(b"|")[3].split(b"^")[0] for line in (found[b"PID"], self._patients[placer]))
            return payload if said == known else payload.replace(found[b"PID"], self._patients[placer])
        return payload


class GoesByThePatientAlone(Mutant):
    """A report for an unknown order is put on the patient's last order."""

    def reset(self) -> None:
        self._orders: dict[bytes, list[bytes]] = {}

    def hl7(self, link: Link, to_product: bool, payload: bytes) -> bytes:
        found = {line[:3]: line.split(b"|") for line in payload.split(b"\r")}
        if b"ORC" not in found:
            return payload
        patient, order = found[b"PID"][3].split(b"^")[0], found[b"ORC"]
        known = self._orders.setdefault(patient, [])
        if not to_product:
            known.append(order[2])
        elif b"|ORU^" in payload and known and order[2] not in known:
            return payload.replace(order[2], known[-1])
        return payload


MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.oru.recv.1": ReadsStatusAs(F="P"),
    "hl7.oru.recv.2": [ReadsStatusAs(C="P"), SaysFinalOfCorrected()],
    "hl7.oru.recv.3": KeepsTheLastObservation(),
    "hl7.oru.recv.4": ReadsStatusAs(X="F", D="F", W="F"),
    "hl7.oru.recv.5": [ReadsStatusAs(A="F", Z="F", _="F"), DoesItLater(ReadsStatusAs(A="F", Z="F", _="F"), b"|ORU^", "AE")],
    "hl7.oru.recv.6": [GoesByThePatientAlone(), DoesItLater(GoesByThePatientAlone(), b"|ORU^", "AE")],
    "hl7.oru.recv.7": Quirk(("preliminary_wins",)),
    "hl7.oru.recv.8": KeepsTheLastObservation(),
    "hl7.oru.recv.9": [GoesByTheOrderAlone(), DoesItLater(GoesByTheOrderAlone(), b"|ORU^", "AE")],
}

"""Who is who for an archive: patients by ID and issuer as ADT last described them, and what became of merged IDs.

An ID is its number and its issuer; the same number of another issuer is another patient. An issuer that is not said differs
from none: it is that of the one patient known under the number, if there is one.

A merge (A40) of B into A:

====================================  =================================================================================
B, A                                  then
====================================  =================================================================================
B in use, A in use or unknown         B is over: whatever names it belongs to A
B in use, A over, merged into B       the inverse: A is in use again, B is over and belongs to A
B in use, A over, merged into C       B is over and belongs to C, as after merges in their order
B over                                nothing: said again, or late
B is A                                nothing
====================================  =================================================================================

What is said of an ID that is over changes nobody: it would have been merged away, had it come in time.
"""

from dataclasses import replace

from emulators.messages.adt import MergePatients, PatientMessage, current
from emulators.messages.common import Patient

PatientId = tuple[str, str]
"""Number and issuer."""


class PatientIndex:
    """Patients as ADT described them. What ADT never named stays as others name it."""

    def __init__(self) -> None:
        self._known: dict[PatientId, Patient] = {}
        self._issuers: dict[str, list[str]] = {}
        self._survivors: dict[PatientId, PatientId] = {}

    def take(self, message: PatientMessage | MergePatients) -> None:
        """Remember what an ADT message says."""
        if isinstance(message, MergePatients):
            self._merge(message)
            return
        self._take_issuer(message.patient.patient_id, message.patient.issuer)
        named = self._named(message.patient)
        if named not in self._survivors:
            self._learn(named, message)

    def resolved(self, patient: Patient) -> Patient:
        """The patient whom ``patient`` names, as ADT described them; ``patient`` itself where ADT never did."""
        return self._known.get(self._survivor(self._named(patient)), patient)

    def same(self, one: Patient, other: Patient) -> bool:
        """Whether both name the same patient."""
        first, second = self._survivor(self._named(one)), self._survivor(self._named(other))
        return first == second or (first[0] == second[0] and not (first[1] and second[1]))

    def _merge(self, message: MergePatients) -> None:
        self._take_issuer(message.prior_patient_id, message.prior_issuer)
        self._take_issuer(message.patient.patient_id, message.patient.issuer)
        into = self._named(message.patient)
        over = self._number(message.prior_patient_id, message.prior_issuer)
        if over == into or over in self._survivors:
            return
        if into in self._survivors and self._survivor(into) == over:
            del self._survivors[into]
        self._survivors[over] = into
        self._note_issuer(over)
        if into not in self._survivors:
            self._learn(into, message)

    def _learn(self, named: PatientId, message: PatientMessage | MergePatients) -> None:
        self._note_issuer(named)
        patient = current(self._known.get(named), message)
        self._known[named] = patient if patient.issuer else replace(patient, issuer=named[1])

    def _take_issuer(self, number: str, issuer: str) -> None:
        """An issuer that is said for the first time is that of the one patient known under the number without."""
        if not issuer or self._issuers.get(number) != [""]:
            return
        before, now = (number, ""), (number, issuer)
        self._issuers[number] = [issuer]
        if before in self._known:
            self._known[now] = self._known.pop(before)
        new = {before: now}
        self._survivors = {new.get(over, over): new.get(into, into) for over, into in self._survivors.items()}

    def _note_issuer(self, named: PatientId) -> None:
        issuers = self._issuers.setdefault(named[0], [])
        if named[1] not in issuers:
            issuers.append(named[1])

    def _named(self, patient: Patient) -> PatientId:
        return self._number(patient.patient_id, patient.issuer)

    def _number(self, number: str, issuer: str) -> PatientId:
        issuers = self._issuers.get(number, ())
        if len(issuers) == 1 and not (issuer and issuers[0]):
            return number, issuers[0]
        return number, issuer

    def _survivor(self, named: PatientId) -> PatientId:
        while named in self._survivors:
            named = self._survivors[named]
        return named

"""The patients of a RIS: what patient administration says reaches every procedure of the patient.

Declared behaviour: an order stays when its visit is cancelled or ends. A visit's location follows on the worklist. What is said
of a merged ID changes nobody (``patient_index``); a merge across assigning authorities is refused.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.actors.patient_index import PatientIndex
from emulators.actors.requested_procedures import Procedure, ProcedureTable
from emulators.actors.ris_letters import Letters
from emulators.actors.system import ACCEPTED, UNKNOWN_KEY, Accepted, RequestMethod, refused
from emulators.core.effect import Effect
from emulators.messages.adt import PERSON_MESSAGES, VISIT_MESSAGES, MergePatients, PatientMessage
from emulators.messages.common import Patient, Visit


class RisPatients:
    def __init__(self, table: ProcedureTable, letters: Letters) -> None:
        self._table = table
        self._letters = letters
        self._index = PatientIndex()
        self._visits: dict[str, Visit] = {}
        self.requests: dict[type, RequestMethod] = {
            **dict.fromkeys(VISIT_MESSAGES, self._describe),
            MergePatients: self._merge,
        }

    def resolved(self, patient: Patient) -> Patient:
        """The patient as administration knows them, under the ID that is in use."""
        return self._index.resolved(patient)

    def same(self, one: Patient, other: Patient) -> bool:
        return self._index.same(one, other)

    def visit(self, said: Visit) -> Visit:
        """The visit after what is said of it: what is left out stays."""
        known = self._visits.get(said.visit_number)
        if known == said or not said.visit_number:
            return said
        if known is not None:
            said = replace(
                said,
                location=said.location or known.location,
                referring_physician=said.referring_physician if said.referring_physician.pn else known.referring_physician,
            )
        self._visits[said.visit_number] = said
        return said

    def _describe(self, message: PatientMessage, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        self._index.take(message)
        visit = None if isinstance(message, PERSON_MESSAGES) else self.visit(message.visit)
        return ACCEPTED, self._follow(message.patient, message.patient.patient_id, visit)

    def _merge(self, message: MergePatients, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        issuer = message.patient.issuer
        if issuer and message.prior_issuer not in ("", issuer):
            return refused(UNKNOWN_KEY, "MRG-1"), ()
        self._index.take(message)
        return ACCEPTED, self._follow(message.patient, message.prior_patient_id)

    def _follow(self, patient: Patient, patient_id: str, visit: Visit | None = None) -> Sequence[Effect]:
        """Bring the procedures of a patient, and those under another number, up to what is known now."""
        numbers = (patient_id, patient.patient_id, self._index.resolved(patient).patient_id)
        return [effect for one in self._table.of_patients(numbers) for effect in self._bring_up(one, visit)]

    def _bring_up(self, procedure: Procedure, visit: Visit | None) -> Sequence[Effect]:
        if visit is not None and visit.visit_number == procedure.visit.visit_number and visit != procedure.visit:
            procedure.visit = visit
            self._letters.refresh(procedure)
        patient = self._index.resolved(procedure.patient)
        if patient == procedure.patient:
            return ()
        self._table.change_patient(procedure, patient)
        return self._letters.changed(procedure)

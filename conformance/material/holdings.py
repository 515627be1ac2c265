"""What a product holds of a patient: orders on the worklist of a RIS, studies in an archive.

Each has a key that no merge changes, its Study Instance UID.
"""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.effects import archived_study
from conformance.material.orders import Order, new_order, order_of
from conformance.material.patients import Patient
from conformance.material.read_back import claimed, studies, worklist
from conformance.material.telling import told
from conformance.trial import Trial
from conformance.verdict import Failure


@dataclass(frozen=True, slots=True)
class Holdings:
    """Of the product of a trial: a RIS or a PACS."""

    trial: Trial

    def put(self, patient: Patient, order: Order | None = None) -> str:
        """An order for the patient, or a study of theirs; its key. Raises Inconclusive."""
        if self.trial.role == "pacs":
            named = {"PatientName": patient.dicom_name, "PatientBirthDate": patient.birth_date, "PatientSex": patient.sex}
            return archived_study(self.trial, PatientID=patient.patient_id, IssuerOfPatientID=patient.issuer, **named).uid
        return self._ordered(order or order_of(self.trial, patient))

    def _ordered(self, order: Order) -> str:
        claimed(self.trial, "orders", "worklist")
        before = self.entries(PatientID=order.patient.patient_id)
        with self.trial.beforehand("an order is on the worklist"):
            told(self.trial, new_order(self.trial, order))
            found: list[str] = []

            def appeared() -> bool:
                new = self.entries(PatientID=order.patient.patient_id).keys() - before.keys()
                found[:] = sorted(new)
                return bool(new)

            self.trial.expect(self.trial.eventually(appeared, self.trial.timers.propagation_s), "an entry", "none")
        return found[0]

    def entries(self, **keys: str) -> dict[str, Dataset]:
        """Worklist entries or studies with these values, by key."""
        found = (studies if self.trial.role == "pacs" else worklist)(self.trial, **keys).matches
        return {str(one.get("StudyInstanceUID", "")): one for one in found}

    def of(self, patient_id: str) -> set[str]:
        """The keys of what is found under a patient ID."""
        return set(self.entries(PatientID=patient_id))

    def entry(self, key: str) -> Dataset:
        """Raises Failure where it is not found any more."""
        found = self.entries(StudyInstanceUID=key) if self.trial.role == "pacs" else self.entries()
        if key not in found:
            what = "the study" if self.trial.role == "pacs" else "the worklist entry"
            raise Failure(f"{what} that was there before", "it is not found any more")
        return found[key]

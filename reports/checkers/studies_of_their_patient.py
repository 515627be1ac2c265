"""Nothing is misfiled: a study and its orders end with the same patient, whatever was typed, merged or corrected meanwhile."""

from emulators.trace import Record
from reports.measures.survivors import Survivors


class Checker:
    """A study that is matched belongs to the patient of each of its orders."""

    kinds = ("note", "exchange")
    needs = "pacs"

    def __init__(self) -> None:
        self._patient_of_order: dict[str, str] = {}
        """By accession number."""
        self._filed: dict[str, tuple[str, str]] = {}
        """Study Instance UID to accession numbers and patient, of matched studies."""
        self._survivors = Survivors()

    def __call__(self, record: Record) -> None:
        if record["record"] == "exchange":
            if record["message"] == "MergePatients":
                self._survivors.merge(record)
        elif record["name"] == "procedure scheduled":
            self._patient_of_order[record["accession"]] = record["mrn"]
        elif record["name"] == "study reconciled":
            if record["state"] == "matched":
                self._filed[record["subject"]] = record["accession"], record["mrn"]
            else:
                self._filed.pop(record["subject"], None)

    def violations(self) -> list[str]:
        wrong: list[str] = []
        for study, (accessions, filed) in self._filed.items():
            for accession in accessions.split("+"):
                patient = self._patient_of_order.get(accession)
                if patient is not None and self._survivors.of(patient) != self._survivors.of(filed):
                    wrong.append(f"study {study}: filed under patient {filed}, its order {accession} is for patient {patient}")
        return sorted(wrong)

"""Which patient IDs are one patient: a merged ID is named by its survivor, however many merges follow each other."""

from emulators.trace import Record


class Survivors:
    def __init__(self) -> None:
        self._survivor: dict[str, str] = {}

    def merge(self, record: Record) -> None:
        """An exchange ``MergePatients``, on whatever link."""
        if record["mrn"] != record["prior_mrn"]:
            self._survivor[record["prior_mrn"]] = record["mrn"]

    def of(self, patient: str) -> str:
        """The ID that is in use; the same one if it was never merged. A circle ends where it began."""
        followed = {patient}
        while patient in self._survivor and self._survivor[patient] not in followed:
            patient = self._survivor[patient]
            followed.add(patient)
        return patient

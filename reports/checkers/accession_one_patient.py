"""Nothing is misfiled: the identifiers of an exam stay together on every link."""

from emulators.trace import Record


class Checker:
    """An accession number names one patient, whoever says it."""

    def __init__(self) -> None:
        self._patient: dict[str, str] = {}
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        accession = record.get("accession")
        if accession is None or "mrn" not in record:
            return
        mrn = record["mrn"]
        first = self._patient.setdefault(accession, mrn)
        if first != mrn:
            self._violations.add(f"accession number {accession}: patient {first} and patient {mrn}")

    def violations(self) -> list[str]:
        return sorted(self._violations)

"""A chart never goes back from a final report, and never skips what was signed before it."""

from emulators.trace import Record


class Checker:
    """A final report is filed after the preliminary one that was signed before it, and no preliminary one after it."""

    kinds = ("note",)
    needs = ""

    def __init__(self) -> None:
        self._preliminary: dict[str, bool] = {}
        """Accession number to whether the preliminary report, which is signed, is filed."""
        self._final: set[str] = set()
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        name = record["name"]
        if name in ("report signed", "report covers"):
            if record["status"] == "P":
                self._preliminary.setdefault(record["accession"], False)
        elif name == "report filed":
            self._filed(record["accession"], record["status"])

    def _filed(self, accession: str, status: str) -> None:
        if status == "P":
            self._preliminary[accession] = True
            if accession in self._final:
                self._violations.add(f"study {accession}: a preliminary report was filed after the final one")
        elif status in "FC":
            self._final.add(accession)
            if not self._preliminary.get(accession, True):
                self._violations.add(f"study {accession}: the final report was filed before the preliminary one")

    def violations(self) -> list[str]:
        return sorted(self._violations)

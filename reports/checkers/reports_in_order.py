"""A chart never goes back from a final report, and never skips what was signed before it."""

from emulators.trace import Record


class Checker:
    """A final report is filed after the preliminary one that was signed before it, and no preliminary one after it."""

    kinds = ("note",)

    def __init__(self) -> None:
        self._preliminary_waits: set[str] = set()
        """Orders whose preliminary report is signed and not filed."""
        self._final: set[str] = set()
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        if record["record"] != "note":
            return
        name, placer = record["name"], record["subject"]
        if name == "report signed":
            if record["status"] == "P":
                self._preliminary_waits.add(placer)
        elif name == "report filed":
            self._filed(placer, record["status"])

    def _filed(self, placer: str, status: str) -> None:
        if status == "P":
            self._preliminary_waits.discard(placer)
            if placer in self._final:
                self._violations.add(f"order {placer}: a preliminary report was filed after the final one")
        elif status == "F":
            self._final.add(placer)
            if placer in self._preliminary_waits:
                self._violations.add(f"order {placer}: the final report was filed before the preliminary one")

    def violations(self) -> list[str]:
        return sorted(self._violations)

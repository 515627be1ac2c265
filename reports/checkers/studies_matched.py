"""No acquired study is left in the hold queue or without an order."""

from emulators.trace import Record


class Checker:
    """Every study that was acquired is matched to its order and patient in the archive."""

    kinds = ("stimulus", "note")

    def __init__(self) -> None:
        self._acquired: set[str] = set()
        self._states: dict[str, str] = {}
        """Accession number to the last state."""

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "stimulus":
            if record["name"] == "images acquired":
                self._acquired.add(record["subject"])
        elif kind == "note" and record["name"] == "study reconciled":
            self._states[record["accession"]] = record["state"]

    def violations(self) -> list[str]:
        states = {accession: self._states.get(accession, "not in the archive") for accession in self._acquired}
        states |= {accession: state for accession, state in self._states.items() if state != "matched"}
        return sorted(f"study {accession}: {state}" for accession, state in states.items() if state != "matched")

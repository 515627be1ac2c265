"""No study is left in the hold queue or without an order."""

from emulators.trace import Record


class Checker:
    """Every study in the archive ends matched to its order and patient, by itself or by a person, or is rejected by one."""

    kinds = ("note",)
    needs = "pacs"

    def __init__(self) -> None:
        self._states: dict[str, tuple[str, str]] = {}
        """Study Instance UID to the last state and its reason."""

    def __call__(self, record: Record) -> None:
        if record["name"] == "study reconciled":
            self._states[record["subject"]] = record["state"], record["reason"]

    def violations(self) -> list[str]:
        return sorted(
            f"study {study}: {state}{f', {reason}' if reason else ''}"
            for study, (state, reason) in self._states.items()
            if state not in ("matched", "rejected")
        )

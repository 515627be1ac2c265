"""A retry repeats an instance; it never brings another one under the same UID."""

from emulators.trace import Record


class Checker:
    """No instance comes again under its UID with different content."""

    kinds = ("stored",)
    needs = ""

    def __init__(self) -> None:
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        if record["record"] == "stored" and record["duplicates_different"]:
            system, study, count = record["system"], record["study"], record["duplicates_different"]
            self._violations.add(f"study {study}: {count} came again to {system} with different content")

    def violations(self) -> list[str]:
        return sorted(self._violations)

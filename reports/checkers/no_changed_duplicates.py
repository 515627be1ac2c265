"""A retry repeats an instance; it never brings another one under the same UID.

What a reading system has is another matter: it gets an instance again, and other, when the archive has learnt whose it is.
"""

from emulators.trace import Record


class Checker:
    """No instance comes again to the archive under its UID with different content."""

    kinds = ("stored",)
    needs = "pacs"

    def __init__(self) -> None:
        self._violations: set[str] = set()

    def __call__(self, record: Record) -> None:
        if record["system"] == self.needs and record["duplicates_different"]:
            study, count = record["study"], record["duplicates_different"]
            self._violations.add(f"study {study}: {count} came again with different content")

    def violations(self) -> list[str]:
        return sorted(self._violations)

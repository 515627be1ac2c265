"""Nothing is lost between the scanner and the archive, and nothing is there twice."""

from collections import Counter

from emulators.trace import Record


class Checker:
    """The archive holds as many instances of a study as the scanner sent, each once."""

    kinds = ("note", "stored")
    needs = "pacs"

    def __init__(self) -> None:
        self._study: dict[tuple[str, str], str] = {}
        """Scanner and what it knows the exam by, to Study Instance UID."""
        self._sent: Counter[str] = Counter()
        self._held: Counter[str] = Counter()

    def __call__(self, record: Record) -> None:
        if record["record"] == "stored":
            if record["system"] == self.needs:
                self._held[record["study"]] += record["instances"]
        elif record["name"] == "exam started":
            self._study[record["system"], record["subject"]] = record["study"]
        elif record["name"] == "study sent":
            self._sent[self._study[record["system"], record["subject"]]] += record["instances"]

    def violations(self) -> list[str]:
        return sorted(
            f"study {study}: {self._held[study]} of {sent} instances in the archive"
            for study, sent in self._sent.items()
            if self._held[study] != sent
        )

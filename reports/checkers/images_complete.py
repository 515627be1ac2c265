"""Nothing is lost between the scanner and the archive, and nothing is there twice."""

from collections import Counter

from emulators.trace import Record


class Checker:
    """The archive holds as many instances of a study as the scanner sent, each once."""

    kinds = ("note", "stored")

    archive = "pacs"

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        """Accession number to instances."""
        self._study: dict[str, str] = {}
        """Accession number to Study UID."""
        self._held: Counter[str] = Counter()

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "note":
            name = record["name"]
            if name == "procedure scheduled":
                self._study[record["accession"]] = record["study"]
            elif name == "study sent":
                self._sent[record["subject"]] = record["instances"]
        elif kind == "stored" and record["system"] == self.archive:
            self._held[record["study"]] += record["instances"]

    def violations(self) -> list[str]:
        held = {accession: self._held[self._study.get(accession, "")] for accession in self._sent}
        return sorted(
            f"study {accession}: {held[accession]} of {sent} instances in the archive"
            for accession, sent in self._sent.items()
            if held[accession] != sent
        )

"""Reports land in the chart exactly once."""

from collections import Counter

from emulators.trace import Record

_WORDS = {"P": "preliminary", "F": "final"}


class Checker:
    """Every report that was signed is filed in the chart exactly once, and nothing is filed that was not signed."""

    kinds = ("note",)

    def __init__(self) -> None:
        self._signed: set[tuple[str, str]] = set()
        self._filed: Counter[tuple[str, str]] = Counter()

    def __call__(self, record: Record) -> None:
        if record["record"] != "note":
            return
        name = record["name"]
        if name == "report signed":
            self._signed.add((record["subject"], record["status"]))
        elif name == "report filed":
            self._filed[record["subject"], record["status"]] += 1

    def violations(self) -> list[str]:
        wrong = {report: "signed but never filed" for report in self._signed if report not in self._filed}
        for report, count in self._filed.items():
            if report not in self._signed:
                wrong[report] = "filed but never signed"
            elif count > 1:
                wrong[report] = f"filed {count} times"
        return sorted(f"order {placer}: {_WORDS[status]} report {what}" for (placer, status), what in wrong.items())

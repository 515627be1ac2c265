"""Reports land in the chart exactly once.

A report on one order of a study covers the others that were done in it (note ``report covers``). Where one of these is signed
apart all the same, with the same text, it is one report.
"""

from collections import Counter

from emulators.trace import Record

_WORDS = {"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled", "D": "deleted", "W": "withdrawn"}


class Checker:
    """Every report that was signed is filed in the chart exactly once, and nothing is filed that was not signed."""

    kinds = ("note",)
    needs = ""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, str]]] = {
            "report signed": Counter(),
            "report covers": Counter(),
            "report filed": Counter(),
        }
        """By accession number and status; an addendum is a final report more."""

    def __call__(self, record: Record) -> None:
        counts = self._counts.get(record["name"])
        if counts is not None:
            counts[record["accession"], record["status"]] += 1

    def violations(self) -> list[str]:
        of_signer, of_others, of_chart = self._counts.values()
        wrong: list[str] = []
        for report in of_signer.keys() | of_others.keys() | of_chart.keys():
            signed, filed = max(of_signer[report], of_others[report]), of_chart[report]
            if signed != filed:
                accession, status = report
                wrong.append(f"study {accession}: {_WORDS[status]} report signed {_times(signed)}, filed {_times(filed)}")
        return sorted(wrong)


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")

"""The day by the hour: patients who came, studies acquired, final reports filed, by the clock of the hospital."""

from datetime import datetime

from emulators.trace import Record
from reports.durations import HOUR, MINUTE

HOURS_A_DAY = 24
ARRIVALS = ("register", "admit")


class Hours:
    """A trace subscriber; ``epoch`` is the wall time of instant 0. Days of a longer run are added up."""

    kinds = ("stimulus", "note")

    def __init__(self, epoch: datetime) -> None:
        self._offset_us = epoch.hour * HOUR + epoch.minute * MINUTE
        self._arrivals = [0] * HOURS_A_DAY
        self._studies = [0] * HOURS_A_DAY
        self._reports = [0] * HOURS_A_DAY

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "stimulus":
            if record["name"] in ARRIVALS:
                self._arrivals[self._hour(record)] += 1
            elif record["name"] == "images acquired":
                self._studies[self._hour(record)] += 1
        elif kind == "note" and record["name"] == "report filed" and record["status"] == "F" and not record["addendum"]:
            self._reports[self._hour(record)] += 1

    def _hour(self, record: Record) -> int:
        hour: int = (record["at"] + self._offset_us) // HOUR % HOURS_A_DAY
        return hour

    def result(self) -> list[dict[str, int]]:
        """One row per hour of the day, 0 to 23."""
        return [
            {"hour": hour, "arrivals": arrivals, "studies": studies, "reports": reports}
            for hour, (arrivals, studies, reports) in enumerate(zip(self._arrivals, self._studies, self._reports, strict=True))
        ]

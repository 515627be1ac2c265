"""Reading: radiologists with shifts take cases from the reading list, STAT first, then the longest waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import simpy

from datasets.draws import Draws
from datasets.narratives import final_text, preliminary_text
from datasets.people import StaffSource
from emulators.core.instant import DAY, HOUR, MINUTE, Instant
from emulators.kernel import Kernel
from emulators.messages.common import PersonName
from emulators.site import WORKSTATION
from sim.scenario import Scenario, Shift
from sim.world.imaging import PRIORITY
from sim.world.people import Case
from sim.world.waiting import Process, until_noted


@dataclass(order=True, slots=True)
class _Listed:
    """A case on the reading list, in the order in which it is taken."""

    priority: int
    since: Instant
    accession: str
    placer: str = field(compare=False)


class Reading:
    """``cases`` gives the case of a placer order number; texts are a function of it, never of who reads or when."""

    def __init__(self, kernel: Kernel, scenario: Scenario, draws: Draws, cases: Mapping[str, Case]) -> None:
        self._kernel = kernel
        self._settings = scenario.world.reading
        self._patience_us = round(scenario.world.patience_min * MINUTE)
        self._draws = draws
        self._cases = cases
        self._list = simpy.PriorityStore(kernel.environment)
        kernel.listen("study listed", self._study_listed)
        staff = StaffSource(draws.seed)
        for number, shift in enumerate(scenario.world.radiologists):
            member = staff.staff("radiologist", number)
            reader = PersonName(member.family_name, member.given_name)
            kernel.environment.process(self._radiologist(reader, shift))

    def _study_listed(self, accession: str, fields: Mapping[str, Any]) -> None:
        self._list.put(_Listed(PRIORITY[fields["priority"]], self._kernel.now, accession, fields["placer"]))

    def _radiologist(self, reader: PersonName, shift: Shift) -> Process:
        """Take a case while on duty; what comes to hand off duty goes back on the list."""
        environment = self._kernel.environment
        while True:
            yield environment.timeout(until_on_duty_us(shift, self._kernel.now))
            listed: _Listed = yield self._list.get()
            if until_on_duty_us(shift, self._kernel.now):
                self._list.put(listed)
                continue
            yield from self._read(listed, reader)

    def _read(self, listed: _Listed, reader: PersonName) -> Process:
        kernel, case = self._kernel, self._cases[listed.placer]
        accession = listed.accession

        def open_study() -> None:
            kernel.stimulate(WORKSTATION, "open study", {"subject": accession, "reader": reader})

        yield from until_noted(kernel, "study opened", accession, self._patience_us, open_study)
        median = self._settings.median_min[case.procedure.modality]
        minutes = self._draws.lognormal(median, self._settings.sigma, "reading", case.number)
        yield kernel.environment.timeout(round(minutes * MINUTE))
        text = preliminary_text(case.procedure, self._draws, accession, case.has_prior)
        kernel.stimulate(WORKSTATION, "sign report", {"subject": accession, "status": "P", "text": text})
        kernel.environment.process(self._verify(case, accession))

    def _verify(self, case: Case, accession: str) -> Process:
        """The final signature comes later; the radiologist reads on meanwhile."""
        minutes = self._draws.exponential(self._settings.verification_mean_min, "verification", case.number)
        yield self._kernel.environment.timeout(round(minutes * MINUTE))
        text = final_text(case.procedure, self._draws, accession, case.has_prior)
        self._kernel.stimulate(WORKSTATION, "sign report", {"subject": accession, "status": "F", "text": text})


def until_on_duty_us(shift: Shift, now: Instant) -> int:
    """Microseconds until the shift's next hour on duty; 0 on duty."""
    time_of_day = now % DAY
    start, end = round(shift.start_hour * HOUR), round(shift.end_hour * HOUR)
    on_duty = start <= time_of_day < end if start < end else time_of_day >= start or time_of_day < end
    return 0 if on_duty else (start - time_of_day) % DAY

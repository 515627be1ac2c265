"""Reading: radiologists with shifts take cases from the reading list, STAT first, then the longest waiting.

What is routed to the teleradiology platform is read there, by the radiologists on its shifts. A study is read by one at a time,
and with it every order that is done in it, as far as it has come to the list.
"""

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
from emulators.site_settings import TELERADIOLOGY, WORKSTATION
from sim.scenario import Scenario, Shift
from sim.world.exams import Exams, Known
from sim.world.imaging import PRIORITY
from sim.world.waiting import Errands, Heard, Process


@dataclass(order=True, slots=True)
class _Listed:
    """A case on a reading list, in the order in which it is taken."""

    priority: int
    since: Instant
    accession: str
    study: str = field(compare=False)


class Reading:
    """Texts are a function of the case, never of who reads or when."""

    def __init__(self, kernel: Kernel, scenario: Scenario, draws: Draws, exams: Exams, heard: Heard, errands: Errands) -> None:
        self._kernel = kernel
        self._settings = scenario.world.reading
        self._patience_us = round(scenario.world.patience_min * MINUTE)
        self._draws = draws
        self._exams = exams
        self._heard = heard
        self._errands = errands
        self._signed: set[str] = set()
        """Accession numbers that there is a report on."""
        self._being_read: dict[str, list[tuple[simpy.PriorityStore, _Listed]]] = {}
        """By study; what else is listed of it, and on which list."""
        self._list = simpy.PriorityStore(kernel.environment)
        self._remote_list = simpy.PriorityStore(kernel.environment)
        kernel.listen("study listed", self._study_listed)
        kernel.listen("study received", self._study_received)
        kernel.listen("report signed", self._report_signed)
        kernel.listen("report covers", self._report_signed)
        staff = StaffSource(draws.seed)
        world = scenario.world
        for number, shift in enumerate((*world.radiologists, *world.teleradiologists)):
            member = staff.staff("radiologist", number)
            reader = PersonName(member.family_name, member.given_name)
            is_remote = number >= len(world.radiologists)
            kernel.environment.process(self._radiologist(reader, shift, is_remote))

    def add_to(self, known: Known, happening: str) -> None:
        """An addendum or a correction of a final report, by the system on which it was signed."""
        accession, text = known.accession_number, self._text(known)
        if happening == "corrected":
            data = {"subject": accession, "status": "C", "text": f"{text}\n\nCORRECTED: the side is the other one."}
            self._kernel.stimulate(known.read_by, "sign report", data)
        elif known.read_by == WORKSTATION:
            added = {"subject": accession, "text": "ADDENDUM: the earlier study has been compared."}
            self._kernel.stimulate(WORKSTATION, "add addendum", added)
        else:
            remote = {"subject": accession, "status": "F", "addendum": "ADDENDUM: the earlier study has been compared."}
            self._kernel.stimulate(TELERADIOLOGY, "sign report", remote)

    def _study_listed(self, accession: str, fields: Mapping[str, Any]) -> None:
        study = fields["study"]
        self._list.put(_Listed(PRIORITY[fields["priority"]], self._kernel.now, accession, study))

    def _study_received(self, study: str, fields: Mapping[str, Any]) -> None:
        """Without an accession number nobody there knows what to report on."""
        known = self._exams.of_study(study)
        if known is not None and fields["accession"]:
            self._remote_list.put(_Listed(PRIORITY[known.case.priority], self._kernel.now, fields["accession"], study))

    def _report_signed(self, _subject: str, fields: Mapping[str, Any]) -> None:
        self._signed.add(fields["accession"])

    def _radiologist(self, reader: PersonName, shift: Shift, is_remote: bool) -> Process:
        """Take a case while on duty; what comes to hand off duty goes back on the list."""
        environment = self._kernel.environment
        cases = self._remote_list if is_remote else self._list
        while True:
            yield environment.timeout(until_on_duty_us(shift, self._kernel.now))
            listed: _Listed = yield cases.get()
            if until_on_duty_us(shift, self._kernel.now):
                cases.put(listed)
                continue
            known = self._exams.of_study(listed.study)
            if known is None or listed.accession in self._signed:
                continue
            if listed.study in self._being_read:
                self._being_read[listed.study].append((cases, listed))
                continue
            self._being_read[listed.study] = []
            yield from self._read_remotely(listed, known, reader) if is_remote else self._read(listed, known, reader)
            for others, other in self._being_read.pop(listed.study):
                others.put(other)

    # --- at the workstation --------------------------------------------------------------------------------------------

    def _read(self, listed: _Listed, known: Known, reader: PersonName) -> Process:
        kernel, accession = self._kernel, listed.accession

        def open_study() -> None:
            kernel.stimulate(WORKSTATION, "open study", {"subject": accession, "reader": reader})

        opened = self._heard.event("study opened", accession)
        gone = self._heard.event("study unlisted", accession)
        open_study()
        while not opened.triggered:
            yield opened | gone | kernel.environment.timeout(self._patience_us)
            if gone.triggered:
                return
            if not opened.triggered:
                open_study()
        yield from self._think(known)
        text = preliminary_text(known.exam.procedure, self._draws, known.accession_number, known.case.has_prior)
        kernel.stimulate(WORKSTATION, "sign report", {"subject": accession, "status": "P", "text": text})
        self._read_by(WORKSTATION, accession)
        self._errands.start(self._verify(known, accession))

    def _verify(self, known: Known, accession: str) -> Process:
        """The final signature comes later; the radiologist reads on meanwhile."""
        mean_min = self._settings.verification_mean_min
        minutes = self._draws.exponential(mean_min, "verification", *_key(known))
        yield self._kernel.environment.timeout(round(minutes * MINUTE))
        data = {"subject": accession, "status": "F", "text": self._text(known)}
        self._kernel.stimulate(WORKSTATION, "sign report", data)

    # --- at the teleradiology platform ---------------------------------------------------------------------------------

    def _read_remotely(self, listed: _Listed, known: Known, reader: PersonName) -> Process:
        """One report, final at once."""
        yield from self._think(known)
        data = {"subject": listed.study, "status": "F", "text": self._text(known), "reader": reader}
        self._kernel.stimulate(TELERADIOLOGY, "sign report", data)
        self._read_by(TELERADIOLOGY, listed.accession)

    def _read_by(self, system: str, accession: str) -> None:
        known = self._exams.of_accession(accession)
        if known is not None:
            known.read_by = system

    def _think(self, known: Known) -> Process:
        median = self._settings.median_min[known.exam.procedure.modality]
        minutes = self._draws.lognormal(median, self._settings.sigma, "reading", *_key(known))
        yield self._kernel.environment.timeout(round(minutes * MINUTE))

    def _text(self, known: Known) -> str:
        return final_text(known.exam.procedure, self._draws, known.accession_number, known.case.has_prior)


def _key(known: Known) -> tuple[int, ...]:
    case = known.case
    return (case.number,) if known.exam is case.exams[0] else (case.number, 1)


def until_on_duty_us(shift: Shift, now: Instant) -> int:
    """Microseconds until the shift's next hour on duty; 0 on duty."""
    time_of_day = now % DAY
    start, end = round(shift.start_hour * HOUR), round(shift.end_hour * HOUR)
    on_duty = start <= time_of_day < end if start < end else time_of_day >= start or time_of_day < end
    return 0 if on_duty else (start - time_of_day) % DAY

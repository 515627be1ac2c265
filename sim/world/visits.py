"""A visit: registered, ordered, scanned, and whatever else happens to it (sim/happenings.py), until its orders are closed.

What happens comes at a place in the course of the visit and not at an hour of the clock, so that a slow link changes when
something is done, and not what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datasets.draws import Draws
from emulators.core.instant import MINUTE, WallClock
from emulators.kernel import Kernel
from emulators.messages.common import Patient, Visit
from emulators.site_settings import EHR
from sim.scenario import Scenario
from sim.world.exams import Exams, Known
from sim.world.imaging import Imaging
from sim.world.offices import Offices
from sim.world.people import Case
from sim.world.reading import Reading
from sim.world.waiting import Errands, Heard, Process

_ARRIVALS = {"O": "register", "E": "register", "I": "admit"}
_NEW_BED = "WARD 7"
_ON_THE_WAY_US = 5 * MINUTE
"""From a change of the order to the scanner."""


class Visits:
    """``visit(case)`` is the process of one visit."""

    def __init__(
        self,
        kernel: Kernel,
        scenario: Scenario,
        draws: Draws,
        exams: Exams,
        imaging: Imaging,
        reading: Reading,
        offices: Offices,
        heard: Heard,
        errands: Errands,
    ) -> None:
        self._kernel = kernel
        self._world = scenario.world
        self._draws = draws
        self._exams = exams
        self._imaging = imaging
        self._reading = reading
        self._offices = offices
        self._heard = heard
        self._errands = errands
        self._clock = WallClock(scenario.site.epoch)
        kernel.listen("order status", self._order_status)

    def visit(self, case: Case) -> Process:
        """The process ends when every order of the visit is closed, and what comes after its report is under way."""
        patient, visit = case.registered, case.visit
        self._tell_ehr(_ARRIVALS[visit.patient_class], patient, visit)
        yield from self._wait("registration", case, self._world.registration_mean_min)
        merged_before = "merged" in case.happenings and self._draws.unit("merged before", case.number) < 0.5
        if merged_before:
            patient = self._merge(case)
        if "unordered" in case.happenings:
            known: Sequence[Known] = [Known(case, case.exams[0], station=self._imaging.station_for(case))]
            yield from self._imaging.exam(known[0], patient)
        else:
            known = yield from self._order(case, patient)
            if {"no_show", "cancelled"} & case.happenings:
                yield from self._cancel(case, known)
                return
            if "transferred" in case.happenings:
                visit = replace(visit, location=_NEW_BED)
                self._tell_ehr("transfer", patient, visit)
            yield from self._scan(case, known, patient)
        if "merged" in case.happenings and not merged_before:
            patient = self._merge(case)
        if patient != case.patient:
            self._tell_ehr("update patient", case.patient, visit)
        yield from self._closed(known)
        yield from self._after_the_report(case, known)
        if visit.patient_class == "I":
            self._tell_ehr("discharge", case.patient, visit)

    def _wait(self, purpose: str, case: Case, mean_min: float) -> Process:
        yield self._kernel.environment.timeout(round(self._draws.exponential(mean_min, purpose, case.number) * MINUTE))

    # --- administration ------------------------------------------------------------------------------------------------

    def _tell_ehr(self, event: str, patient: Patient, visit: Visit) -> None:
        self._kernel.stimulate(EHR, event, {"subject": patient.patient_id, "patient": patient, "visit": visit})

    def _merge(self, case: Case) -> Patient:
        """What was registered anew belongs to the patient who was known; birth date and name stay to be corrected."""
        survivor = replace(case.registered, patient_id=case.patient.patient_id)
        prior = case.registered
        data = {
            "subject": survivor.patient_id,
            "patient": survivor,
            "prior_patient_id": prior.patient_id,
            "prior_issuer": prior.issuer,
        }
        self._kernel.stimulate(EHR, "merge", data)
        return survivor

    # --- orders --------------------------------------------------------------------------------------------------------

    def _order(self, case: Case, patient: Patient) -> Process:
        """Place the orders in one message, and wait until the RIS has scheduled all of them; gives what it scheduled."""
        now = self._clock.stamp(self._kernel.now)
        orders = tuple(case.order(exam, now) for exam in case.exams)
        first = orders[0].placer_order_number
        data = {"subject": first, "patient": patient, "visit": case.visit, "orders": orders}
        self._kernel.stimulate(EHR, "place order", data)
        known: list[Known] = []
        for exam in case.exams:
            fields: Mapping[str, Any] = yield self._heard.event("procedure scheduled", exam.placer_order_number)
            one = Known(case, exam, fields["accession"], fields["station"])
            self._exams.scheduled(one, fields["study"])
            known.append(one)
        if "changed" in case.happenings:
            changed = replace(orders[0], reason=f"{case.reason}, worse", priority="STAT")
            self._kernel.stimulate(EHR, "change order", {"subject": first, "order": changed})
            yield self._kernel.environment.timeout(_ON_THE_WAY_US)
        return known

    def _cancel(self, case: Case, known: Sequence[Known]) -> Process:
        """Before the exam; the process ends when the orders are closed."""
        yield from self._wait("cancelling", case, self._world.registration_mean_min)
        reason = "Patient did not come" if "no_show" in case.happenings else "Cancelled by the ward"
        for one in known:
            self._cancel_order(one, reason)
        yield from self._closed(known)

    def _order_status(self, _placer: str, fields: Mapping[str, Any]) -> None:
        """Some who have ordered see that the exam goes on, and then want to cancel it."""
        known = self._exams.of_accession(fields["accession"])
        is_under_way = (fields["order_control"], fields["status"]) == ("SC", "IP")
        if is_under_way and known is not None and "cancelled_too_late" in known.case.happenings:
            self._errands.start(self._cancel_too_late(known))

    def _cancel_too_late(self, known: Known) -> Process:
        yield self._kernel.environment.timeout(MINUTE)
        self._cancel_order(known, "No longer needed")

    def _cancel_order(self, known: Known, reason: str) -> None:
        self._kernel.stimulate(EHR, "cancel order", {"subject": known.exam.placer_order_number, "reason": reason})

    def _closed(self, known: Sequence[Known]) -> Process:
        for one in known:
            placer = one.exam.placer_order_number
            if not placer:
                yield self._offices.ordered(one)
                assigned: Mapping[str, Any] = yield self._heard.event("placer number assigned", one.accession_number)
                placer = assigned["placer"]
            yield self._heard.event("order closed", placer)

    # --- exams ---------------------------------------------------------------------------------------------------------

    def _scan(self, case: Case, known: Sequence[Known], patient: Patient) -> Process:
        first, *others = known
        as_one = "done_as_one" in case.happenings and all(one.station == first.station for one in others)
        done = yield from self._imaging.exam(first, patient, others if as_one else ())
        for one in others:
            if one not in done:
                yield from self._imaging.exam(one, patient)

    # --- after the report ----------------------------------------------------------------------------------------------

    def _after_the_report(self, case: Case, known: Sequence[Known]) -> Process:
        """Only a report that was read can be added to."""
        for happening in ("addendum", "corrected"):
            if happening in case.happenings and known[0].read_by:
                yield from self._wait(happening, case, self._world.offices.addendum_mean_min)
                self._reading.add_to(known[0], happening)

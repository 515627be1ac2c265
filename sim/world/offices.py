"""The offices: a clerk who finds an order for an exam that has none, and a person at the archive's hold queue.

Both see what their system notes, take their time, and know what the patient and the order really are.
"""

from collections.abc import Mapping
from typing import Any

import simpy

from datasets.draws import Draws
from emulators.core.instant import MINUTE, WallClock
from emulators.kernel import Kernel
from emulators.site_settings import PACS, RIS
from sim.scenario import Scenario
from sim.world.exams import Exams, Known
from sim.world.waiting import Errands, Process

MATCHED = "matched"


class Offices:
    def __init__(self, kernel: Kernel, scenario: Scenario, draws: Draws, exams: Exams, errands: Errands) -> None:
        self._kernel = kernel
        self._errands = errands
        self._draws = draws
        self._exams = exams
        self._clock = WallClock(scenario.site.epoch)
        self._mean_min = scenario.world.offices.reconciliation_mean_min
        self._states: dict[str, str] = {}
        """Study Instance UID to the archive's verdict."""
        self._ordered: dict[int, simpy.Event] = {}
        """By the number of the visit."""
        kernel.listen("exam to reconcile", self._exam_to_reconcile)
        kernel.listen("exam linked", self._exam_linked)
        kernel.listen("study reconciled", self._study_reconciled)

    def ordered(self, known: Known) -> simpy.Event:
        """Happens when an exam that was made without an order has one."""
        event = self._ordered.get(known.case.number)
        if event is None:
            event = self._ordered[known.case.number] = self._kernel.environment.event()
            if known.accession_number:
                event.succeed()
        return event

    # --- the clerk -----------------------------------------------------------------------------------------------------

    def _exam_to_reconcile(self, study: str, _fields: Mapping[str, Any]) -> None:
        self._errands.start(self._find_order(study))

    def _find_order(self, study: str) -> Process:
        yield from self._take_time("clerk", study)
        known = self._exams.of_study(study)
        if known is None:
            return
        if known.accession_number:
            data: dict[str, Any] = {"subject": study, "accession": known.accession_number}
            self._kernel.stimulate(RIS, "link exam", data)
            return
        case = known.case
        order = case.order(known.exam, self._clock.stamp(self._kernel.now))
        data = {"subject": study, "patient": case.registered, "visit": case.visit, "order": order, "study_instance_uid": study}
        self._kernel.stimulate(RIS, "create order", data)

    def _exam_linked(self, accession: str, fields: Mapping[str, Any]) -> None:
        known = self._exams.of_study(fields["study"])
        if known is not None and not known.accession_number:
            known.accession_number = accession
            self._exams.ordered(known)
            event = self.ordered(known)
            if not event.triggered:
                event.succeed()

    # --- the hold queue ------------------------------------------------------------------------------------------------

    def _study_reconciled(self, study: str, fields: Mapping[str, Any]) -> None:
        self._states[study] = fields["state"]
        if fields["state"] != MATCHED:
            self._errands.start(self._put_right(study))

    def _put_right(self, study: str) -> Process:
        """Assign the study to its order, as soon as there is one, unless it has been matched meanwhile."""
        while self._states[study] != MATCHED:
            yield from self._take_time("hold queue", study)
            known = self._exams.of_study(study)
            if known is not None and known.accession_number and self._states[study] != MATCHED:
                self._kernel.stimulate(PACS, "assign study", {"subject": study, "accession": known.accession_number})
                return

    def _take_time(self, purpose: str, study: str) -> Process:
        yield self._kernel.environment.timeout(round(self._draws.exponential(self._mean_min, purpose, study) * MINUTE))

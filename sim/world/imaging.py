"""From the waiting room to the last image: scanners and technologists are resources, STAT goes first.

An exam is started from the worklist. When the entry does not come up for too long, and when the technologist does not use the
worklist, patient and accession number are typed, now and then wrongly.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import simpy

from datasets.draws import Draws
from emulators.core.instant import MINUTE
from emulators.kernel import Kernel
from emulators.messages.common import Code, Patient
from sim.scenario import Scenario
from sim.world.exams import Exams, Known
from sim.world.people import Case
from sim.world.waiting import Errands, Heard, Process, until_noted

PRIORITY = {"STAT": 0, "ROUTINE": 1}
BROKEN_OFF = Code("110513", "DCM", "Discontinued for unspecified reason")
WRONG_ENTRY = Code("110514", "DCM", "Incorrect worklist entry selected")
_NOTICED_AFTER_US = MINUTE
"""How long it takes to see that the entry is another patient's."""
_LOOK_AGAIN_US = MINUTE
"""After how long a technologist looks at the worklist again."""


class Imaging:
    """The rooms and their technologists."""

    def __init__(self, kernel: Kernel, scenario: Scenario, draws: Draws, exams: Exams, heard: Heard, errands: Errands) -> None:
        environment = kernel.environment
        self._kernel = kernel
        self._world = scenario.world
        self._draws = draws
        self._exams = exams
        self._heard = heard
        self._errands = errands
        self._patience_us = round(scenario.world.patience_min * MINUTE)
        self._worklist_patience_us = round(scenario.world.worklist_patience_min * MINUTE)
        self._technologists = simpy.PriorityResource(environment, scenario.world.technologists)
        self._rooms = {
            scanner.ae_title: (scanner.name, simpy.PriorityResource(environment, 1)) for scanner in scenario.site.scanners
        }
        self._stations = scenario.site.stations

    def station_for(self, case: Case) -> str:
        """Where an exam is done that has no order yet."""
        return self._draws.choice(self._stations[case.procedure.modality], "station", case.number)

    def exam(
        self, known: Known, patient: Patient, together: Sequence[Known] = ()
    ) -> Generator[simpy.Event, Any, Sequence[Known]]:
        """One exam, from the free room until the room is ready again. Gives the orders that it was for.

        ``together`` are done in the same study, if they are picked from the worklist; who types, types one.
        """
        case = known.case
        priority = PRIORITY[case.priority]
        scanner, room = self._rooms[known.station]
        with room.request(priority) as room_free:
            yield room_free
            with self._technologists.request(priority) as technologist_free:
                yield technologist_free
                was_picked = yield from self._start(known, patient, scanner, [other.accession_number for other in together])
                done = (known, *together) if was_picked else (known,)
                yield from self._acquire(known, scanner, sum(one.exam.instances for one in done))
                yield self._kernel.environment.timeout(round(self._world.changeover_min * MINUTE))
        return done

    # --- starting ------------------------------------------------------------------------------------------------------

    def _start(self, known: Known, patient: Patient, scanner: str, group: Sequence[str]) -> Generator[simpy.Event, Any, bool]:
        """Whether it was started from the worklist, the ``group`` with it."""
        happenings = known.exam.happenings
        if known.accession_number and "manual_entry" not in happenings:
            if "wrong_entry" in happenings:
                yield from self._start_for_another(known, scanner)
            study = yield from self._start_from_worklist(known, scanner, known.accession_number, group)
            if study:
                self._exams.started(known, study)
                return True
        yield from self._start_typed(known, patient, scanner)
        return False

    def _start_from_worklist(
        self, known: Known, scanner: str, subject: str, group: Sequence[str] = ()
    ) -> Generator[simpy.Event, Any, str]:
        """Look for the entry until patience is over; the study that was started, empty if the entry did not come up."""
        data = {
            "subject": subject,
            "modality": known.exam.procedure.modality,
            "picked": known.accession_number,
            "group": tuple(group),
            "body_part": known.exam.procedure.body_part,
        }
        fields = yield from until_noted(
            self._kernel,
            "exam started",
            subject,
            _LOOK_AGAIN_US,
            self._worklist_patience_us,
            lambda: self._kernel.stimulate(scanner, "patient on table", data),
        )
        return "" if fields is None else str(fields["study"])

    def _start_for_another(self, known: Known, scanner: str) -> Process:
        """The entry is picked while another patient lies on the table; that is seen before the first image, and the exam broken
        off. The technologist waits until the entry is back on the list."""
        kernel, subject = self._kernel, f"{known.accession_number}?"
        study = yield from self._start_from_worklist(known, scanner, subject)
        if not study:
            return
        yield kernel.environment.timeout(_NOTICED_AFTER_US)
        is_back = kernel.expect("procedure rescheduled", known.exam.placer_order_number, self._worklist_patience_us)
        kernel.stimulate(scanner, "discontinue exam", {"subject": subject, "instances": 0, "reason": WRONG_ENTRY})
        yield is_back

    def _start_typed(self, known: Known, patient: Patient, scanner: str) -> Process:
        kernel, case, procedure = self._kernel, known.case, known.exam.procedure
        subject = known.accession_number or f"U{case.number:09d}"
        typed, accession = patient, known.accession_number
        if "typing_error" in known.exam.happenings:
            typed, accession = self._mistyped(known, patient)
        data = {
            "subject": subject,
            "patient": typed,
            "accession": accession,
            "modality": procedure.modality,
            "description": procedure.meaning,
            "body_part": procedure.body_part,
        }
        started = kernel.expect("exam started", subject, self._patience_us)
        kernel.stimulate(scanner, "start unscheduled", data)
        fields = yield started
        if fields is not None:
            self._exams.started(known, fields["study"])

    def _mistyped(self, known: Known, patient: Patient) -> tuple[Patient, str]:
        """A digit of the patient ID, or a character of the accession number."""
        accession, number = known.accession_number, known.case.number
        if self._draws.unit("mistyped", number) < 0.5:
            last = patient.patient_id[-1]
            wrong = str((int(last) + 1) % 10) if last.isdecimal() else "0"
            return replace(patient, patient_id=patient.patient_id[:-1] + wrong), accession
        return patient, accession[:-1]

    # --- acquiring -----------------------------------------------------------------------------------------------------

    def _acquire(self, known: Known, scanner: str, instances: int) -> Process:
        kernel, case, exam = self._kernel, known.case, known.exam
        subject = known.accession_number or f"U{case.number:09d}"
        nominal = exam.procedure.acquisition_minutes
        key = (case.number,) if exam is case.exams[0] else (case.number, 1)
        minutes = self._draws.lognormal(nominal, self._world.acquisition_sigma, "acquisition", *key)
        half_us = round(minutes * MINUTE / 2)
        yield kernel.environment.timeout(half_us)
        if "discontinued" in exam.happenings:
            made = max(1, instances // 2)
            kernel.stimulate(scanner, "discontinue exam", {"subject": subject, "instances": made, "reason": BROKEN_OFF})
            return
        yield kernel.environment.timeout(half_us)
        kernel.stimulate(scanner, "images acquired", {"subject": subject, "instances": instances})
        if "appended" in exam.happenings:
            self._errands.start(self._append(subject, scanner))

    def _append(self, subject: str, scanner: str) -> Process:
        """A few images more, when the others have gone."""
        yield self._heard.event("study sent", subject)
        yield self._kernel.environment.timeout(2 * MINUTE)
        self._kernel.stimulate(scanner, "append images", {"subject": subject, "instances": 2})

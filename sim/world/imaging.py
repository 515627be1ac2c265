"""From the door to the last image: one SimPy process per visit; scanners and technologists are resources, STAT goes first."""

import simpy

from datasets.draws import Draws
from emulators.core.instant import MINUTE, WallClock
from emulators.kernel import Kernel
from emulators.site import EHR
from sim.scenario import Scenario
from sim.world.people import Case
from sim.world.waiting import Process, until_noted

PRIORITY = {"STAT": 0, "ROUTINE": 1}


class Imaging:
    """The clinic's rooms and technologists."""

    def __init__(self, kernel: Kernel, scenario: Scenario, draws: Draws) -> None:
        environment = kernel.environment
        self._kernel = kernel
        self._world = scenario.world
        self._draws = draws
        self._clock = WallClock(scenario.site.epoch)
        self._patience_us = round(scenario.world.patience_min * MINUTE)
        self._technologists = simpy.PriorityResource(environment, scenario.world.technologists)
        self._rooms = {
            scanner.ae_title: (scanner.name, simpy.PriorityResource(environment, 1)) for scanner in scenario.site.scanners
        }

    def visit(self, case: Case) -> Process:
        """Register, order, scan; the process ends when the images are on their way and the room is free again."""
        kernel, environment = self._kernel, self._kernel.environment
        mrn = case.patient.patient_id
        kernel.stimulate(EHR, "register", {"subject": mrn, "patient": case.patient, "visit": case.visit})
        yield environment.timeout(self._minutes_us("registration", case, self._world.registration_mean_min))
        scheduled = yield from self._order(case)
        name, room = self._rooms[scheduled["station"]]
        priority = PRIORITY[case.priority]
        with room.request(priority) as room_free:
            yield room_free
            with self._technologists.request(priority) as technologist_free:
                yield technologist_free
                yield from self._scan(case, name, scheduled["accession"])
                yield environment.timeout(round(self._world.changeover_min * MINUTE))

    def _order(self, case: Case) -> Process:
        """Place the order once; wait until the RIS has scheduled it."""
        kernel = self._kernel
        placer = case.placer_order_number
        order = case.order(self._clock.stamp(kernel.now))
        data = {"subject": placer, "patient": case.patient, "visit": case.visit, "order": order}
        placed = False

        def place() -> None:
            nonlocal placed
            if not placed:
                placed = True
                kernel.stimulate(EHR, "place order", data)

        return (yield from until_noted(kernel, "procedure scheduled", placer, self._patience_us, place))

    def _scan(self, case: Case, scanner: str, accession: str) -> Process:
        kernel = self._kernel

        def lay_on_table() -> None:
            data = {"subject": accession, "modality": case.procedure.modality}
            kernel.stimulate(scanner, "patient on table", data)

        yield from until_noted(kernel, "exam started", accession, self._patience_us, lay_on_table)
        nominal = case.procedure.acquisition_minutes
        minutes = self._draws.lognormal(nominal, self._world.acquisition_sigma, "acquisition", case.number)
        yield kernel.environment.timeout(round(minutes * MINUTE))
        kernel.stimulate(scanner, "images acquired", {"subject": accession, "instances": case.instances})

    def _minutes_us(self, purpose: str, case: Case, mean_min: float) -> int:
        return round(self._draws.exponential(mean_min, purpose, case.number) * MINUTE)

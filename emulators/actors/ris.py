"""The RIS: order filler, worklist and performed-step server, keeper of the reading list, and the way of the report.

An order is a requested procedure of one scheduled step, or of several. It goes through::

    scheduled --first step started--> in progress --last step completed--> completed --Report F--> reported
     |     ^                            |       |
     |     +-------wrong entry----------+       +--all discontinued--> discontinued
     +--cancelled by placer or filler--> cancelled

Every move is told to the placer through the engine; the image manager hears of the procedure when it is scheduled, changed and
cancelled, and of its steps as they are performed. A completed procedure is on the reading list until its report is final.

=========================  ==========================================================================
ris_patients.py            patient administration reaches worklist, image manager and reading list
ris_orders.py              orders of the placer and of our own: scheduled, changed, cancelled
ris_exams.py               worklist and performed steps; exams that nobody had ordered
ris_reports.py             reports, and who is at work on them
ris_letters.py             what is told to whom
requested_procedures.py    the states of procedures and their steps, and where to find them
ris_procedures.py          procedures that another filler has scheduled
ris_procedure_changes.py   what happens to a procedure, whoever asked for it
scheduling.py              numbers, steps and station of an order
=========================  ==========================================================================
"""

from collections.abc import Mapping
from types import MappingProxyType

from emulators.actors import availability
from emulators.actors.outbox import RetryPolicy
from emulators.actors.requested_procedures import ProcedureTable
from emulators.actors.ris_exams import RisExams
from emulators.actors.ris_letters import Letters, RisPeers
from emulators.actors.ris_orders import RisOrders
from emulators.actors.ris_patients import RisPatients
from emulators.actors.ris_procedure_changes import ProcedureChanges
from emulators.actors.ris_procedures import RisProcedures
from emulators.actors.ris_reports import RisReports
from emulators.actors.scheduling import Scheduling
from emulators.actors.system import System
from emulators.actors.worklist import Worklist
from emulators.core.identity import AccessionFormat
from emulators.core.instant import WallClock
from emulators.messages.availability import InstancesAvailable
from emulators.messages.common import Code, PersonName

__all__ = ["Ris", "RisPeers"]


class Ris(System):
    """``stations`` gives the AE titles of the scanners of each modality; ``protocols`` what a procedure code is performed by, a
    step each, ``physicians`` who performs at a station. ``worklist`` may hold entries already; they stay until somebody removes
    them."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        peers: RisPeers,
        stations: Mapping[str, tuple[str, ...]],
        protocols: Mapping[str, tuple[Code, ...]],
        retry: RetryPolicy | None = None,
        accession_format: AccessionFormat | None = None,
        worklist: Worklist | None = None,
        physicians: Mapping[str, PersonName] = MappingProxyType({}),
    ) -> None:
        super().__init__(name, clock, retry)
        table, waiting = ProcedureTable(), Worklist() if worklist is None else worklist
        scheduling = Scheduling(stations, protocols, accession_format or AccessionFormat(), physicians)
        letters = Letters(self, peers, waiting)
        patients = RisPatients(table, letters)
        exams = RisExams(table, letters, patients, waiting)
        reports = RisReports(table, letters, patients, peers.workstation)
        changes = ProcedureChanges(table, letters)
        orders = RisOrders(self, table, letters, patients, exams, reports, scheduling, changes)
        procedures = RisProcedures(self, table, patients, scheduling, changes)
        self._table, self._exams = table, exams
        self.stimuli = orders.stimuli
        self.requests = {
            **patients.requests,
            **orders.requests,
            **exams.requests,
            **reports.requests,
            **procedures.requests,
            InstancesAvailable: availability.taken,
        }

    def status(self) -> dict[str, list[dict[str, int | str]]]:
        """Also ``open_procedures`` and ``exams_to_reconcile``."""
        return {
            **super().status(),
            "open_procedures": self._table.open(),
            "exams_to_reconcile": self._exams.unlinked(),
        }

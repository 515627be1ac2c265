"""Does a study belong to an order? By patient, accession number and Study Instance UID, all three.

==============================================  ===========  ============================
the study's order is                            state        reason
==============================================  ===========  ============================
none: nothing it says is known                  orphan       no order
the one it was made for by mistake              held         wrong worklist entry
cancelled                                       held         order cancelled
for another patient                             held         patient differs
known by accession number, under another study  held         study UID differs
known by study, under another accession number  held         accession number differs
its own                                         matched
==============================================  ===========  ============================

An order's studies are the one that was announced, and those in which its scheduled steps were performed. A study without an
accession number says nothing about it: patient and Study Instance UID are enough then. An order is found by accession
number first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from emulators.messages.common import Patient
from emulators.messages.imaging import StudyHeader
from emulators.messages.orders import CancelProcedure, ProcedureMessage
from emulators.messages.steps import StepStarted

SamePatient = Callable[[Patient, Patient], bool]

WRONG_ENTRY = "110514"
"""PS3.16 CID 9300: incorrect worklist entry selected."""


class State(Enum):
    MATCHED = "matched"
    HELD = "held"
    ORPHAN = "orphan"
    REJECTED = "rejected"
    """By a person only."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``order`` is the accession number of the order that a matched study belongs to, and else empty."""

    state: State
    reason: str = ""
    order: str = ""


class Expectations:
    """Every order announced, as it is now, by accession number and by its studies."""

    def __init__(self) -> None:
        self._orders: dict[str, ProcedureMessage] = {}
        self._announced: dict[str, list[str]] = {}
        """Study Instance UID to accession numbers."""
        self._performed: dict[str, list[tuple[str, str]]] = {}
        """Study Instance UID to the accession number and ID of each scheduled step that was performed in it."""

    def announce(self, message: ProcedureMessage) -> None:
        """A new order, or one that has changed or was cancelled."""
        accession = message.procedure.accession_number
        before = self._orders.get(accession)
        if before is not None:
            self._announced[before.procedure.study_instance_uid].remove(accession)
        self._orders[accession] = message
        self._announced.setdefault(message.procedure.study_instance_uid, []).append(accession)

    def perform(self, message: StepStarted) -> None:
        """Scheduled steps are done in the study of this one. A reference without the ID of a step proves nothing."""
        for reference in message.scheduled:
            if reference.step_id:
                named = (reference.accession_number, reference.step_id)
                self._performed.setdefault(message.study_instance_uid, []).append(named)

    def order(self, accession_number: str) -> ProcedureMessage | None:
        """The order of an accession number."""
        return self._orders.get(accession_number)

    def orders_of(self, study_instance_uid: str) -> Sequence[ProcedureMessage]:
        """The orders whose study this is."""
        named = list(self._announced.get(study_instance_uid, ()))
        named += (accession for accession, _ in self._performed.get(study_instance_uid, ()))
        orders = (self._orders.get(accession) for accession in dict.fromkeys(named))
        return [order for order in orders if order is not None and self._has_study(order, study_instance_uid)]

    def judge(self, header: StudyHeader, same_patient: SamePatient) -> Judgement:
        """The state of a study with this header."""
        order = self._orders.get(header.accession_number)
        if order is None:
            orders = self.orders_of(header.study_instance_uid)
            order = next((one for one in orders if not is_cancelled(one)), orders[0] if orders else None)
        if order is None:
            return Judgement(State.ORPHAN, "no order")
        if is_cancelled(order):
            return Judgement(State.HELD, "order cancelled")
        if not same_patient(header.patient, order.patient):
            return Judgement(State.HELD, "patient differs")
        if not self._has_study(order, header.study_instance_uid):
            return Judgement(State.HELD, "study UID differs")
        accession = order.procedure.accession_number
        if header.accession_number not in ("", accession):
            return Judgement(State.HELD, "accession number differs")
        return Judgement(State.MATCHED, order=accession)

    def _has_study(self, order: ProcedureMessage, study_instance_uid: str) -> bool:
        if order.procedure.study_instance_uid == study_instance_uid:
            return True
        steps = {(step.accession_number, step.step_id) for step in order.steps}
        return not steps.isdisjoint(self._performed.get(study_instance_uid, ()))


def is_cancelled(order: ProcedureMessage) -> bool:
    """Whether nothing more is expected for an order."""
    return isinstance(order, CancelProcedure)

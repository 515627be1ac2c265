"""The routes of an interface engine, as its target file declares them, and the messages of a trial that go over them.

Each message is about a patient of its own: by that number (PID-3) it is told from all others wherever it arrives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from conformance.material.messages import Sent
from conformance.material.orders import new_order, order_of, order_status
from conformance.material.patients import Patient, register
from conformance.material.reports import report
from conformance.peers.mllp import MllpClient, MllpListener, ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial
from conformance.verdict import Inconclusive

KINDS = ("ADT", "ORM", "ORU")
"""Message types (MSH-9.1) that the tester sends."""
RETRY_MARGIN = 1.2
"""Of the time between two tries that the product declares."""


@dataclass(frozen=True, slots=True)
class Route:
    """A type of message, who sends it, and to whom it goes."""

    kind: str
    sender: PeerName
    destinations: tuple[PeerName, ...]


def routes(trial: Trial) -> list[Route]:
    """Those that the product claims. Raises NotApplicable where there is none."""
    trial.needs(bool(trial.target.claims.routes), "routes")
    found = []
    for claimed in trial.target.claims.routes:
        kind, _, sender, _, *destinations = claimed.split()
        found.append(Route(kind, cast(PeerName, sender), cast(tuple[PeerName, ...], tuple(destinations))))
    return found


def route_of(trial: Trial, kind: str) -> Route:
    """The first of a type of message. Raises NotApplicable, Inconclusive where there is none."""
    for route in routes(trial):
        if route.kind == kind:
            return route
    raise Inconclusive(f"the target file claims no route of {kind}")


def adt_destination(trial: Trial) -> MllpListener:
    """Where ADT goes first. As ``route_of``."""
    return trial.peer(route_of(trial, "ADT").destinations[0]).mllp


def receivers(trial: Trial) -> Mapping[PeerName, MllpListener]:
    """Every one of the tester's systems that listens for HL7."""
    return {name: peer.mllp for name, peer in trial.peers.items() if peer.mllp_listener is not None}


def arrives_again_s(trial: Trial, *, is_unanswered: bool = False) -> float:
    """How long until what a destination did not take arrives there again; longer where the engine first waits for an answer."""
    timers = trial.timers
    return (timers.sender_waits_s if is_unanswered else 0) + RETRY_MARGIN * timers.retry_s + timers.propagation_s


def message_of(trial: Trial, kind: str, sender: PeerName, patient: Patient) -> Sent:
    """A message of a type about a patient: of a placer a new order, of a filler what became of one."""
    if kind == "ADT":
        return register(trial, patient=patient, sender=sender)
    order = order_of(trial, patient)
    if kind == "ORU":
        return report(trial, order, sender=sender)
    return new_order(trial, order, sender=sender) if sender == "ehr" else order_status(trial, order, "SC", sender=sender)


def is_about(message: ReceivedMessage, patient: Patient) -> bool:
    return message.field("PID", 3) == patient.patient_id


def arrived(listener: MllpListener, patient: Patient) -> list[ReceivedMessage]:
    """What came about a patient, every repetition too."""
    return [one for one in listener.received if is_about(one, patient)]


class Line:
    """The way of ADT through the engine: who sends, and the first destination."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.route = route_of(trial, "ADT")
        self.end = trial.peer(self.route.destinations[0]).mllp

    def patient(self) -> Patient:
        return Patient(self._trial.patient_id())

    def message(self, patient: Patient) -> Sent:
        return register(self._trial, patient=patient, sender=self.route.sender)

    def connect(self) -> MllpClient:
        return self._trial.mllp(self.route.sender)

    def give(self, *patients: Patient) -> None:
        """A message about each, one after the other on one connection. Raises Failure for one that is not answered AA."""
        with self.connect() as sender:
            for patient in patients:
                self._trial.expect_code(sender.ask(self.message(patient).payload), "AA", "CA")

    def wait_for(self, patient: Patient, limit_s: float) -> ReceivedMessage:
        """The first message about a patient that arrives. Raises Silence."""
        [found] = self.end.wait_for("a message that was acknowledged", lambda one: is_about(one, patient), limit_s)
        return found

    def sequence(self, *patients: Patient) -> list[str]:
        """The patients whose messages have arrived, in that order."""
        ours = {patient.patient_id for patient in patients}
        return [number for one in self.end.received if (number := one.field("PID", 3)) in ours]

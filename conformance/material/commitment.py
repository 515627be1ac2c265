"""Storage commitment as its SCU: the request, and the result wherever it comes (PS3.4 Annex J)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from conformance.material.commitment_results import STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, Reference, reference, references
from conformance.peers.association import Association
from conformance.peers.conversation import Received
from conformance.target import PeerName
from conformance.trial import Trial
from conformance.verdict import Ended, Failure, Silence
from emulators.wire import commands

CLASS_INSTANCE_CONFLICT = 0x0119

SCU: PeerName = "modality"
_LOOK_EVERY_S = 0.1


def references_to(*images: Dataset) -> list[Reference]:
    return [(str(image.SOPClassUID), str(image.SOPInstanceUID)) for image in images]


def requested(peer: Association, transaction: str, asked: Sequence[Reference], instance: str = WELL_KNOWN_INSTANCE) -> Received:
    """N-ACTION for these instances; its answer."""
    information = Dataset()
    information.TransactionUID = transaction
    information.ReferencedSOPSequence = [reference(*one) for one in asked]
    return peer.n_action(STORAGE_COMMITMENT, instance, 1, information)


@dataclass(frozen=True, slots=True)
class Result:
    """An N-EVENT-REPORT request, on whichever association it came."""

    received: Received

    @property
    def event_type(self) -> int | None:
        return self.received.command.number("EventTypeID")

    @property
    def records(self) -> tuple[int, ...]:
        return self.received.records

    @property
    def committed(self) -> list[Reference]:
        return references(self.received.dataset)

    @property
    def failed(self) -> list[tuple[str, int | None]]:
        """SOP Instance UIDs, each with its failure reason (0008,1197), as often as they are told."""
        sequence = self.received.dataset.get("FailedSOPSequence") or []
        return [(str(one.get("ReferencedSOPInstanceUID", "")), one.get("FailureReason")) for one in sequence]


def is_result(received: Received, transaction: str) -> bool:
    """Whether it is an N-EVENT-REPORT request about this transaction."""
    return received.name == "N-EVENT-REPORT-RQ" and received.dataset.get("TransactionUID") == transaction


def result_of(trial: Trial, transaction: str, peer: Association | None = None) -> Result:
    """The result of a transaction, at the tester's port or on ``peer`` while that is open; answered 0000H.

    Raises Silence where none comes within the time that the product declares.
    """
    listener, limit_s = trial.peer(SCU).dicom, trial.timers.commitment_s
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        came = [one for one in listener.received if is_result(one, transaction)]
        if came:
            return Result(came[0])
        if peer is None or not peer.is_open:
            time.sleep(_LOOK_EVERY_S)
        elif (received := _on(peer)) is not None and is_result(received, transaction):
            return Result(received)
    raise Silence("an N-EVENT-REPORT with the Transaction UID of the request", f"none within {limit_s:g} s")


def _on(peer: Association) -> Received | None:
    """A request that the product makes on the association of ours."""
    try:
        received = peer.receive(_LOOK_EVERY_S)
    except Silence:
        return None
    except Ended:
        peer.is_open = False
        return None
    if received.command.is_response:
        raise Failure("an N-EVENT-REPORT request", received.name, received.records)
    peer.send(received.context_id, commands.response(received.command, 0x0000))
    return received


def committed(trial: Trial, asked: Sequence[Reference]) -> Result:
    """Ask for commitment, and take the result; the association stays open for it."""
    transaction = trial.uid()
    trial.peer(SCU).dicom  # noqa: B018  the result needs a port: without one nothing is asked
    with trial.associate(STORAGE_COMMITMENT) as peer:
        answer = requested(peer, transaction, asked)
        trial.expect_equal("N-ACTION-RSP", answer.meaning, "0000H success", answer.records)
        return result_of(trial, transaction, peer)

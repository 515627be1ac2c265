"""Telling the product something by HL7, and hearing whether it takes it."""

from conformance.material.messages import Sent
from conformance.peers.mllp import ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial


def told(trial: Trial, sent: Sent, *codes: str, peer: PeerName | None = None) -> ReceivedMessage:
    """Send a message on a connection of its own; the answer, which has one of these codes (MSA-1), AA if none is named.

    Raises Failure.
    """
    with trial.mllp(peer) as client:
        answer = client.ask(sent.payload)
    trial.expect_code(answer, *(codes or ("AA",)))
    return answer

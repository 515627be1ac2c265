"""Connections at the HL7 receiver."""

from conformance.case import DECLARED, HL7_RECEIVERS, SHOULD, case
from conformance.material.good_messages import good_messages
from conformance.trial import Trial
from emulators.wire.mllp import START_BLOCK

IDLE_CONNECTIONS = 50


@case("hl7.mllp.conn.1", SHOULD, HL7_RECEIVERS, "-", "declared", DECLARED)
def silent_connections_do_not_hold_up_the_others(trial: Trial) -> None:
    """Slow, silent and many connections do not block each other."""
    good = good_messages(trial)
    for _ in range(IDLE_CONNECTIONS):
        trial.mllp()
    with trial.mllp() as slow, trial.mllp() as peer:
        begun = good()
        slow.send_bytes(START_BLOCK + begun.payload[: len(begun.payload) // 2])
        sent = good()
        answer = peer.ask(sent.payload)
        trial.expect_code(answer, "AA")
        trial.expect_equal("MSA-2", answer.field("MSA", 2), sent.control_id, answer.records)

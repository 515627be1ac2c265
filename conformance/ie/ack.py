"""What an acknowledgement of an engine is worth."""

import threading

from conformance.case import MUST, READ, case
from conformance.material.hl7 import acknowledgement
from conformance.material.patients import Patient
from conformance.material.routing import Line, arrives_again_s, is_about
from conformance.peers.mllp import AcknowledgeWith, ReceivedMessage, well
from conformance.trial import Trial

JUST_BEFORE_RESTART = 20


@case(
    "ie.ack.1",
    MUST,
    "engine",
    "-",
    "HL7 v2.9.1 2.8.2-2.8.3",
    READ,
    safety=True,
    variants=("AE", "AR", "silent", "restart"),
    alone=True,
)
def what_is_acknowledged_is_not_lost(trial: Trial) -> None:
    """AA or CA is said when a message is safely stored. What its receiver then refuses is put where a person can send it again,
    or the refusal is returned; what it does not answer is sent again; and what was acknowledged outlives the engine's death.
    """
    line = Line(trial)
    if trial.variant == "restart":
        _restarted(trial, line)
        return
    patient, limit_s = line.patient(), arrives_again_s(trial, is_unanswered=True)
    has_refused = threading.Event()
    line.end.acknowledge_with(_refusing(patient, trial.variant, has_refused))
    with line.connect() as sender:
        message = line.message(patient)
        answer = sender.ask(message.payload)
    if answer.code not in ("AA", "CA"):
        is_returned = has_refused.is_set() and trial.variant != "silent"
        trial.expect(is_returned, "AA, or the refusal of the receiver", answer.code or "no MSA-1", answer.records)
        return
    trial.expect(has_refused.wait(trial.timers.propagation_s), "an acknowledged message is sent on", "it is not")
    if trial.variant == "AE":
        trial.eventually(lambda: False, trial.timers.quiet_s)  # until it has understood
    line.end.acknowledge_with(well)
    refused = len(line.sequence(patient))
    if trial.variant == "AE":
        trial.operate("resend dead letter", subject=message.control_id, to=line.route.destinations[0])
    arrives = trial.eventually(lambda: len(line.sequence(patient)) > refused, limit_s)
    trial.expect(arrives, "an acknowledged message comes until it is taken", f"nothing more within {limit_s:g} s")


def _refusing(patient: Patient, how: str, has_refused: threading.Event) -> AcknowledgeWith:
    """The receiver refuses what is about this patient, or says nothing to it."""

    def answer(message: ReceivedMessage, number: int) -> bytes | None:
        if not is_about(message, patient):
            return well(message, number)
        has_refused.set()
        return None if how == "silent" else acknowledgement(message.payload, how)

    return answer


def _restarted(trial: Trial, line: Line) -> None:
    """The receiver is away, and the engine dies just after its last AA."""
    patients = [line.patient() for _ in range(JUST_BEFORE_RESTART)]
    line.end.stop_listening()
    line.give(*patients)
    trial.operate("restart")
    line.end.listen()
    numbers = {patient.patient_id for patient in patients}
    trial.eventually(lambda: set(line.sequence(*patients)) == numbers, arrives_again_s(trial))
    lost = len(numbers - set(line.sequence(*patients)))
    trial.expect(
        not lost, "every message that was acknowledged arrives after the restart", f"{lost} of {len(numbers)} are lost"
    )

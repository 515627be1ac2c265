"""Store and forward."""

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.routing import Line, arrives_again_s
from conformance.trial import Trial

MESSAGES = 500


@case("ie.store.1", OPINION, "engine", "-", "opinion; ITI TF-2 App. C.2.1", NO_CLAUSE)
def what_comes_during_an_outage_arrives_once_and_in_order(trial: Trial) -> None:
    """While a destination is down, messages are taken and kept; when it is back all of them arrive, once, in their order."""
    line = Line(trial)
    patients = [line.patient() for _ in range(MESSAGES)]
    sent = [patient.patient_id for patient in patients]
    line.end.stop_listening()
    line.give(*patients)
    line.end.listen()
    before = -1
    while len(arrived := line.sequence(*patients)) < MESSAGES and len(arrived) > before:  # as long as more come
        before = len(arrived)
        trial.eventually(lambda: len(line.sequence(*patients)) >= MESSAGES, arrives_again_s(trial))
    arrived = line.sequence(*patients)
    different = len(set(arrived))
    trial.expect(different == MESSAGES, f"all {MESSAGES} messages", f"{different}")
    trial.eventually(lambda: len(line.sequence(*patients)) > MESSAGES, trial.timers.quiet_s)
    arrived = line.sequence(*patients)
    trial.expect(len(arrived) == MESSAGES, "each of them once", f"{len(arrived)} came")
    trial.expect(arrived == sent, "in the order in which they were sent", "in another order")

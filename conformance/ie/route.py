"""Which message goes where."""

from conformance.case import DECLARED, SHOULD, case
from conformance.material.patients import Patient
from conformance.material.routing import KINDS, arrived, message_of, receivers, routes
from conformance.target import PeerName
from conformance.trial import Trial

MESSAGES = 30
SENDERS: tuple[PeerName, ...] = ("ehr", "ris", "workstation")


@case("ie.route.1", SHOULD, "engine", "+", "claims.routes of the target file", DECLARED)
def each_message_goes_to_its_declared_destinations(trial: Trial) -> None:
    """Each message arrives once at exactly the declared destinations, by its type and its sender, and nowhere else."""
    declared = {(one.kind, one.sender): one.destinations for one in routes(trial)}
    senders = [name for name in SENDERS if name in trial.peers]
    matrix = [(kind, name) for kind in KINDS for name in senders]
    wanted: list[tuple[str, Patient, tuple[PeerName, ...]]] = []
    for number in range(MESSAGES):
        kind, name = matrix[number % len(matrix)]
        patient = Patient(trial.patient_id())
        with trial.mllp(name) as sender:
            sender.ask(message_of(trial, kind, name, patient).payload)
        wanted.append((f"{kind} from {name}", patient, declared.get((kind, name), ())))

    def missing() -> list[str]:
        places = receivers(trial)
        return [f"{what} at {to}" for what, who, goes_to in wanted for to in goes_to if not arrived(places[to], who)]

    trial.eventually(lambda: not missing(), trial.timers.propagation_s)
    trial.expect(not missing(), "every message at its destinations", f"missing: {_some(missing())}")
    trial.eventually(lambda: False, trial.timers.quiet_s)
    too_many = [
        f"{what} at {to}, {count} times"
        for what, who, goes_to in wanted
        for to, listener in receivers(trial).items()
        if (count := len(arrived(listener, who))) > (to in goes_to)
    ]
    trial.expect(not too_many, "no message elsewhere, and none twice", _some(too_many))


def _some(found: list[str]) -> str:
    return "; ".join(dict.fromkeys(found[:5])) + (f" (and {len(found) - 5} more)" if len(found) > 5 else "")

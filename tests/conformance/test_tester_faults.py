"""A fault of the tester while it answers a product is an error of the tester, whatever the case found."""

import socket
from io import StringIO

from commands.certify.emulated_site import HOST, free_ports
from conformance.case import MUST, READ, Case
from conformance.operator_steps import TargetOperator
from conformance.peers.acceptor import Behaviour
from conformance.peers.stream import Stream
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import parse_target
from conformance.trial import Trial
from conformance.verdict import Outcome


class Faulty(Behaviour):
    def opened(self, stream: Stream) -> bool:
        raise ZeroDivisionError


def calls_a_faulty_system(trial: Trial) -> None:
    listener = trial.peer("ris").dicom
    listener.behave(Faulty())
    with socket.create_connection(listener.address):
        trial.eventually(lambda: bool(listener.fault), 10.0)


def calls_nobody(trial: Trial) -> None:
    pass


def test_an_exception_of_a_tester_s_system_is_an_error_and_forgotten_for_the_next_case() -> None:
    [port] = free_ports(1)
    data = {
        "product": {"name": "none", "version": "0"},
        "roles": {"modality": {}},
        "tester": {"peers": {"ris": {"dicom_port": port, "ae_title": "RIS", "host": HOST}}},
    }
    run = Run(parse_target(data, "a target of this test"), "modality", Taps(StringIO()), TargetOperator({}, attended=False), 1)
    try:
        cases = [Case(f"test.fault.{name}", MUST, ("modality",), "-", "", READ, "", does) for name, does in CASES.items()]
        faulty, calm = (run.case(case).trials[0] for case in cases)
    finally:
        run.close()
    assert faulty.outcome is Outcome.ERROR
    assert "ZeroDivisionError" in faulty.reason
    assert calm.outcome is Outcome.PASS


CASES = {"1": calls_a_faulty_system, "2": calls_nobody}

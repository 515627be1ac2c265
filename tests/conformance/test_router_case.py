"""ie.dicom.1 on a router of images, which no emulator is: a good one passes, and one that commits for its archive is caught."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from io import StringIO

import pytest

from commands.certify.emulated_site import HOST, free_ports
from conformance.material.commitment_results import (
    STORAGE_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    commitment_result,
    references,
    send_result,
)
from conformance.operator_steps import TargetOperator
from conformance.peers.acceptor import Acceptor, Behaviour
from conformance.peers.association import Association
from conformance.peers.conversation import Conversation, Received
from conformance.peers.stream import Stream
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import Target, parse_target
from conformance.verdict import Failure, Outcome
from emulators.wire.negotiation import propose
from tests.conformance.bench import case_of

TITLES = {"workstation": "WS", "pacs": "PACS", "modality": "CT1", "ehr": "EHR"}
AGAIN_S = 0.2


class Router(Behaviour):
    """Takes images and sends each to every destination, a thread for each, until it is taken; commits to nothing.

    ``modality`` is where commitment could be reported.
    """

    def __init__(self, destinations: dict[str, tuple[str, int]], modality: tuple[str, int], taps: Taps) -> None:
        self._destinations = destinations
        self._modality = modality
        self._taps = taps
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []

    def close(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def store(self, request: Received) -> int:
        for name in self._destinations:
            self._begin(self._forward, name, request)
        return 0x0000

    def _begin(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given)
        self._threads.append(thread)
        thread.start()

    def _association(self, name: str, address: tuple[str, int], sop_class: str, syntax: str) -> Association:
        """Raises OSError, Failure."""
        connection = socket.create_connection(address, timeout=5)
        stream = Stream(connection, self._taps.open("router", "dicom", "product", name, name), 5.0)
        return Association.establish(stream, propose(TITLES[name], "ROUTER", [(sop_class, (syntax,))]), 5.0)

    def _forward(self, name: str, request: Received) -> None:
        address, sop_class = self._destinations[name], request.command.sop_class_uid
        while not self._is_over.wait(AGAIN_S):
            try:
                with self._association(name, address, sop_class, request.transfer_syntax) as peer:
                    if peer.store(request.dataset).status == 0:
                        return
            except (OSError, Failure):
                continue

    def answered(self, conversation: Conversation, request: Received) -> None:
        """Its archive has not confirmed."""


class CommitsForItsArchive(Router):
    """It says itself that the images are safe."""

    def answered(self, conversation: Conversation, request: Received) -> None:
        if request.name == "N-ACTION-RQ":
            send_result(conversation, request, references(request.dataset))


class CommitsElsewhere(Router):
    """It says so on another association, when it has ended that of the request."""

    def answered(self, conversation: Conversation, request: Received) -> None:
        if request.name == "N-ACTION-RQ":
            conversation.stream.close()
            self._begin(self._report, request)

    def _report(self, request: Received) -> None:
        self._is_over.wait(AGAIN_S)
        event_type, result = commitment_result(request, references(request.dataset))
        with (
            suppress(Failure),  # the case may be over when it answers
            self._association("modality", self._modality, STORAGE_COMMITMENT, request.transfer_syntax) as peer,
        ):
            peer.n_event_report(STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, event_type, result)


class SendsToOneAfterTheOther(Router):
    """Whoever is dead holds up those behind him."""

    def store(self, request: Received) -> int:
        self._begin(self._forward_all, request)
        return 0x0000

    def _forward_all(self, request: Received) -> None:
        for name in sorted(self._destinations):  # the archive first
            self._forward(name, request)


def _target(ports: dict[str, int]) -> Target:
    peers = {name: {"ae_title": title, "dicom_port": ports[name]} for name, title in TITLES.items()}
    claims = {"services": ["dicom_routing", "commitment"], "image_destinations": ["workstation", "pacs"]}
    timers = {"propagation_s": 5, "index_s": 1, "retry_s": 1, "quiet_s": 0.5}
    data = {
        "product": {"name": "Router", "version": "1"},
        "roles": {"engine": {"ae_title": "ROUTER", "dicom_port": ports["router"], "claims": claims}},
        "tester": {"peers": peers},
        "timers": timers,
    }
    return parse_target(data, "router")


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        (Router, Outcome.PASS, ""),
        (CommitsForItsArchive, Outcome.FAIL, "no event type 1 for what the archive has not"),
        (CommitsElsewhere, Outcome.FAIL, "no event type 1 for what the archive has not"),
        (SendsToOneAfterTheOther, Outcome.FAIL, "3 images at workstation"),
    ],
)
def test_a_router_passes_unless_it_commits_for_its_archive_or_waits_for_the_dead(
    kind: type[Router], outcome: Outcome, expected: str
) -> None:
    names = ("router", *TITLES)
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    taps = Taps(StringIO())
    addresses = {name: (HOST, port) for name, port in ports.items()}
    router = kind({name: addresses[name] for name in ("workstation", "pacs")}, addresses["modality"], taps)
    acceptor = Acceptor("router", (HOST, ports["router"]), taps)
    acceptor.behave(router)
    run = Run(_target(ports), "engine", taps, TargetOperator({}, attended=False), 1)
    try:
        [result] = run.cases([case_of("ie.dicom.1")], lambda _: None)
    finally:
        run.close()
        acceptor.close()
        router.close()
    [trial] = result.trials
    assert (result.outcome, trial.expected) == (outcome, expected), trial.said

"""A commitment result on the association of its request, both ways, with pynetdicom on the other end (PS3.4 J.3.3).

Who leaves at once is a raw peer.
"""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from conformance.peers.association import Association as RawAssociation
from conformance.peers.stream import Stream
from conformance.taps import Taps
from emulators.core.instant import SECOND
from emulators.core.link import LinkSpec
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Exchange, Lane
from emulators.ports.dicom import DicomPort
from emulators.ports.sockets import LOOPBACK, Origins
from emulators.wire.negotiation import propose
from sim.scenario import Scenario
from tests.clinic import scenario
from tests.peers import served
from tests.peers.pynetdicom_ends import LIMIT_S, acceptor, requestor
from tests.peers.senders import study
from tests.peers.served import ServedClinic
from tests.peers.test_served_archive import commitment, referenced, send

pytestmark = pytest.mark.peer

ULTRASOUND = study("US", 3)


def on_same_association() -> Scenario:
    return scenario({"commits_on_same_association": True})


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedClinic]:
    monkeypatch.setattr(served, "clinic_scenario", on_same_association)
    serving = ServedClinic(tmp_path / "served")
    serving.start()
    yield serving
    serving.close()


def test_a_stranger_that_keeps_its_association_open_gets_the_result_on_it(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    results: SimpleQueue[tuple[int, Dataset]] = SimpleQueue()

    def keep(event: Any) -> tuple[int, None]:
        results.put((event.event_type, event.event_information))
        return 0x0000, None

    handlers = [(evt.EVT_N_EVENT_REPORT, keep)]
    request = commitment(ULTRASOUND, "2.25.41", ULTRASOUND.instances)
    uids = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    with requestor(clinic.address("pacs"), "RADPACS", StorageCommitmentPushModel, handlers=handlers) as association:
        assert association.send_n_action(request, 1, *uids)[0].Status == 0x0000
        event_type, information = results.get(timeout=LIMIT_S)
    assert (event_type, information.TransactionUID) == (1, "2.25.41")
    assert referenced(information.ReferencedSOPSequence) == list(ULTRASOUND.instances)
    clinic.wait_for(record="exchange", sender="pacs", message="CommitResult", outcome="answered", transaction="2.25.41")


def test_a_stranger_that_leaves_at_once_costs_the_archive_a_note(clinic: ServedClinic, tmp_path: Path) -> None:
    send(clinic, ULTRASOUND, tmp_path / "images")
    request = commitment(ULTRASOUND, "2.25.42", ULTRASOUND.instances)
    address = clinic.address("pacs")
    tap = Taps().open("", "dicom", "tester", "STRANGER", "")
    stream = Stream(socket.create_connection(address), tap, LIMIT_S)  # pynetdicom answers a report that crosses its abort
    proposal = propose("RADPACS", "STRANGER", [(StorageCommitmentPushModel, [ImplicitVRLittleEndian])])
    with RawAssociation.establish(stream, proposal, LIMIT_S) as association:
        taken = association.n_action(StorageCommitmentPushModel, StorageCommitmentPushModelInstance, 1, request)
        assert taken.status == 0x0000
        association.abort()
    clinic.wait_for(record="note", system="pacs", name="commitment not reported", subject="2.25.42")


def test_a_modality_takes_the_result_that_comes_on_its_own_association() -> None:
    answered = threading.Event()

    def report(event: Any) -> tuple[int, None]:
        """Report, once the response has gone out, on the association of the request."""
        result = Dataset()
        result.TransactionUID = event.action_information.TransactionUID
        result.ReferencedSOPSequence = event.action_information.ReferencedSOPSequence

        def report_it() -> None:
            assert answered.wait(LIMIT_S)
            uids = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            event.assoc.send_n_event_report(result, 1, *uids)

        reporting.append(threading.Thread(target=report_it))
        reporting[0].start()
        return 0x0000, None

    reporting: list[threading.Thread] = []
    handlers = [(evt.EVT_N_ACTION, report)]
    with acceptor("SCP", [StorageCommitmentPushModel], handlers) as port:
        arrivals = Arrivals(LIMIT_S)
        sender = DicomPort("US1", "SCP", (LOOPBACK, port), arrivals, Origins(), live=True)
        request = CommitRequest("2.25.43", (Referenced(ULTRASOUND.sop_class_uid, ULTRASOUND.instances),))
        lane = Lane("us1", "pacs", request.lane, sender, LinkSpec())
        exchange = Exchange(lane, "1", request, LIMIT_S * SECOND, 0, 1)
        sender.begin(exchange)
        try:
            assert sender.outcome(exchange) == SUCCESS
            answered.set()
            arrival = arrivals.take(LIMIT_S)
            assert arrival is not None
            arrival.exchange.server.reply(SUCCESS)
            reporting[0].join()
        finally:
            sender.close()
    result = arrival.value
    assert isinstance(result, CommitResult)
    assert (arrival.exchange.lane.sender, arrival.exchange.lane.receiver) == ("pacs", "us1")
    assert result.transaction_uid == "2.25.43"
    assert set(result.committed_instances) == set(ULTRASOUND.instances)

"""Whoever announces a maximum PDU length gets no longer ones, and everything arrives, in both directions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import evt

from emulators.messages.imaging import StoreResult
from emulators.ports.sockets import LOOPBACK
from emulators.wire.fragmentation import SENT_PDU_LENGTH_MAX
from tests.peers.products import run, storescp
from tests.peers.pynetdicom_ends import acceptor
from tests.peers.senders import OURS, Receiver, Sender, data_sets, files_by_uid, study, write_files

pytestmark = pytest.mark.peer

STUDY = study("CT", 2)  # an image is longer than these limits
LIMITS = [4096, 16384, 65536]
NO_LIMIT = 0
"""Announced by a peer that takes PDUs of any length (PS3.8 D.1)."""
PDV_OVERHEAD = 6


@pytest.mark.parametrize("limit", LIMITS)
def test_storescp_announces_a_limit(tmp_path: Path, limit: int) -> None:
    with storescp(tmp_path, "-pdu", limit) as port:
        assert Sender(port, "ANY").ask(STUDY) == StoreResult(stored=STUDY.instances)
    assert files_by_uid(tmp_path) == data_sets(STUDY)


@pytest.mark.parametrize("limit", [*LIMITS, NO_LIMIT])
def test_no_pdu_of_ours_is_longer_than_pynetdicom_announces(limit: int) -> None:
    received: dict[str, bytes] = {}
    lengths: list[int] = []

    def keep(event: Any) -> int:
        received[event.request.AffectedSOPInstanceUID] = event.encoded_dataset(include_meta=False)
        return 0x0000

    def measure(event: Any) -> None:
        lengths.append(len(event.pdu) - 6)  # the length field counts what follows it

    handlers = [(evt.EVT_C_STORE, keep), (evt.EVT_PDU_RECV, measure)]
    with acceptor("LIMITED", [STUDY.sop_class_uid], handlers, max_pdu_length=limit) as port:
        assert Sender(port, "LIMITED").ask(STUDY) == StoreResult(stored=STUDY.instances)
    assert received == data_sets(STUDY)
    longest = min(limit or SENT_PDU_LENGTH_MAX, max(map(len, received.values())) + PDV_OVERHEAD)
    assert longest - 2 <= max(lengths) <= longest  # full, with fragments of even length


@pytest.mark.parametrize("limit", LIMITS)
def test_storescu_keeps_to_the_limit_that_we_announce(tmp_path: Path, limit: int) -> None:
    (tmp_path / "images").mkdir()
    write_files(tmp_path / "images", STUDY)
    with Receiver(tmp_path / "ours") as receiver:
        receiver.server.policy = replace(receiver.server.policy, max_pdu_length=limit)
        run("storescu", "-aec", OURS, "-pdu", limit, "+sd", LOOPBACK, receiver.port, tmp_path / "images")
        assert receiver.stored(STUDY) == data_sets(STUDY)

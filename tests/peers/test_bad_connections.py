"""What is wrong with one connection costs that connection: DCMTK is served at the same time and afterwards."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from emulators.messages.imaging import StoreStudy
from emulators.ports.sockets import Address
from emulators.wire.commands import c_store_rq
from emulators.wire.dimse import encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.negotiation import propose
from emulators.wire.pdu import encode
from tests.peers.products import run
from tests.peers.senders import data_sets, study, write_files
from tests.peers.served import RECORD_LIMIT_S, ServedClinic, send_hl7

pytestmark = pytest.mark.peer

ULTRASOUND = study("US", 2)
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
REQUEST = bytes(encode(propose("RADPACS", "STRANGER", [(ULTRASOUND.sop_class_uid, [EXPLICIT_VR_LITTLE_ENDIAN])])))
ASSOCIATE_AC, ABORT = 2, 7

# Type, reserved byte, length.
A_PDU_OF_4_GIB = b"\x01\x00\xff\xff\xff\xff" + bytes(100)
DATA_OF_4_GIB = b"\x04\x00\xff\xff\xff\xff" + bytes(100)
A_ZERO_LENGTH_REQUEST = b"\x01\x00\x00\x00\x00\x00"
GARBAGE = {
    "a PDU of 4 GiB": A_PDU_OF_4_GIB,
    "a PDU of an unknown type": b"\x99\x00\x00\x00\x00\x04abcd",
    "an empty A-ASSOCIATE-RQ": A_ZERO_LENGTH_REQUEST,
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HL7": b"\x0bMSH|^~\\&|EHR\r\x1c\r",
    "data without an association": b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x03",
}

NONSENSE = {
    "data of 4 GiB": DATA_OF_4_GIB,
    "data on a context that was not agreed": b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x03\x03",
    "a PDU of an unknown type": b"\xff" * 100,
}


@contextmanager
def connected(address: Address, *, until_answered: bool = False, first: bytes = b"") -> Iterator[socket.socket]:
    """A connection on which ``first`` has been sent, and the first answer read."""
    with socket.create_connection(address, timeout=RECORD_LIMIT_S) as connection:
        connection.sendall(first)
        if until_answered:
            answer = connection.recv(65536)
            assert answer[0] == ASSOCIATE_AC
        yield connection


def what_comes(connection: socket.socket) -> bytes:
    """Everything until the peer closes."""
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def echo(clinic: ServedClinic) -> None:
    run("echoscu", "-aec", "RADPACS", *clinic.address("pacs"))


def store(clinic: ServedClinic, folder: Path, of: StoreStudy) -> None:
    folder.mkdir()
    write_files(folder, of)
    run("storescu", "-aec", "RADPACS", "+sd", *clinic.address("pacs"), folder)
    clinic.wait_for(record="stored", system="pacs", study=of.header.study_instance_uid, instances=len(of.instances))


def half_a_store() -> bytes:
    """A C-STORE whose data set is cut in its middle, as P-DATA-TF PDUs."""
    uid, dataset = next(iter(data_sets(ULTRASOUND).items()))
    command = encode_command(c_store_rq(1, ULTRASOUND.sop_class_uid, uid))
    pdus = b"".join(bytes(buffer) for buffer in fragment(1, command, [dataset], 16384))
    return pdus[: len(pdus) // 2]


def test_stalled_connections_hold_up_nobody(clinic: ServedClinic, tmp_path: Path) -> None:
    address = clinic.address("pacs")
    with ExitStack() as open_connections:
        for first in (b"", REQUEST[:3], REQUEST[: len(REQUEST) // 2]):
            open_connections.enter_context(connected(address, first=first))
        stalled = open_connections.enter_context(connected(address, first=REQUEST, until_answered=True))
        stalled.sendall(half_a_store())
        echo(clinic)
        store(clinic, tmp_path / "images", study("CT", 3))
    echo(clinic)


@pytest.mark.parametrize("first", GARBAGE.values(), ids=GARBAGE)
def test_garbage_ends_its_connection_at_once(clinic: ServedClinic, first: bytes) -> None:
    with connected(clinic.address("pacs"), first=first) as connection:
        assert what_comes(connection)[0] == ABORT
        echo(clinic)
    echo(clinic)


@pytest.mark.parametrize("second", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_on_an_association_aborts_it(clinic: ServedClinic, second: bytes) -> None:
    with connected(clinic.address("pacs"), first=REQUEST, until_answered=True) as connection:
        connection.sendall(second)
        assert what_comes(connection)[0] == ABORT
        echo(clinic)


def test_a_cut_association_request_is_forgotten(clinic: ServedClinic) -> None:
    with connected(clinic.address("pacs"), first=REQUEST[:50]) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert what_comes(connection) == b""
    echo(clinic)


def test_of_a_cut_image_nothing_is_kept_and_it_can_be_sent_again(clinic: ServedClinic, tmp_path: Path) -> None:
    with connected(clinic.address("pacs"), first=REQUEST, until_answered=True) as connection:
        connection.sendall(half_a_store())
        connection.shutdown(socket.SHUT_WR)
        assert what_comes(connection) == b""
    archive = clinic.carriers.archives["pacs"]
    assert list(archive.folder.rglob("*.dcm")) == []
    store(clinic, tmp_path / "images", ULTRASOUND)
    assert len(list(archive.folder.rglob("*.dcm"))) == 2


def test_whoever_aborts_instead_of_releasing_keeps_what_was_confirmed(clinic: ServedClinic, tmp_path: Path) -> None:
    run("echoscu", "--abort", "-aec", "RADPACS", *clinic.address("pacs"))
    write_files(tmp_path, ULTRASOUND)
    run("storescu", "--abort", "-aec", "RADPACS", "+sd", *clinic.address("pacs"), tmp_path)
    clinic.wait_for(record="stored", system="pacs", study=ULTRASOUND.header.study_instance_uid, instances=2)
    echo(clinic)


def test_as_many_contexts_and_transfer_syntaxes_as_dcmtk_can_propose(clinic: ServedClinic) -> None:
    run("echoscu", "-ppc", 128, "-pts", 38, "--repeat", 10, "-aec", "RADPACS", *clinic.address("pacs"))


# --- HL7 ---------------------------------------------------------------------------------------------------------------

REGISTRATION = (
    b"MSH|^~\\&|EHR|CLINIC|RIS|CLINIC|20260302081500||ADT^A04|DOOR-1|P|2.3.1\r"
    b"EVN|A04|20260302081500\rPID|||DOOR1^^^RADLOOP||Doe^Jane\rPV1||O|||||||||||||||||V1\r"
)


def register(clinic: ServedClinic) -> None:
    assert b"MSA|AA|DOOR-1" in send_hl7(clinic.carriers.hl7["ris"].address, REGISTRATION)


def test_a_stalled_hl7_message_holds_up_nobody(clinic: ServedClinic) -> None:
    with connected(clinic.carriers.hl7["ris"].address, first=b"\x0b" + REGISTRATION[:40]) as stalled:
        register(clinic)
        stalled.shutdown(socket.SHUT_WR)
        assert what_comes(stalled) == b""
    register(clinic)


def test_an_hl7_message_for_another_system_is_rejected_and_ends_nothing(clinic: ServedClinic) -> None:
    answer = send_hl7(clinic.carriers.hl7["workstation"].address, REGISTRATION)
    assert b"MSA|AR|DOOR-1" in answer
    register(clinic)

"""Where messages begin and end, and the relay that cuts there, against golden bytes of both protocols."""

import socket
from contextlib import suppress

from emulators.core.fault import FaultKind
from emulators.wire.message_boundaries import DicomSplitter, Direction, Framing, MllpSplitter, Piece, Splitter, splitter
from emulators.wire.relay import Order, Record, Relay
from tests.wire.golden_check import golden, pdus

WATCHDOG_S = 5.0


def pieces_of(cutter: Splitter, stream: bytes, step_bytes: int) -> list[Piece]:
    """The pieces of a stream that comes in steps."""
    return [piece for start in range(0, len(stream), step_bytes) for piece in cutter.split(stream[start : start + step_bytes])]


def messages_in(pieces: list[Piece]) -> list[bytes]:
    """The messages that lie between the marks of these pieces."""
    messages: list[bytes] = []
    inside = False
    for piece in pieces:
        if piece.begins:
            messages.append(b"")
            inside = True
        if inside:
            messages[-1] += piece.data
        inside = inside and not piece.ends
    return messages


@golden(
    "DCMTK_FIND_CLIENT_STREAM DCMTK_FIND_SERVER_STREAM DCMTK_FRAGMENTED_STORE PYNETDICOM_FRAGMENTED_STORE",
    holds="""message_boundaries.DicomSplitter message_boundaries.DicomSplitter.split message_boundaries.DicomSplitter.inside
    message_boundaries.DicomSplitter.rest message_boundaries.Piece""",
)
def messages_of_dicom_streams(client: bytes, server: bytes, dcmtk_store: bytes, pynetdicom_store: bytes) -> None:
    _, query, identifier, _ = pdus(client)
    _, pending, match, final, _ = pdus(server)
    for stream, messages, waiting in (
        (client, [query + identifier], 3),  # association, query, release
        (server, [pending + match, final], -3),
        (dcmtk_store, [dcmtk_store], 1),
        (pynetdicom_store, [pynetdicom_store], 1),
    ):
        for step_bytes in (1, 7, len(stream)):
            cutter = DicomSplitter()
            pieces = pieces_of(cutter, stream, step_bytes)
            assert b"".join(piece.data for piece in pieces) == stream
            assert messages_in(pieces) == messages
            assert (cutter.waiting, cutter.inside, cutter.rest()) == (waiting, False, b"")
        cutter = DicomSplitter()
        assert cutter.split(stream[:5]) == []
        assert cutter.inside
        assert cutter.rest() == stream[:5]


@golden(
    "HL7APY_ORU_FRAME PYTHON_HL7_ORU_FRAME",
    holds="""message_boundaries.splitter message_boundaries.MllpSplitter message_boundaries.MllpSplitter.split
    message_boundaries.MllpSplitter.rest""",
)
def messages_of_mllp_streams(first: bytes, second: bytes) -> None:
    stream = first + second
    for step_bytes in (1, 7, len(stream)):
        for direction, waiting in ((Direction.REQUEST, 2), (Direction.RESPONSE, -2)):
            cutter = splitter(Framing.MLLP, direction)
            pieces = pieces_of(cutter, stream, step_bytes)
            assert messages_in(pieces) == [first, second]
            assert (cutter.waiting, cutter.inside, cutter.rest()) == (waiting, False, b"")
    cutter = MllpSplitter(Direction.REQUEST)
    cutter.split(first[:-1])
    assert cutter.inside
    assert cutter.split(first[-1:]) == [Piece(first[-1:], ends=True)]


def through_relay(framing: Framing, order: Order, data: bytes) -> tuple[bytes, bytes]:
    """Send bytes through a relay under an order; what the server got, and what was recorded."""
    records: list[Record] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Relay(listener.getsockname(), framing, records.append) as relay,
        socket.socket() as client,
    ):
        listener.settimeout(WATCHDOG_S)
        client.settimeout(WATCHDOG_S)
        relay.order(order)
        client.connect(relay.address)
        server, _ = listener.accept()  # the relay has the connection, and the order counts for it
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        relay.release()
        received = b""
        with server, suppress(ConnectionResetError):
            server.settimeout(WATCHDOG_S)
            while chunk := server.recv(65536):
                received += chunk
        relay.close()
    return received, b"".join(record.data for record in records)


@golden(
    "PYTHON_HL7_ORU_FRAME DCMTK_STORE_SUB_OPERATION",
    holds="relay.Relay relay.Relay.address relay.Relay.order relay.Relay.release relay.Relay.close relay.Order relay.Record",
)
def a_relay_cuts_golden_messages_in_half(frame: bytes, store: bytes) -> None:
    """A message that is never complete, by what the relay knows of its framing, would not be cut but held back whole."""
    for framing, message in ((Framing.MLLP, frame), (Framing.DICOM, store)):
        assert through_relay(framing, Order(FaultKind.HOLD), message) == (message, message)
        assert through_relay(framing, Order(FaultKind.TRUNCATE), message) == (message[: len(message) // 2], message)

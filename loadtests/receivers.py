"""Receivers for the benchmarks: our archive, worklist and MLLP server, and pynetdicom's storage SCP.

The actor behind ours is one function that answers at once. ``python -m loadtests.receivers KIND FOLDER`` serves one of them
in a process of its own, so that sender and receiver do not share an interpreter: it prints its port, and ends when its
standard input does.
"""

import cProfile
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from emulators.messages.common import Acknowledgement
from emulators.messages.imaging import Admission
from emulators.ports.arrivals import WATCHDOG_S, Arrivals, Stage
from emulators.ports.dicom_server import DicomServer
from emulators.ports.mllp import RECEIVE_BYTES, MllpServer
from emulators.ports.sockets import Address, Listener, Origins, log_failure
from emulators.store.archive import ImageArchive
from emulators.wire.mllp import END_BLOCK, frame
from loadtests.subjects import hl7_codec, scheduled_exam, worklist

AE_TITLE = "BENCH"
IMPLEMENTATION_CLASS_UID = "2.25.7"
PROFILE = "receiver.profile"


class Answering:
    """The kernel's side of a receiving port: answers each request with ``answer(request)``, and tells each batch."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.arrivals = Arrivals()
        self._answer = answer
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="radloop-bench-answering", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        self.arrivals.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            arrival = self.arrivals.take(WATCHDOG_S)
            if arrival is None:
                continue
            if arrival.stage is Stage.REQUEST:
                arrival.exchange.server.reply(self._answer(arrival.value))
            elif arrival.stage is Stage.BATCH:
                arrival.value.tell()


@contextmanager
def archive_receiver(folder: Path, server_class: type[DicomServer] = DicomServer) -> Iterator[int]:
    """Our image archive with its index in ``folder``, behind our DICOM port."""
    archive = ImageArchive(folder, IMPLEMENTATION_CLASS_UID, "BENCH")
    answering = Answering(lambda _header: Admission())
    server = server_class("pacs", AE_TITLE, answering.arrivals, Origins(), archive, takes_strangers=True)
    try:
        yield server.address[1]
    finally:
        server.close()
        answering.close()
        archive.close()


class _ProfiledServer(DicomServer):
    """Profiles its associations by processor time; the last one's profile stays in ``profile``."""

    profile: ClassVar[cProfile.Profile]

    def _serve(self, connection: socket.socket, peer: Address) -> None:
        profile = _ProfiledServer.profile = cProfile.Profile(time.thread_time)
        profile.runcall(super()._serve, connection, peer)


@contextmanager
def profiled_archive_receiver(folder: Path) -> Iterator[int]:
    """Our image archive; what its last association spent its time on is in ``folder`` / PROFILE when it has ended."""
    with archive_receiver(folder, _ProfiledServer) as port:
        yield port
    _ProfiledServer.profile.dump_stats(folder / PROFILE)


@contextmanager
def worklist_receiver(_folder: Path) -> Iterator[int]:
    """The worklist of our RIS, behind our DICOM port."""
    items = worklist()
    answering = Answering(items.matches)
    server = DicomServer("ris", AE_TITLE, answering.arrivals, Origins(), takes_strangers=True)
    try:
        yield server.address[1]
    finally:
        server.close()
        answering.close()


@contextmanager
def mllp_receiver(_folder: Path) -> Iterator[int]:
    """A system that accepts every HL7 message, behind our MLLP port."""
    answering = Answering(lambda message: Acknowledgement("AA", message.control_id))
    server = MllpServer("ris", hl7_codec("2.5.1"), answering.arrivals, Origins(), takes_strangers=True)
    try:
        yield server.address[1]
    finally:
        server.close()
        answering.close()


@contextmanager
def bare_receiver(_folder: Path) -> Iterator[int]:
    """Bare sockets: whatever ends a frame is answered with one and the same acknowledgement, and nothing is read."""
    codec, message = hl7_codec("2.5.1"), scheduled_exam(0)
    answer = frame(codec.encode_acknowledgement(Acknowledgement("AA", message.control_id), codec.encode(message)))

    def serve(connection: socket.socket, _peer: Address) -> None:
        while piece := connection.recv(RECEIVE_BYTES):
            if piece.endswith(END_BLOCK):
                connection.sendall(answer)

    listener = Listener("bench-bare", serve, log_failure)
    try:
        yield listener.address[1]
    finally:
        listener.close()


@contextmanager
def pynetdicom_receiver(folder: Path) -> Iterator[int]:
    """pynetdicom's storage SCP with a handler that writes files, the short way of its documentation."""
    from pynetdicom import AE, evt
    from pynetdicom.sop_class import CTImageStorage  # type: ignore[attr-defined]

    def store(event: Any) -> int:
        (folder / f"{event.request.AffectedSOPInstanceUID}.dcm").write_bytes(event.encoded_dataset())
        return 0x0000

    entity = AE(AE_TITLE)
    entity.add_supported_context(CTImageStorage)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    assert server is not None  # it does not block
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


RECEIVERS = {
    "archive": archive_receiver,
    "profiled archive": profiled_archive_receiver,
    "worklist": worklist_receiver,
    "mllp": mllp_receiver,
    "bare": bare_receiver,
    "pynetdicom": pynetdicom_receiver,
}


def main(kind: str, folder: str) -> None:
    """Serve until standard input ends."""
    with RECEIVERS[kind](Path(folder)) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])

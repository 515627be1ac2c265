"""Our ends without a clinic: a port asked directly, and a receiving system that answers at once and keeps what came."""

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from datasets.draws import Draws
from datasets.procedures import MODALITIES, Modality, procedures_by_modality
from emulators.core.instant import SECOND
from emulators.core.link import LinkSpec
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import Admission, InstancesStored, StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.ports.arrivals import Arrivals, Failure, Stage
from emulators.ports.association import SocketAssociation
from emulators.ports.contract import Exchange, Lane
from emulators.ports.dicom import DicomPort
from emulators.ports.dicom_server import DicomServer
from emulators.ports.sockets import LOOPBACK, Origins, bound_socket
from emulators.store.archive import Duplicates, ImageArchive
from emulators.store.part10 import head
from emulators.wire.items import RoleSelection
from emulators.wire.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, MAX_PDU_LENGTH, propose
from sim.run import scanned_images
from sim.world.arrivals import Arrival
from sim.world.people import Case, Cases
from tests.peers.served import SEED, clinic_scenario

ANSWER_LIMIT_S = 20.0
OURS = "OURS"

SCENARIO = clinic_scenario()
IMAGES = scanned_images(SCENARIO, SEED)
CASES = Cases(SCENARIO, Draws(SEED), IMAGES)


# --- what is sent ------------------------------------------------------------------------------------------------------


def visit(modality: Modality, skipped: int = 0) -> Case:
    """A visit with an exam of this modality; ``skipped`` gives another patient's."""
    case = CASES.case(Arrival(0, 100 * MODALITIES.index(modality) + 1 + skipped, 0))
    exam = replace(case.exams[0], procedure=procedures_by_modality(modality)[0])
    return replace(case, exams=(exam,))


def earlier_study(case: Case, instances: int) -> StoreStudy:
    """The study that the patient of a visit had before, cut or grown to ``instances``."""
    store = CASES.prior(case)
    return store.only(InstanceSet(store.series_instance_uid, 1, instances))


def study(modality: Modality, instances: int, skipped: int = 0) -> StoreStudy:
    """A study with its context; ``skipped`` gives another patient's."""
    return earlier_study(visit(modality, skipped), instances)


def data_sets(store: StoreStudy) -> dict[str, bytes]:
    """The data sets of a study by SOP Instance UID."""
    return {instance.sop_instance_uid: b"".join(instance.buffers) for instance in IMAGES.instances(store)}


def write_files(folder: Path, store: StoreStudy) -> None:
    """The images of a study as DICOM files."""
    for number, instance in enumerate(IMAGES.instances(store), start=1):
        uids = instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid
        before = head(*uids, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, "")
        (folder / f"{number:03d}.dcm").write_bytes(b"".join((before, *instance.buffers)))


def data_set_of_file(path: Path) -> bytes:
    """What stands behind the file meta information, whose group length comes first (PS3.10 7.1)."""
    content = path.read_bytes()
    assert content[132:140] == b"\x02\x00\x00\x00UL\x04\x00"
    return content[144 + struct.unpack_from("<I", content, 140)[0] :]


def files_by_uid(folder: Path) -> dict[str, bytes]:
    """The data sets of the files that DCMTK has written: their names end in the SOP Instance UID."""
    return {path.name[path.name.index("2.25.") :]: data_set_of_file(path) for path in folder.iterdir()}


# --- our sending end ---------------------------------------------------------------------------------------------------


class Sender:
    """Our DICOM port towards a product, asked without a kernel."""

    def __init__(self, port: int, called_ae_title: str, calling_ae_title: str = OURS) -> None:
        self._arrivals = Arrivals(ANSWER_LIMIT_S)
        self._port = DicomPort(
            calling_ae_title, called_ae_title, (LOOPBACK, port), self._arrivals, Origins(), IMAGES.instances, live=True
        )

    def ask(self, message: Any) -> Any:
        """The answer to ``message``; fails with the reason when there is none."""
        return self._ask(message, self._port.outcome)

    def failure(self, message: Any) -> Failure:
        """How the association for ``message`` ended before its answer; fails when there is one."""
        failed: Failure = self._ask(message, lambda exchange: self._arrivals.wait(exchange, Stage.BROKEN))
        return failed

    def _ask(self, message: Any, ending: Callable[[Exchange], Any]) -> Any:
        lane = Lane("ours", "product", message.lane, self._port, LinkSpec())
        exchange = Exchange(lane, "1", message, 30 * SECOND, 0, 1)
        self._port.begin(exchange)
        try:
            return ending(exchange)
        finally:
            self._port.close()


@contextmanager
def association(
    port: int,
    called_ae_title: str,
    syntaxes: Sequence[tuple[str, Sequence[str]]],
    roles: Sequence[RoleSelection] = (),
    max_pdu_length: int = MAX_PDU_LENGTH,
) -> Iterator[SocketAssociation]:
    """Our association towards a product, released at the end."""
    with bound_socket() as connection:
        connection.settimeout(ANSWER_LIMIT_S)
        connection.connect((LOOPBACK, port))
        requestor = SocketAssociation(connection, idle_s=ANSWER_LIMIT_S)
        requestor.request(propose(called_ae_title, OURS, syntaxes, roles=roles, max_pdu_length=max_pdu_length))
        yield requestor
        requestor.release()


# --- our receiving end -------------------------------------------------------------------------------------------------


def _accept(message: Any) -> Any:
    return Admission() if isinstance(message, StudyHeader) else SUCCESS


class Receiver:
    """Our DICOM server with a system behind it that answers with ``answer(message)``; close it.

    ``messages`` gets each request that came, and each batch of images that is on disk.
    """

    def __init__(
        self,
        folder: Path,
        answer: Callable[[Any], Any] = _accept,
        ae_title: str = OURS,
        duplicates: Duplicates = Duplicates.REFUSE,
    ) -> None:
        named = (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)
        self.archive = ImageArchive(folder, *named, duplicates=duplicates)
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self._answer = answer
        self._arrivals = Arrivals()
        self._closed = False
        self.server = DicomServer("ours", ae_title, self._arrivals, Origins(), self.archive, takes_strangers=True)
        self.port = self.server.address[1]
        self._thread = threading.Thread(target=self._run, name="radloop-test-receiver", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self._closed = True
        self._arrivals.wake()
        self._thread.join()
        self.archive.close()

    def next(self, kind: type) -> Any:
        """The next message of this kind; others are passed over. Fails when there is none for long."""
        while not isinstance(message := self.messages.get(timeout=ANSWER_LIMIT_S), kind):
            pass
        return message

    def stored(self, store: StoreStudy) -> dict[str, bytes]:
        """The data sets of a study, all of its instances told, by SOP Instance UID."""
        missing = set(store.instances)
        while missing:
            batch: InstancesStored = self.next(InstancesStored)
            missing -= set(batch.instances)
        rows = self.archive.instances(store.header.study_instance_uid)
        return {row.sop_instance_uid: bytes(self.archive.open_dataset(row)) for row in rows}

    def _run(self) -> None:
        while not self._closed:
            arrival = self._arrivals.take(ANSWER_LIMIT_S)
            if arrival is None:
                continue
            if arrival.stage is Stage.REQUEST:
                self.messages.put(arrival.value)
                arrival.exchange.server.reply(self._answer(arrival.value))
            elif arrival.stage is Stage.BATCH:
                for batch in arrival.value.tell():
                    self.messages.put(batch)

"""C-STORE of 200 CT instances of 0.525 MB over one association, by senders and into receivers of four makers.

Every sender reads the same DICOM files. Every round has a new receiver with an empty folder, in a process of its own, that
keeps what it gets. The start of processes and the association are taken out: one instance goes first, alone, and its time
is subtracted.
"""

import json
import mmap
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from emulators.messages.imaging import StoreStudy
from emulators.ports.stored_images import StoredInstance
from loadtests.figures import Aim, Contestant, Figure, Group, race
from loadtests.products import LOOPBACK, NO_DELAY, dcmtk, free_port, need_package, orthanc, own_receiver, product, run
from loadtests.profiles import by_function, by_package
from loadtests.receivers import AE_TITLE, PROFILE, archive_receiver
from loadtests.senders import DicomSender
from loadtests.subjects import ct_instances, ct_store, file_head, file_name, write_files

INSTANCES = 200
ROUNDS = 5
QUICK_INSTANCES = 60
QUICK_ROUNDS = 1
PYNETDICOM_LIMIT_S = 5.0

NOT_SLOWER = Aim(1.0, of_ratio=True)

Send = Callable[[int, "Series", bool], None]
"""Sends a series to a port: all of it but the first instance, or (True) the first instance alone."""
Receive = Callable[[Path], AbstractContextManager[int]]


class Series:
    """The files: ``first`` holds the instance that goes first, ``rest`` all others."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.first = folder / "first"
        self.rest = folder / "rest"
        self._by_uid = {instance.sop_instance_uid: instance for instance in ct_instances(count + 1)}
        alone, *others = self._by_uid.values()
        for part, instances in ((self.first, [alone]), (self.rest, others)):
            part.mkdir()
            write_files(part, instances)

    def part(self, alone: bool) -> Path:
        return self.first if alone else self.rest

    def message(self, alone: bool) -> StoreStudy:
        return ct_store(1, 1) if alone else ct_store(2, self.count + 1)

    def read(self, store: StoreStudy) -> Iterator[StoredInstance]:
        """The instances of ``store`` as our archive would send them: mapped from their files."""
        for uid in store.instances:
            instance = self._by_uid[uid]
            path = self.part(alone=len(store.instances) == 1) / file_name(uid)
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            dataset = memoryview(mapped)[len(file_head(instance)) :]
            yield StoredInstance(instance.sop_class_uid, uid, instance.transfer_syntax_uid, (dataset,))


def measure(quick: bool) -> list[Group]:
    """Figures and profile; takes a minute or two, or 15 s if ``quick``, and 250 MB of disk, which are given back."""
    instances = QUICK_INSTANCES if quick else INSTANCES
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as name:
        folder = Path(name)
        series = Series(folder, instances)
        contestants = [Contestant(figure, partial(_round, folder, series, send, receive)) for figure, send, receive in _pairs()]
        figures = race(contestants, QUICK_ROUNDS if quick else ROUNDS, warm_up=not quick)
        profile = _profile(folder, series)
    note = (
        f"{instances} CT instances of 0.525 MB, one association, sender and receiver in processes of their own, DCMTK with "
        "TCP_NODELAY=1; receivers keep the images (ours with its index); all senders read the same files. The time of a "
        "first instance, sent alone, is taken off"
    )
    return [Group("cstore", f"C-STORE of {instances} CT instances", note, figures), *profile]


def _pairs() -> Iterable[tuple[Figure, Send, Receive]]:
    unit = "instances/s"
    dcmtk_pair = "DCMTK storescu to DCMTK storescp"
    orthanc_pair = "DCMTK storescu to Orthanc"
    archive = partial(own_receiver, "archive")
    yield Figure(dcmtk_pair, unit), _send_dcmtk, _storescp
    yield Figure("our sender to DCMTK storescp", unit, against=dcmtk_pair, aim=NOT_SLOWER), _send_ours, _storescp
    yield Figure("DCMTK storescu to our archive", unit, against=dcmtk_pair, aim=NOT_SLOWER), _send_dcmtk, archive
    yield Figure("our sender to our archive", unit, against=dcmtk_pair), _send_ours, archive
    yield Figure("- both in one process", unit, against="our sender to our archive"), _send_ours, archive_receiver
    yield Figure(orthanc_pair, unit, against=dcmtk_pair), _send_dcmtk, _orthanc
    yield Figure("our sender to Orthanc", unit, against=orthanc_pair), _send_ours, _orthanc
    yield Figure("pynetdicom to DCMTK storescp", unit, against=dcmtk_pair), _send_pynetdicom, _storescp
    yield Figure("DCMTK storescu to pynetdicom", unit, against=dcmtk_pair), _send_dcmtk, _pynetdicom


def _profile(folder: Path, series: Series) -> list[Group]:
    """What our archive's side of an association spends its processor time on."""
    kept = folder / "profiled"
    kept.mkdir()
    with own_receiver("profiled archive", kept) as port:
        _send_ours(port, series, alone=False)
    note = "cProfile of the receiving thread, processor time, our sender; a built-in function counts for its caller"
    title = "C-STORE into our archive: where the time goes"
    return [
        Group("cstore packages", f"{title}, by package", note, by_package(kept / PROFILE)),
        Group("cstore functions", f"{title}, by function", note, by_function(kept / PROFILE)),
    ]


def _round(folder: Path, series: Series, send: Send, receive: Receive) -> float:
    """Instances per second into a new receiver."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        kept = Path(name)
        with receive(kept) as port:
            alone_s = _timed(send, port, series, alone=True)
            elapsed_s = _timed(send, port, series, alone=False)
        images = sum(path.stat().st_size > 500_000 for path in kept.rglob("*") if path.is_file())
        if images != series.count + 1:
            raise ChildProcessError(f"{images} of {series.count + 1} instances were kept")
    return (series.count - 1) / (elapsed_s - alone_s)


def _timed(send: Send, port: int, series: Series, alone: bool) -> float:
    begin = time.perf_counter()
    send(port, series, alone)
    return time.perf_counter() - begin


# --- senders -----------------------------------------------------------------------------------------------------------


def _send_ours(port: int, series: Series, alone: bool) -> None:
    sender = DicomSender(AE_TITLE, port, series.read)
    store = series.message(alone)
    result = sender.ask(store)
    sender.close()
    if len(result.stored) != len(store.instances):
        raise ChildProcessError(f"{len(result.stored)} of {len(store.instances)} instances were stored")


def _send_dcmtk(port: int, series: Series, alone: bool) -> None:
    run([dcmtk("storescu"), "-aec", AE_TITLE, "+sd", LOOPBACK, str(port), str(series.part(alone))], NO_DELAY)


def _send_pynetdicom(port: int, series: Series, alone: bool) -> None:
    need_package("pynetdicom")
    from pynetdicom import AE

    entity = AE()
    entity.dimse_timeout = PYNETDICOM_LIMIT_S  # on a busy machine its two threads now and then lose a response
    instance = ct_instances(1)[0]
    entity.add_requested_context(instance.sop_class_uid, instance.transfer_syntax_uid)
    association = entity.associate(LOOPBACK, port, ae_title=AE_TITLE)
    if not association.is_established:
        raise ConnectionError("no association")
    for path in sorted(series.part(alone).iterdir()):
        if "Status" not in association.send_c_store(path):
            raise ConnectionError("pynetdicom saw no response")
    association.release()


# --- receivers ---------------------------------------------------------------------------------------------------------


@contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    port = free_port()
    with product([dcmtk("storescp"), "--output-directory", str(folder), str(port)], port, NO_DELAY):
        yield port


@contextmanager
def _pynetdicom(folder: Path) -> Iterator[int]:
    need_package("pynetdicom")
    with own_receiver("pynetdicom", folder) as port:
        yield port


@contextmanager
def _orthanc(folder: Path) -> Iterator[int]:
    port = free_port()
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpServerEnabled": False,
        "DicomAet": AE_TITLE,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowStore": True,
        "DicomPort": port,
        "Plugins": [],
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    with product([orthanc(), str(path)], port, NO_DELAY):
        yield port

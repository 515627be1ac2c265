"""The image archive alone: how fast it receives, indexes and reads CT instances of 0.525 MB, and where the time goes.

All on the page cache, as the archive does without ``fsync``. The first round is thrown away: it writes into memory that the
machine may not have given us yet, at a third of the speed.
"""

import os
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import blake2b, sha256
from pathlib import Path

from datasets.studies import EXPLICIT_VR_LITTLE_ENDIAN, Instance
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.store.archive import ImageArchive, Verdict
from emulators.store.header import scan
from emulators.store.index import Index
from emulators.store.memory import MemoryArchive
from emulators.store.rows import InstanceRow
from loadtests.figures import Contestant, Figure, Group, per_second, race
from loadtests.subjects import ct_instances, ct_study

PIECE_BYTES = 131_072  # what one PDU of the receiving side carries
INSTANCES = 400
QUICK_INSTANCES = 100
ROUNDS = 3
QUICK_ROUNDS = 1
SIMULATED_STUDIES = 5000

Work = Callable[[Path], float]
"""One round in an empty folder; its value."""


def measure(quick: bool) -> list[Group]:
    """One group; takes some 15 s and 210 MB of disk, which are given back."""
    count, rounds = (QUICK_INSTANCES, QUICK_ROUNDS) if quick else (INSTANCES, ROUNDS)
    whole = [(instance, b"".join(instance.buffers)) for instance in ct_instances(count)]
    contestants = [
        _contestant("receive, write, index; 1 association", "instances/s", partial(_receive, whole, 1)),
        _contestant("receive, write, index; 4 associations", "instances/s", partial(_receive, whole, 4)),
        _contestant("read data sets", "instances/s", partial(_read, whole)),
        _contestant("list the instances of a study", "ms", partial(_list, whole)),
        *_parts(whole[0][1], count),
        *_digests(whole[0][1]),
        _contestant("memory archive: file, tell and find a study", "studies/s", _simulate),
    ]
    note = f"{count} CT instances of 0.525 MB in pieces of {PIECE_BYTES} bytes; lines with - are parts of receiving one"
    return [Group("store", "The image archive alone", note, race(contestants, rounds, warm_up=not quick))]


def _contestant(subject: str, unit: str, work: Work) -> Contestant:
    def take() -> float:
        with tempfile.TemporaryDirectory(prefix="radloop-bench-") as name:
            return work(Path(name))

    return Contestant(Figure(subject, unit), take)


Whole = tuple[Instance, bytes]
"""An instance, and its data set as one buffer."""


def _receive(images: Sequence[Whole], associations: int, folder: Path) -> float:
    """Instances per second, with one thread for each association."""
    archive = ImageArchive(folder, "1.2.3", "BENCH")
    shares = [images[first::associations] for first in range(associations)]
    threads = [threading.Thread(target=_store_all, args=(archive, share)) for share in shares]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed_s = time.perf_counter() - begin
    archive.close()
    return len(images) / elapsed_s


def _store_all(archive: ImageArchive, images: Sequence[Whole]) -> None:
    batch = archive.open_batch()
    for instance, data_set in images:
        named = (instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
        incoming = archive.receive(batch, *named, "BENCH")
        for piece in _pieces(data_set):
            incoming.write(piece)
        assert incoming.commit().verdict is Verdict.STORED
    archive.tell(batch)


def _pieces(data_set: bytes) -> list[memoryview]:
    view = memoryview(data_set)
    return [view[start : start + PIECE_BYTES] for start in range(0, len(view), PIECE_BYTES)]


def _list(images: Sequence[Whole], folder: Path) -> float:
    """Milliseconds for the rows of a study."""
    archive = ImageArchive(folder, "1.2.3", "BENCH")
    _store_all(archive, images)
    begin = time.perf_counter()
    archive.instances(ct_study().study_instance_uid)
    elapsed_s = time.perf_counter() - begin
    archive.close()
    return 1000 * elapsed_s


def _read(images: Sequence[Whole], folder: Path) -> float:
    """Instances per second, touching every byte of their data sets, as sending does."""
    archive = ImageArchive(folder, "1.2.3", "BENCH")
    _store_all(archive, images)
    rows = archive.instances(ct_study().study_instance_uid)
    begin = time.perf_counter()
    for row in rows:
        bytes(archive.open_dataset(row))
    elapsed_s = time.perf_counter() - begin
    archive.close()
    return len(rows) / elapsed_s


def _parts(data_set: bytes, count: int) -> Iterator[Contestant]:
    """The steps of receiving one instance, each on its own, in microseconds."""
    pieces = _pieces(data_set)
    header = scan(pieces[0], EXPLICIT_VR_LITTLE_ENDIAN, whole=False)

    def write_files(folder: Path) -> float:
        begin = time.perf_counter()
        for number in range(count):
            descriptor = os.open(folder / f"{number}.dcm", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            for piece in pieces:
                os.write(descriptor, piece)
            os.close(descriptor)
        return 1e6 * (time.perf_counter() - begin) / count

    def add_rows(folder: Path) -> float:
        index = Index(folder / "index.sqlite")
        batch = index.open_batch()
        named = (header.sop_class_uid, header.study_instance_uid, header.series_instance_uid)
        came = (EXPLICIT_VR_LITTLE_ENDIAN, "BENCH", "0123456789abcdef/file.dcm")
        begin = time.perf_counter()
        for number in range(count):
            index.add(batch, header, InstanceRow(f"2.25.7.{number}", *named, str(number), "", *came, 400, len(data_set)))
        elapsed_s = time.perf_counter() - begin
        index.close()
        return 1e6 * elapsed_s / count

    def scan_headers(_folder: Path) -> float:
        return 1e6 / per_second(lambda: scan(pieces[0], EXPLICIT_VR_LITTLE_ENDIAN, whole=False))

    yield _contestant("- write the file", "us/instance", write_files)
    yield _contestant("- SQLite commit", "us/instance", add_rows)
    yield _contestant("- scan the header", "us/instance", scan_headers)


def _digests(data_set: bytes) -> Iterator[Contestant]:
    """What it would cost to keep a digest of each instance, in the place of reading two files when one comes again."""
    digests: dict[str, Callable[[bytes], object]] = {"crc32": zlib.crc32, "sha256": sha256, "blake2b": blake2b}
    for name, digest in digests.items():
        yield _contestant(f"- not done: {name}", "us/instance", partial(_digest, digest, data_set))


def _digest(digest: Callable[[bytes], object], data_set: bytes, _folder: Path) -> float:
    return 1e6 / per_second(lambda: digest(data_set))


def _simulate(_folder: Path) -> float:
    """Studies of 200 images per second that a simulation files, tells and asks for."""
    archive = MemoryArchive()
    patient = Patient("MRN", "RADLOOP", PersonName("Doe", "Jane"))
    begin = time.perf_counter()
    for number in range(SIMULATED_STUDIES):
        header = StudyHeader(patient, f"A{number}", f"2.25.8.{number}", "20250101080000", "CT", "CT CHEST")
        batch = archive.open_batch()
        instances = InstanceSet(f"2.25.8.{number}.1", 1, 200)
        archive.add(batch, StoreStudy(header, f"2.25.8.{number}.1", "1.2.840.10008.5.1.4.1.1.2", instances, 525_000))
        archive.tell(batch)
        archive.studies(accession_number=f"A{number}")
    return SIMULATED_STUDIES / (time.perf_counter() - begin)

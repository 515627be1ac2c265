"""How fast the image archive receives, indexes and reads CT instances of 0.525 MB, and where the time goes.

All on the page cache, as the archive does without ``fsync``. Each figure is the median of some rounds after one that is
thrown away: the first writes into memory that the machine may not have given us yet, at a third of the speed.
Run it with ``python -m loadtests.bench_store``.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path

from datasets.examples import example_study
from datasets.procedures import procedures_by_modality
from datasets.studies import SyntheticStudies
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import InstanceSet, StoreStudy, StudyHeader
from emulators.store.archive import ImageArchive, Verdict
from emulators.store.header import scan
from emulators.store.index import Index
from emulators.store.memory import MemoryArchive
from emulators.store.rows import InstanceRow

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
STUDY = example_study(7, 0, procedures_by_modality("CT")[0])
PIECE_BYTES = 131_072  # what one PDU of the receiving side carries
INSTANCES = 400
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    subject: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded instance as one buffer."""

    sop_instance_uid: str
    data_set: bytes


def measure() -> list[Figure]:
    """All figures; takes some ten seconds and 210 MB of disk, which are given back."""
    source = SyntheticStudies(7)
    instances = [source.instance(STUDY, number) for number in range(1, INSTANCES + 1)]
    images = [Image(instance.sop_instance_uid, b"".join(instance.buffers)) for instance in instances]
    return [
        _received(images, associations=1),
        _received(images, associations=4),
        *_read(images),
        *_parts(images[0].data_set),
        *_digests(images[0].data_set),
        _simulated(),
    ]


def _received(images: list[Image], associations: int) -> Figure:
    """Receive, write and index, one thread per association."""

    def one_round(folder: Path) -> float:
        archive = ImageArchive(folder, "1.2.3", "BENCH")
        shares = [images[first::associations] for first in range(associations)]
        threads = [threading.Thread(target=_store_all, args=(archive, share)) for share in shares]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - begin
        archive.close()
        return elapsed

    return Figure(f"receive, write, index; {associations} association(s)", INSTANCES / _median(one_round), "instances/s")


def _store_all(archive: ImageArchive, images: list[Image]) -> None:
    batch = archive.open_batch()
    for image in images:
        incoming = archive.receive(batch, CT_IMAGE_STORAGE, image.sop_instance_uid, EXPLICIT_VR_LITTLE_ENDIAN, "BENCH")
        for piece in _pieces(image.data_set):
            incoming.write(piece)
        assert incoming.commit().verdict is Verdict.STORED
    archive.tell(batch)


def _pieces(data_set: bytes) -> list[memoryview]:
    view = memoryview(data_set)
    return [view[start : start + PIECE_BYTES] for start in range(0, len(view), PIECE_BYTES)]


def _read(images: list[Image]) -> list[Figure]:
    """Ask for the instances of a study and touch every byte of their data sets, as sending does."""
    with tempfile.TemporaryDirectory() as name:
        archive = ImageArchive(Path(name), "1.2.3", "BENCH")
        _store_all(archive, images)
        begin = time.perf_counter()
        rows = archive.instances(STUDY.study_instance_uid)
        listed = time.perf_counter()
        for row in rows:
            bytes(archive.open_dataset(row))
        read = time.perf_counter()
        archive.close()
    return [
        Figure(f"list the {len(rows)} instances of a study", 1000 * (listed - begin), "ms"),
        Figure("read data sets", len(rows) / (read - listed), "instances/s"),
    ]


def _parts(data_set: bytes) -> list[Figure]:
    """The steps of receiving one instance, each on its own."""
    pieces = _pieces(data_set)
    header = scan(pieces[0], EXPLICIT_VR_LITTLE_ENDIAN, whole=False)

    def write_files(folder: Path) -> float:
        begin = time.perf_counter()
        for number in range(INSTANCES):
            descriptor = os.open(folder / f"{number}.dcm", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            for piece in pieces:
                os.write(descriptor, piece)
            os.close(descriptor)
        return time.perf_counter() - begin

    def add_rows(folder: Path) -> float:
        index = Index(folder / "index.sqlite")
        batch = index.open_batch()
        named = (CT_IMAGE_STORAGE, header.study_instance_uid, header.series_instance_uid)
        came = (EXPLICIT_VR_LITTLE_ENDIAN, "BENCH", "0123456789abcdef/file.dcm")
        begin = time.perf_counter()
        for number in range(INSTANCES):
            index.add(batch, header, InstanceRow(f"2.25.7.{number}", *named, str(number), "", *came, 400, len(data_set)))
        elapsed = time.perf_counter() - begin
        index.close()
        return elapsed

    def scan_headers(folder: Path) -> float:
        begin = time.perf_counter()
        for _ in range(INSTANCES):
            scan(pieces[0], EXPLICIT_VR_LITTLE_ENDIAN, whole=False)
        return time.perf_counter() - begin

    steps = {"write the file": write_files, "SQLite commit": add_rows, "scan the header": scan_headers}
    return [Figure(f"- {step}", 1e6 * _median(work) / INSTANCES, "us/instance") for step, work in steps.items()]


def _digests(data_set: bytes) -> list[Figure]:
    """What it would cost to keep a digest of each instance, in the place of reading two files when one comes again."""
    digests: dict[str, Callable[[bytes], object]] = {"crc32": zlib.crc32, "sha256": sha256, "blake2b": blake2b}
    figures = []
    for name, digest in digests.items():
        begin = time.perf_counter()
        for _ in range(100):
            digest(data_set)
        figures.append(Figure(f"- not done: {name}", 1e4 * (time.perf_counter() - begin), "us/instance"))
    return figures


def _simulated() -> Figure:
    """Studies of 200 images that a simulation files, tells and asks for."""
    archive = MemoryArchive()
    patient = Patient("MRN", "RADLOOP", PersonName("Doe", "Jane"))
    studies = 5000
    begin = time.perf_counter()
    for number in range(studies):
        header = StudyHeader(patient, f"A{number}", f"2.25.8.{number}", "20250101080000", "CT", "CT CHEST")
        batch = archive.open_batch()
        instances = InstanceSet(f"2.25.8.{number}.1", 1, 200)
        archive.add(batch, StoreStudy(header, f"2.25.8.{number}.1", CT_IMAGE_STORAGE, instances, 525_000))
        archive.tell(batch)
        archive.studies(accession_number=f"A{number}")
    return Figure("memory archive: file, tell and find a study", studies / (time.perf_counter() - begin), "studies/s")


def _median(one_round: Callable[[Path], float]) -> float:
    """The median time of a round in s; each has a folder of its own."""
    elapsed = []
    for _ in range(ROUNDS + 1):
        with tempfile.TemporaryDirectory() as name:
            elapsed.append(one_round(Path(name)))
    return statistics.median(elapsed[1:])


if __name__ == "__main__":
    for figure in measure():
        sys.stdout.write(f"{figure.subject:50} {figure.value:12,.1f} {figure.unit}\n")

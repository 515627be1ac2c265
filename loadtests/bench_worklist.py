"""A worklist query that matches 25 of 500 items: our RIS against DCMTK wlmscpfs, asked by the same SCUs.

Both hold the same items with the same attributes, and every query asks for the same keys on an association of its own.
wlmscpfs keeps each item in a file and reads them all for every query.
"""

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND
from emulators.messages.worklist import WorklistItems
from emulators.worklist_files import worklist_file
from loadtests.figures import Contestant, Figure, Group, NotInstalled, race
from loadtests.products import LOOPBACK, NO_DELAY, dcmtk, free_port, own_receiver, product, run
from loadtests.receivers import AE_TITLE
from loadtests.senders import DicomSender
from loadtests.subjects import MATCHES, QUERY, WORKLIST_ITEMS, worklist_items

ROUNDS = 5
QUERIES = 5  # of one round

Ask = Callable[[], int]
"""One query; how many items came."""


def measure(quick: bool) -> list[Group]:
    """One group; takes some ten seconds."""
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as name, ExitStack() as servers:
        folder = Path(name)
        figures = race(list(_contestants(folder, servers)), 1 if quick else ROUNDS, warm_up=not quick)
    note = (
        f"{WORKLIST_ITEMS} items, {MATCHES} of which match station and date; one association a query, {QUERIES} queries a "
        "round; findscu's time holds the start of its process"
    )
    return [Group("worklist", f"Worklist query, {MATCHES} of {WORKLIST_ITEMS} items match", note, figures)]


def _contestants(folder: Path, servers: ExitStack) -> Iterator[Contestant]:
    ours = servers.enter_context(own_receiver("worklist", folder))
    theirs: int | None
    try:
        theirs = servers.enter_context(_wlmscpfs(folder))
    except NotInstalled:
        theirs = None
    query_file = folder / "query.dcm"
    keys = codec.encode_request(QUERY, 1, EXPLICIT_VR_LITTLE_ENDIAN)[1]
    assert keys is not None  # a query has an identifier
    _write(query_file, keys)
    reference = "our SCU asks DCMTK wlmscpfs"
    yield _contestant(Figure(reference, "ms"), partial(_ask_ours, theirs))
    yield _contestant(Figure("our SCU asks our RIS", "ms", against=reference), partial(_ask_ours, ours))
    reference = "DCMTK findscu asks DCMTK wlmscpfs"
    yield _contestant(Figure(reference, "ms"), partial(_ask_dcmtk, theirs, query_file))
    figure = Figure("DCMTK findscu asks our RIS", "ms", against=reference)
    yield _contestant(figure, partial(_ask_dcmtk, ours, query_file))


def _contestant(figure: Figure, ask: Ask) -> Contestant:
    def take() -> float:
        begin = time.perf_counter()
        for _ in range(QUERIES):
            count = ask()
            if count != MATCHES:
                raise ChildProcessError(f"{count} items came, not {MATCHES}")
        return 1000 * (time.perf_counter() - begin) / QUERIES

    return Contestant(figure, take)


def _ask_ours(port: int | None) -> int:
    sender = DicomSender(AE_TITLE, _installed(port))
    answer: WorklistItems = sender.ask(QUERY)
    sender.close()
    return len(answer.items)


def _ask_dcmtk(port: int | None, query_file: Path) -> int:
    command = [dcmtk("findscu"), "-v", "-W", "-aec", AE_TITLE, LOOPBACK, str(_installed(port)), str(query_file)]
    return run(command, NO_DELAY).count("(Pending)")


def _installed(port: int | None) -> int:
    if port is None:
        raise NotInstalled("DCMTK wlmscpfs")
    return port


@contextmanager
def _wlmscpfs(folder: Path) -> Iterator[int]:
    """DCMTK's worklist server over the same items: a folder named like its AE title, a file for each item."""
    items = folder / AE_TITLE
    items.mkdir()
    (items / "lockfile").touch()
    for number, item in enumerate(worklist_items()):
        (items / f"{number}.wl").write_bytes(worklist_file(item))
    port = free_port()
    with product([dcmtk("wlmscpfs"), "--data-files-path", str(folder), str(port)], port, NO_DELAY):
        yield port


def _write(path: Path, encoded: bytes) -> None:
    """A data set in Explicit VR Little Endian as a DICOM file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(EXPLICIT_VR_LITTLE_ENDIAN)
    meta.MediaStorageSOPClassUID = UID(MODALITY_WORKLIST_FIND)
    meta.MediaStorageSOPInstanceUID = UID("2.25.7")
    dataset = read_dataset(io.BytesIO(encoded), is_implicit_VR=False, is_little_endian=True)
    dataset.file_meta = meta
    dataset.save_as(path, enforce_file_format=True)

"""The image archive: a DICOM file per instance under ``images``, and an index that says which of them exist.

An instance is received in pieces. Its bytes stay in memory until its header is complete, so that nothing reaches the disk
that cannot be filed; then they go straight to the file. ``commit`` closes the file and writes the row, in this order, and
only the row makes the instance exist. What a broken transfer or a crash leaves behind is a file without a row: ``discard``
removes it, and so does opening the archive.

| state   | write                                          | commit                                      | discard             |
|---------|------------------------------------------------|---------------------------------------------|---------------------|
| HEADER  | keep; header complete: BODY; broken: REFUSED   | header must be complete: as BODY or REFUSED | CLOSED              |
| BODY    | append to the file                             | file, row: CLOSED                           | no file: CLOSED     |
| REFUSED | ignored                                        | mismatch, or RemoteProtocolError: CLOSED    | CLOSED              |
| CLOSED  | LocalProtocolError                             | LocalProtocolError                          | nothing             |

An instance that comes again (same SOP Instance UID) counts as stored already if it has the same bytes in the same transfer
syntax. With others it is treated as ``Duplicates`` says, but never replaces an instance of another study or series.

Many threads may receive; one object receives one instance. One process at a time has the archive open.
"""

import mmap
import os
import re
import shutil
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from hashlib import blake2s
from pathlib import Path

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.imaging import KEY_OBJECT_SELECTION, InstancesStored
from emulators.messages.instance_set import from_uids
from emulators.store.files import sync_folder, write_all
from emulators.store.header import Buffer, HeaderCut, InstanceHeader, reach, scan
from emulators.store.index import Again, Index
from emulators.store.part10 import head
from emulators.store.rejection_notes import rejected_by
from emulators.store.rows import InstanceRow

HEADER_LIMIT_BYTES = 16 << 20
_COMPARED_AT_ONCE_BYTES = 1 << 20
_UID = re.compile(r"[0-9][0-9.]{0,63}")  # what may become a file name; leading zeros of components are forgiven


class Duplicates(Enum):
    """What becomes of an instance whose UID is taken by another content; no clause says, so it is declared."""

    REFUSE = "refuse"
    KEEP_FIRST = "keep_first"
    REPLACE = "replace"


class Verdict(Enum):
    """What became of a received instance."""

    STORED = auto()  # file and row are there
    SAME = auto()  # it was there already, byte for byte: a success
    DIFFERENT = auto()  # another one was there first and is kept: a refusal
    KEPT = auto()  # the same, but the sender is only warned
    REPLACED = auto()  # another one was there first, and is gone: a success
    MISMATCH = auto()  # its SOP Class or Instance UID is not the command's (A900H)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a commit; ``dataset_bytes`` is the length of the data set as received, 0 for a mismatch."""

    verdict: Verdict
    header: InstanceHeader
    dataset_bytes: int


@dataclass(frozen=True, slots=True)
class Announced:
    """What the C-STORE command and its association say of an instance."""

    batch: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    sending_ae_title: str


class ImageArchive(Index):
    """The archive in ``folder``, which is made if it is missing. The implementation UID and name go into its files.

    ``fsync`` makes an acknowledged instance survive a loss of power, at the price of a few disk writes for each; without it
    it survives a kill of the process. Raises ConfigError if the folder is in use or holds an index of another version.
    """

    def __init__(
        self,
        folder: Path,
        implementation_class_uid: str,
        implementation_version_name: str,
        fsync: bool = False,
        duplicates: Duplicates = Duplicates.REFUSE,
    ) -> None:
        self.folder = folder
        self._duplicates = duplicates
        self._root = str(folder)  # joining paths as text costs a tenth of what pathlib takes, and this is the hot path
        self._implementation = implementation_class_uid, implementation_version_name
        self._fsync = fsync
        self._images = folder / "images"
        self._images.mkdir(parents=True, exist_ok=True)
        super().__init__(folder / "index.sqlite", fsync)
        self._remove_files_without_row()

    def receive(
        self, batch: int, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, sending_ae_title: str = ""
    ) -> "Incoming":
        """Begin an instance of an open batch, with what its C-STORE command says.

        Raises RemoteProtocolError if one of the UIDs is none.
        """
        for uid in (sop_class_uid, sop_instance_uid, transfer_syntax_uid):
            if not _UID.fullmatch(uid):
                raise RemoteProtocolError("a UID of the command or the presentation context is not a UID")
        return Incoming(self, Announced(batch, sop_class_uid, sop_instance_uid, transfer_syntax_uid, sending_ae_title))

    def store(
        self,
        batch: int,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        dataset: Buffer,
        sending_ae_title: str = "",
    ) -> Receipt:
        """Receive an instance that is in memory as a whole; raises what ``receive`` and ``Incoming.commit`` raise."""
        incoming = self.receive(batch, sop_class_uid, sop_instance_uid, transfer_syntax_uid, sending_ae_title)
        try:
            incoming.write(dataset)
            return incoming.commit()
        finally:
            incoming.discard()

    def open_dataset(self, row: InstanceRow) -> memoryview:
        """The data set of an instance, without the file meta information, for sending. Raises OSError if its file is gone."""
        with open(self.folder / row.path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return memoryview(mapped)[row.dataset_offset :]

    def contents(self, batch: int) -> tuple[InstancesStored, ...]:
        """As the index has them, with what rejection notes say once they show."""
        return tuple(self._with_rejections(part) for part in super().contents(batch))

    def _with_rejections(self, part: InstancesStored) -> InstancesStored:
        if part.sop_class_uid != KEY_OBJECT_SELECTION:
            return part
        rejected: dict[str, list[str]] = {}
        for uid in part.instances:
            row = self.instance(uid)
            named = rejected_by(self.open_dataset(row), row.transfer_syntax_uid) if row is not None else ()
            for study, instance in (*named, (part.study_instance_uid, uid)) if named else ():
                rejected.setdefault(study, []).append(instance)
        return replace(part, rejects=tuple((study, from_uids(dict.fromkeys(uids))) for study, uids in rejected.items()))

    def discard(self, study_instance_uid: str) -> None:
        """Remove all that was told of a study, rows and files. What is being received of it stays."""
        for path in self.forget(study_instance_uid):
            with suppress(FileNotFoundError):
                os.unlink(f"{self._root}/{path}")
        with suppress(OSError):  # not there, or not empty
            os.rmdir(f"{self._root}/{_folder(study_instance_uid)}")

    def disk_bytes(self) -> int:
        """What files and index take on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def remove_pixels(self) -> None:
        """At the end of a run: delete the files, keep the rows. Nothing can be received after this."""
        shutil.rmtree(self._images)

    def _remove_files_without_row(self) -> None:
        known = self.paths()
        for path in self._images.glob("*/*.dcm"):
            if path.relative_to(self.folder).as_posix() not in known:
                path.unlink()

    def _head(self, announced: Announced) -> bytes:
        return head(
            announced.sop_class_uid,
            announced.sop_instance_uid,
            announced.transfer_syntax_uid,
            *self._implementation,
            announced.sending_ae_title,
        )

    def _create_file(self, study_instance_uid: str, sop_instance_uid: str) -> tuple[int, str]:
        """A new file for an instance, and its path below the archive's folder; while another transfer of it has the plain
        name, or had it first, a numbered one."""
        folder = _folder(study_instance_uid)
        occurrence = 0
        while True:
            path = f"{folder}/{sop_instance_uid}-{occurrence}.dcm" if occurrence else f"{folder}/{sop_instance_uid}.dcm"
            try:
                return os.open(f"{self._root}/{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), path
            except FileExistsError:
                occurrence += 1
            except FileNotFoundError:
                (self.folder / folder).mkdir(exist_ok=True)  # fails when the images have been removed
                if self._fsync:
                    sync_folder(self._images)

    def _file(self, announced: Announced, header: InstanceHeader, descriptor: int, path: str, offset: int) -> Receipt:
        """Make the instance in the open file exist, or settle that it came again and remove the file."""
        try:
            size_bytes = os.fstat(descriptor).st_size - offset
            if self._fsync:
                os.fsync(descriptor)
                sync_folder((self.folder / path).parent)
        finally:
            os.close(descriptor)
        row = InstanceRow(
            announced.sop_instance_uid,
            announced.sop_class_uid,
            header.study_instance_uid,
            header.series_instance_uid,
            header.instance_number,
            header.number_of_frames,
            announced.transfer_syntax_uid,
            announced.sending_ae_title,
            path,
            offset,
            size_bytes,
        )
        verdict = None
        try:
            verdict = self._add_row(announced.batch, header, row)
        except sqlite3.Error as error:
            raise OSError(f"the index cannot be written: {error}") from error
        finally:
            if verdict not in (Verdict.STORED, Verdict.REPLACED):
                os.unlink(f"{self._root}/{path}")
        return Receipt(verdict, header, size_bytes)

    def _add_row(self, batch: int, header: InstanceHeader, row: InstanceRow) -> Verdict:
        kept = self.add(batch, header, row)
        if kept is None:
            return Verdict.STORED
        if self._same_content(kept, row):
            self.add_duplicate(batch, header, Again.SAME)
            return Verdict.SAME
        alike = (kept.study_instance_uid, kept.series_instance_uid) == (row.study_instance_uid, row.series_instance_uid)
        if self._duplicates is Duplicates.REPLACE and alike:
            self.add_duplicate(batch, header, Again.REPLACED)
            if (before := self.replace(row)) is None:
                raise OSError("the instance was discarded while it came again")
            with suppress(FileNotFoundError):
                os.unlink(f"{self._root}/{before}")
            return Verdict.REPLACED
        self.add_duplicate(batch, header, Again.REFUSED)
        return Verdict.KEPT if self._duplicates is Duplicates.KEEP_FIRST else Verdict.DIFFERENT

    def _same_content(self, kept: InstanceRow, row: InstanceRow) -> bool:
        """Whether two files hold the same data set. Reading both is exact, and costs only when an instance comes again."""
        if (kept.transfer_syntax_uid, kept.dataset_bytes) != (row.transfer_syntax_uid, row.dataset_bytes):
            return False
        with open(self.folder / kept.path, "rb") as first, open(self.folder / row.path, "rb") as second:
            first.seek(kept.dataset_offset)
            second.seek(row.dataset_offset)
            while piece := first.read(_COMPARED_AT_ONCE_BYTES):
                if piece != second.read(_COMPARED_AT_ONCE_BYTES):
                    return False
        return True


class _State(Enum):
    HEADER = auto()
    BODY = auto()
    REFUSED = auto()
    CLOSED = auto()


class Incoming:
    """One instance on its way into the archive. ``header`` is known as soon as its bytes have come, None until then."""

    def __init__(self, archive: ImageArchive, announced: Announced) -> None:
        self.header: InstanceHeader | None = None
        self._archive = archive
        self._announced = announced
        self._state = _State.HEADER
        self._held = bytearray()  # the data set so far, while its header is not complete
        self._next_scan_bytes = 0
        self._error: RemoteProtocolError | None = None
        self._file: tuple[int, str, int] | None = None  # descriptor, path, offset of the data set
        self._received_bytes = 0
        self._ends_at_bytes = 0  # of the last element whose head came with the header: mostly the pixels

    def write(self, piece: Buffer) -> None:
        """The next bytes of the data set; they may be reused after the call. Raises OSError when the disk is full."""
        if self._state is _State.BODY:
            assert self._file is not None
            self._received_bytes += len(piece)
            write_all(self._file[0], piece)
        elif self._state is _State.HEADER:
            self._look_for_header(piece, whole=False)
        elif self._state is _State.CLOSED:
            raise LocalProtocolError("the instance is closed")

    def end(self) -> None:
        """No more bytes will come: what there is of the header is all of it."""
        if self._state is _State.HEADER and self._held:
            self._look_for_header(b"", whole=True)

    def commit(self) -> Receipt:
        """The data set is complete. Returns when the file and its row will survive a kill of the process.

        Raises RemoteProtocolError if the data set cannot be filed, OSError if disk or index fail, LocalProtocolError if the
        batch has been told. After any of these there is nothing left of the instance.
        """
        if self._state is _State.HEADER:
            self._look_for_header(b"", whole=True)
        if self._state is _State.CLOSED:
            raise LocalProtocolError("the instance is closed")
        if self._state is _State.BODY and self._received_bytes < self._ends_at_bytes:
            self.discard()
            raise RemoteProtocolError("the data set ends inside an element")
        self._state = _State.CLOSED
        if self._error is not None:
            raise self._error
        assert self.header is not None
        if self._file is None:
            return Receipt(Verdict.MISMATCH, self.header, 0)
        return self._archive._file(self._announced, self.header, *self._file)

    def discard(self) -> None:
        """The transfer broke, or the instance was refused: leave nothing of it. Harmless after a commit."""
        if self._state is _State.BODY:
            assert self._file is not None
            os.close(self._file[0])
            os.unlink(f"{self._archive._root}/{self._file[1]}")
        self._state = _State.CLOSED

    def _look_for_header(self, piece: Buffer, whole: bool) -> None:
        """Usually the first piece holds all of it; if not, look again when there is twice as much."""
        buffer: Buffer = piece
        if self._held:
            self._held += piece
            buffer = self._held
        if len(buffer) < self._next_scan_bytes and not whole:
            return
        try:
            self.header = scan(buffer, self._announced.transfer_syntax_uid, whole)
            if self._is_announced(self.header):
                self._begin_file(self.header, buffer)
            else:
                self._state = _State.REFUSED
        except HeaderCut as error:
            if whole or len(buffer) > HEADER_LIMIT_BYTES:
                self._refuse(error)
            elif buffer is piece:
                self._held += piece
            self._next_scan_bytes = 2 * len(buffer)
        except RemoteProtocolError as error:
            self._refuse(error)

    def _refuse(self, error: RemoteProtocolError) -> None:
        self._state = _State.REFUSED
        self._error = error
        self._held.clear()

    def _is_announced(self, header: InstanceHeader) -> bool:
        announced = (self._announced.sop_class_uid, self._announced.sop_instance_uid)
        return announced == (header.sop_class_uid, header.sop_instance_uid)

    def _begin_file(self, header: InstanceHeader, dataset: Buffer) -> None:
        for uid in (header.study_instance_uid, header.series_instance_uid):
            if not _UID.fullmatch(uid):
                raise RemoteProtocolError("the Study or Series Instance UID of the data set is missing or not a UID")
        descriptor, path = self._archive._create_file(header.study_instance_uid, header.sop_instance_uid)
        before = self._archive._head(self._announced)
        self._file = descriptor, path, len(before)
        self._state = _State.BODY
        self._received_bytes = len(dataset)
        self._ends_at_bytes = reach(dataset, self._announced.transfer_syntax_uid)
        write_all(descriptor, before)
        write_all(descriptor, dataset)
        self._held.clear()


def _folder(study_instance_uid: str) -> str:
    """Where the files of a study are, below the archive's folder."""
    return f"images/{blake2s(study_instance_uid.encode(), digest_size=8).hexdigest()}"

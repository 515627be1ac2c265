"""DCMTK and pynetdicom store another content under a UID that is taken: the status and the content are as declared."""

from pathlib import Path

import pydicom
import pytest
from pynetdicom.sop_class import UltrasoundImageStorage  # type: ignore[attr-defined]

from emulators.ports.sockets import LOOPBACK
from emulators.store.archive import Duplicates
from tests.peers.products import run
from tests.peers.pynetdicom_ends import requestor
from tests.peers.senders import OURS, Receiver, study, write_files

pytestmark = pytest.mark.peer

STORE = study("US", 1)


@pytest.mark.parametrize(
    ("policy", "status", "comment"),
    [
        (Duplicates.REFUSE, 0x0111, ""),
        (Duplicates.KEEP_FIRST, 0xB000, ""),
        (Duplicates.REPLACE, 0x0000, "another content"),
    ],
)
def test_another_content_under_a_uid_that_is_taken(tmp_path: Path, policy: Duplicates, status: int, comment: str) -> None:
    """dicom.store.dup.2."""
    files = tmp_path / "files"
    files.mkdir()
    write_files(files, STORE)
    (first,) = files.iterdir()
    changed = pydicom.dcmread(first)
    changed.PatientComments = "another content"
    with Receiver(tmp_path / "ours", duplicates=policy) as receiver:
        run("storescu", "-aec", OURS, LOOPBACK, receiver.port, first)
        receiver.stored(STORE)
        with requestor((LOOPBACK, receiver.port), OURS, UltrasoundImageStorage) as theirs:
            assert theirs.send_c_store(changed).Status == status
        (uid,) = STORE.instances
        row = receiver.archive.instance(uid)
        assert row is not None
        path = receiver.archive.folder / row.path
        assert getattr(pydicom.dcmread(path), "PatientComments", "") == comment

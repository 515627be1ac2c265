"""A process that stores instances is killed; what it had acknowledged is in the archive, and nothing else is.

This file is also the program of that process.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from datasets.examples import example_study
from datasets.procedures import procedures_by_modality
from datasets.studies import Instance, SyntheticStudies
from emulators.store.archive import ImageArchive, Verdict

ROOT = Path(__file__).parents[2]
STUDIES = SyntheticStudies(7, scale=0.2)
SENDERS = 2
TOLD_AFTER = 10


def instance(sender: int, number: int) -> Instance:
    return STUDIES.instance(example_study(7, sender, procedures_by_modality("CT")[0]), number)


def opened(folder: Path) -> ImageArchive:
    return ImageArchive(folder, "1.2.3.4", "RADLOOP_TEST")


def store_for_ever(archive: ImageArchive, sender: int) -> None:
    """Store, and say so on standard output in one write per instance; tell the first batch."""
    batch, number = archive.open_batch(), 0
    while True:
        number += 1
        sent = instance(sender, number)
        incoming = archive.receive(batch, sent.sop_class_uid, sent.sop_instance_uid, sent.transfer_syntax_uid)
        for buffer in sent.buffers:
            for start in range(0, len(buffer), 4096):
                incoming.write(buffer[start : start + 4096])
        assert incoming.commit().verdict is Verdict.STORED
        os.write(1, f"{sender} {number}\n".encode())
        if number == TOLD_AFTER:
            archive.tell(batch)
            batch = archive.open_batch()


def killed_after(folder: Path, acknowledgements: int) -> set[tuple[int, int]]:
    """Run the storing process, kill it behind that many acknowledgements; return all that it gave."""
    command = [sys.executable, __file__, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(acknowledgements)]
        finally:
            os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return {(int(sender), int(number)) for sender, number in map(bytes.split, lines)}


@pytest.mark.parametrize("acknowledgements", [1, 13, 50])
def test_every_acknowledged_instance_survives_a_kill_and_no_other_file_does(tmp_path: Path, acknowledgements: int) -> None:
    acknowledged = killed_after(tmp_path, acknowledgements)
    assert len(acknowledged) >= acknowledgements
    with closing(opened(tmp_path)) as archive:
        for batch in archive.untold():
            archive.tell(batch)
        rows = [row for study in archive.studies() for row in archive.instances(study.study_instance_uid)]
        stored = {row.sop_instance_uid: row for row in rows}
        for sender, number in acknowledged:
            sent = instance(sender, number)
            assert bytes(archive.open_dataset(stored.pop(sent.sop_instance_uid))) == b"".join(sent.buffers)
        assert len(stored) <= SENDERS  # committed, but killed before it could say so
        files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.dcm")}
        assert files == {row.path for row in rows}


if __name__ == "__main__":
    image_archive = opened(Path(sys.argv[1]))
    for sender_number in range(SENDERS):
        threading.Thread(target=store_for_ever, args=(image_archive, sender_number)).start()

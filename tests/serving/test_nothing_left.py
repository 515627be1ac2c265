"""When a study has been read, a served workstation leaves nothing of its patient on the disk, and still knows the others."""

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from emulators.messages.common import PersonName
from emulators.messages.orders import ReadingListEntry
from emulators.messages.report import Report
from tests.actors.samples import SOMEBODY_ELSE, reading_list_entry
from tests.peers.senders import Sender, study
from tests.serving.hl7 import Peer, message_of, send
from tests.serving.processes import site_file
from tests.serving.services import Running, running

READER = PersonName("Moss", "Rita")
IMAGES = study("US", 2)
SECRETS = ("Doe", "No finding", IMAGES.header.patient.name.family, IMAGES.header.patient.patient_id)


def entry_for(placer: str, study_instance_uid: str) -> ReadingListEntry:
    """An entry of the reading list, for these images."""
    entry = reading_list_entry(placer)
    steps = tuple(replace(step, study_instance_uid=study_instance_uid) for step in entry.steps)
    return replace(entry, steps=steps)


READ = entry_for("P1", IMAGES.header.study_instance_uid)
WAITING = reading_list_entry("P2", patient=SOMEBODY_ELSE)


@pytest.fixture
def ris() -> Iterator[Peer]:
    with closing(Peer()) as peer:
        yield peer


def content(path: Path) -> bytes:
    """What a file says, what it says in base 64 included."""
    written = path.read_bytes()
    encoded = re.findall(rb'"snapshot":"([^"]*)"', written)
    return written + b"".join(map(b64decode, encoded))


def holding(folder: Path) -> list[tuple[str, str]]:
    """The files that say something of the patient who was read, and what."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(path.name, secret) for path in files for secret in SECRETS if secret.encode() in content(path)]


def accession(entry: ReadingListEntry) -> str:
    return entry.procedure.accession_number


def read_to_the_end(workstation: Running, ris: Peer) -> None:
    """List both, bring the images of one, sign it, and wait until the RIS has its report and all that belongs to it."""
    for entry in (READ, WAITING):
        assert send(workstation.address("mllp"), message_of(entry, "RIS")).code == "AA"
    Sender(workstation.address("dicom")[1], "RADWS", "RADPACS").ask(IMAGES)
    workstation.wait_until(lambda status: status["events"] == 4)  # two entries, the header, the batch
    signed = {"subject": accession(READ), "status": "F", "text": "No finding.", "reader": READER}
    assert workstation.stimulate("sign report", **signed) == ""
    while not isinstance(ris.next(), Report):
        pass
    workstation.wait_until(lambda status: not status["queues"])


def test_of_a_study_that_was_read_nothing_is_left_on_the_disk(tmp_path: Path, ris: Peer) -> None:
    site, state = site_file(tmp_path, {"ris.mllp_port": ris.port}), tmp_path / "radloop-state" / "workstation"
    with running(site, "workstation") as workstation:
        read_to_the_end(workstation, ris)
        assert holding(state) == []
    assert holding(state) == []
    assert list(state.rglob("*.dcm")) == []


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=1)])
def test_what_waits_to_be_read_is_still_known(tmp_path: Path, ris: Peer, later: timedelta) -> None:
    site = site_file(tmp_path, {"ris.mllp_port": ris.port})
    with running(site, "workstation") as workstation:
        read_to_the_end(workstation, ris)
        events = workstation.status()["events"]
    with running(site, "workstation", later) as workstation:
        status = workstation.status()
        assert status["events"] >= events
        assert [case["accession"] for case in status["reading_list"]] == [accession(WAITING)]
        signed = {"subject": accession(WAITING), "status": "P", "text": "Unclear.", "reader": READER}
        assert workstation.stimulate("sign report", **signed) == ""
        while not isinstance(message := ris.next(), Report):
            pass
        assert message.patient.patient_id == SOMEBODY_ELSE.patient_id

"""DCMTK findscu as the one who asks: many worklist queries on one association, and what it says that it got."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND
from emulators.codecs.dicom.values import from_attributes
from emulators.messages.attributes import Attributes
from emulators.store.part10 import head
from tests.peers.products import run

_SENT = "Sending Find Request"
_PENDING = re.compile(r"Received Find Response \d+ \((.*)\)")
_WRITTEN = re.compile(r"Writing response dataset to file: (\S+)")
_FINAL = re.compile(r"Received Final Find Response \((.*)\)")


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one query: the identifiers, the words of DCMTK for the statuses of pending responses, and for the final status."""

    found: Sequence[pydicom.Dataset]
    pending: frozenset[str]
    final: str

    @property
    def step_ids(self) -> list[str]:
        return sorted(item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for item in self.found)


def ask_worklist(address: tuple[str, int], called_ae_title: str, keys: list[Attributes], folder: Path) -> list[Answer]:
    """The answers to these queries, in their order. ``folder`` is made for the files."""
    sent, received = folder / "sent", folder / "received"
    for made in (sent, received):
        made.mkdir(parents=True)
    for number, identifier in enumerate(keys, start=1):
        write_file(sent / f"{number:04d}.dcm", from_attributes(identifier))
    files = sorted(sent.iterdir())
    printed = run("findscu", "-v", "-W", "-aec", called_ae_title, "-X", "-od", received, *address, *files)
    answers = [_answer(said) for said in printed.split(_SENT)[1:]]
    assert len(answers) == len(keys), printed[-2000:]
    return answers


def _answer(said: str) -> Answer:
    final = _FINAL.search(said)  # findscu ends well even when it was aborted
    assert final is not None, said[-2000:]
    found = [pydicom.dcmread(path, force=True) for path in _WRITTEN.findall(said)]
    return Answer(found, frozenset(_PENDING.findall(said)), final[1])


def write_file(path: Path, dataset: DataSet, character_set: str = "") -> None:
    """A DICOM file of these attributes."""
    data = elements.encode(dataset, EXPLICIT_VR_LITTLE_ENDIAN, character_set)
    path.write_bytes(head(MODALITY_WORKLIST_FIND, "2.25.1", EXPLICIT_VR_LITTLE_ENDIAN, "2.25.7", "TEST", "") + data)

"""A user's own HL7 messages as the patients of a run: a file of ADT, and the people it leaves.

Reading
- Messages stand one after another. A line that begins with MSH begins one; a batch header or trailer (FHS, BHS, BTS, FTS)
  ends one. Lines end with CR, LF or both; the bytes of MLLP frames count as line ends, and empty lines as nothing.
- A message is read by the codec's readers of segments, but not held to what a live interface demands: it may lack EVN, PV1
  and a control ID, and be for training (MSH-11 T). Its text is in the character set of MSH-18, as everywhere.
- One that cannot be read, or does not tell of a patient, is kept by its number with the reason, which quotes nothing.

What a message does to the people, who stay in the order in which the file names them first:

==================================  ====================================================================================
A01-A08, A11-A13, A28, A31          the patient comes in, or is brought up to date: what is said, what is deleted, else as
                                    known
A40                                 the two become one, as in the systems (actors/patient_index.py), in the earlier place
==================================  ====================================================================================
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulators.actors.patient_index import PatientIndex
from emulators.codecs.hl7v2 import fields, patients
from emulators.core.errors import ConfigError, LocalProtocolError, RemoteProtocolError
from emulators.messages.adt import DELETABLE, MergePatients, UpdatePerson
from emulators.messages.common import Patient, Visit
from emulators.wire import er7

TELLING = frozenset(("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A11", "A12", "A13", "A28", "A31"))
MERGE = "A40"

_LINE = re.compile(rb"[^\r\n\x0b\x1c]+")
_MESSAGE_HEADER, _ENVELOPE = b"MSH", (b"FHS", b"BHS", b"BTS", b"FTS")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROL_ID = "FEED"
_DELETED_BY = dict(zip(DELETABLE, (7, 8), strict=True))
"""The field of PID that deletes."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that told of nobody; ``number`` counts from 1."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class OwnPatients:
    """The people of a feed, one at least, and what its messages came to."""

    patients: tuple[Patient, ...]
    messages: int
    unread: tuple[Unread, ...]

    def of_visits(self, numbers: Iterable[int]) -> dict[int, Patient]:
        """By the number of the visit: the first patient for the first visit, and from the first again after the last."""
        return {number: self.patients[index % len(self.patients)] for index, number in enumerate(numbers)}


def read_feed(path: Path) -> OwnPatients:
    """The people of a file of ADT messages. Raises ConfigError: no such file, or nobody in it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    index, named, unread, count = PatientIndex(), list[Patient](), list[Unread](), 0
    for count, payload in enumerate(_messages(content), start=1):
        try:
            message = _read(payload)
        except (RemoteProtocolError, LocalProtocolError) as error:
            unread.append(Unread(count, str(error)))
        else:
            index.take(message)
            named.append(message.patient)
    people = {(one.patient_id, one.issuer): one for one in map(index.resolved, named)}
    if not people:
        first = f"; message 1: {unread[0].reason}" if unread else ""
        raise ConfigError(f"{path}: no patient in its {count} messages{first}")
    return OwnPatients(tuple(people.values()), count, tuple(unread))


def _messages(content: bytes) -> Iterator[bytes]:
    """The messages of a file, their segments ended by CR. What stands before the first MSH is a message that has none."""
    lines: list[bytes] = []
    for match in _LINE.finditer(content.removeprefix(_BYTE_ORDER_MARK)):
        line = match[0]
        if lines and line.startswith((_MESSAGE_HEADER, *_ENVELOPE)):
            yield b"\r".join(lines)
            lines = []
        if line.strip() and not line.startswith(_ENVELOPE):
            lines.append(line)
    if lines:
        yield b"\r".join(lines)


def _read(payload: bytes) -> UpdatePerson | MergePatients:
    """Who a message tells of. Raises RemoteProtocolError or LocalProtocolError; neither quotes what is in it."""
    message = er7.parse(payload)
    event = fields.text(message.msh, 9, 2)
    if fields.text(message.msh, 9) != "ADT":
        raise RemoteProtocolError("MSH-9: not ADT")
    who = patients.patient(message)
    if event == MERGE:
        prior = patients.identifier(fields.single(message, "MRG"), 1)
        return MergePatients(_CONTROL_ID, "", who, *prior)
    if event not in TELLING:
        raise RemoteProtocolError("MSH-9: an event that brings no patient here")
    pid = fields.segment(message, "PID")
    deleted = tuple(attribute for attribute, number in _DELETED_BY.items() if fields.said(pid, number) == er7.NULL)
    return UpdatePerson(_CONTROL_ID, "", who, Visit(""), deleted)

"""A small system for the tests of its host: registers patients, and fails when it is told to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from emulators.actors.system import ACCEPTED, Accepted, System
from emulators.core.effect import Discard, Effect, Note, Send, SetTimer
from emulators.core.instant import WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Patient, PersonName, Visit
from emulators.messages.imaging import Admission, StudyHeader
from emulators.serving.host import Host
from emulators.store.journal import Journal, Writer
from emulators.trace import Record, Trace

EPOCH = datetime(2026, 3, 2, 8)
PATIENT = Patient("M17", "RADLOOP", PersonName("Doe", "Jane"), "19700101", "F")
VISIT = Visit("V1")
HEADER = StudyHeader(PATIENT, "A1", "2.25.1", "20260302080000", "CT", "CT of the head")


def registration(control_id: str = "C1") -> RegisterPatient:
    return RegisterPatient(control_id, "20260302080000", PATIENT, VISIT)


class Desk(System):
    """``register`` sends to the engine, ``fail`` fails with the patient in its error, ``wait`` sets a timer."""

    def __init__(self) -> None:
        super().__init__("desk", WallClock(EPOCH))
        self.seen: list[str] = []
        self.stimuli = {"register": self._register, "fail": self._fail, "wait": self._wait}
        self.requests = {RegisterPatient: self._registered, StudyHeader: self._admit}

    def _register(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        self.seen.append(data["subject"])
        sends = self.outbox.put("engine", registration(data["subject"]))
        return [*sends, Note("registered", data["subject"], {"queued": len(self.seen)})]

    def _fail(self, data: Mapping[str, Any]) -> Sequence[Effect]:
        self.seen.append("failed")
        raise KeyError(data["patient"].patient_id)

    def _wait(self, _data: Mapping[str, Any]) -> Sequence[Effect]:
        return [SetTimer("later", self.now + 5)]

    def told(self, message: StudyHeader) -> Sequence[Effect]:
        return [Discard(message.study_instance_uid)]

    def timer_fired(self, key: str) -> Sequence[Effect]:
        self.seen.append(key)
        return ()

    def _registered(self, message: RegisterPatient, _sender: str) -> tuple[Accepted, Sequence[Effect]]:
        if message.control_id == "BAD":
            raise KeyError(message.patient.patient_id)
        self.seen.append(message.control_id)
        return ACCEPTED, ()

    def _admit(self, header: StudyHeader, _sender: str) -> tuple[Admission, Sequence[Effect]]:
        raise KeyError(header.patient.patient_id)


class Bench:
    """A desk behind its host; ``refused`` are the control ids that cannot be sent."""

    def __init__(self, journal: Journal) -> None:
        self.desk = Desk()
        self.journal = journal
        self.refused: dict[str, Any] = {}
        self.records: list[Record] = []
        trace = Trace()
        trace.subscribe(self.records.append)
        self.host = Host("desk", self.desk, self.desk, journal, self._refusal, trace)

    def _refusal(self, send: Send) -> Any:
        return self.refused.get(send.message.control_id)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A desk whose journal is in ``folder``, with what it had before."""
    with closing(Journal(folder / "journal", Writer("desk", "0", "c", "s"), EPOCH)) as journal:
        yield Bench(journal)

"""The trace: every subscriber hears every record, and the file gives back what was written."""

from dataclasses import asdict
from pathlib import Path

import pytest

from emulators.core.event import OutcomeKind
from emulators.messages.common import Patient, PersonName
from emulators.trace import Level, Record, Trace, TraceFile, read

RECORDS: list[Record] = [
    {"at": 0, "record": "stimulus", "system": "ehr", "name": "register", "subject": "M1"},
    {"at": 5, "record": "exchange", "sender": "ehr", "answer": {"count": 2, "digest": "0badcafe"}, "fault": "hold"},
    {
        "at": 7,
        "record": "note",
        "system": "ehr",
        "name": "report filed",
        "text": "Größe: 3 cm.\nKeine Fraktur.",
        "answer": None,
    },
]


def test_every_subscriber_gets_every_record_in_the_order_of_subscription() -> None:
    trace = Trace()
    heard: list[tuple[str, Record]] = []
    trace.subscribe(lambda record: heard.append(("first", record)))
    trace.subscribe(lambda record: heard.append(("second", record)))
    for record in RECORDS:
        trace.publish(record)
    assert heard == [(name, record) for record in RECORDS for name in ("first", "second")]


@pytest.mark.parametrize("level", list(Level))
def test_subscribers_hear_records_at_every_level(level: Level) -> None:
    trace = Trace(level)
    heard: list[Record] = []
    trace.subscribe(heard.append)
    trace.publish(RECORDS[0])
    assert heard == RECORDS[:1]
    assert trace.full is (level is Level.FULL)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceFile(path) as write:
        for record in RECORDS:
            write(record)
    assert read(path) == RECORDS


def test_a_file_has_one_object_a_line_in_utf_8_with_its_keys_in_the_order_of_the_record(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceFile(path) as write:
        for record in RECORDS:
            write(record)
    lines = path.read_bytes().splitlines()
    assert len(lines) == 3
    assert lines[0] == b'{"at":0,"record":"stimulus","system":"ehr","name":"register","subject":"M1"}'
    assert "Größe: 3 cm.\\nKeine".encode() in lines[2]


def test_messages_and_kinds_are_written_as_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    patient = Patient("M1", "RADLOOP", PersonName("Doe", "Jane"))
    with TraceFile(path) as write:
        write({"at": 0, "content": patient, "outcome": OutcomeKind.UNKNOWN})
    assert read(path) == [{"at": 0, "content": asdict(patient), "outcome": "unknown"}]


def test_what_has_no_one_form_is_refused(tmp_path: Path) -> None:
    with TraceFile(tmp_path / "trace.jsonl") as write:
        for value in ({"a", "b"}, b"bytes", object()):
            with pytest.raises(TypeError):
                write({"at": 0, "content": value})


def test_a_file_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    for record in RECORDS[:2]:
        with TraceFile(path) as write:
            write(record)
    assert read(path) == [RECORDS[1]]

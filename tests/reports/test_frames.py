"""Frames: what stands in a trace stands in the tables, in their units, whichever way the run came in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from typer.testing import CliRunner

import radloop
from emulators.trace import Record
from reports import frames
from reports.frames import Frames
from reports.measures.stages import NAMES
from sim import experiment
from tests.reports.records import MILLISECOND, MINUTE, SECOND, exchange, lost, note, stimulus, stored

EPOCH = datetime(2026, 3, 2)
TABLES = ("orders", "studies", "exchanges", "events", "stages", "stage_samples")


@lru_cache
def clinic_day() -> experiment.Result:
    return experiment.run("clinic", seed=7)


@lru_cache
def clinic_frames() -> Frames:
    return frames.of_records(clinic_day().records, clinic_day().epoch)


def wall(instant_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=instant_us)


def exam(start: int = 0, accessions: tuple[str, ...] = ("A1",), study: str = "2.25.1", subject: str = "") -> Iterator[Record]:
    """Ordered at 2 min, on the table at 12, last image at 20, stored 5 s later, read and reported until 50 min, all after
    ``start``. ``subject`` names an exam that has no order yet: of it only the part from the table to the archive."""
    placers = [f"P{accession}" for accession in accessions]
    called, joined = subject or accessions[0], "" if subject else "+".join(accessions)
    minute = {
        name: start + at * MINUTE for name, at in (("order", 2), ("table", 12), ("images", 20), ("open", 30), ("final", 50))
    }
    if not subject:
        placed = {"mrn": "M1", "placer": "+".join(placers), "taken": minute["order"]}
        yield stimulus(minute["order"], "ehr", "place order", placers[0])
        for placer, accession in zip(placers, accessions, strict=True):
            fields = {"mrn": "M1", "accession": accession, "study": f"{study}.0", "station": "CT1"}
            yield note(minute["order"], "ris", "procedure scheduled", placer, **fields)
        yield exchange(minute["order"] + 3 * MILLISECOND, "ehr", "engine", "PlaceOrder", **placed)
    yield stimulus(minute["table"], "ct1", "start unscheduled" if subject else "patient on table", called)
    started = {"mrn": "M1", "station": "CT2", "accession": joined, "study": study}
    yield note(minute["table"] + SECOND, "ct1", "exam started", called, **started)
    identified = {"mrn": "M1", "accession": joined, "study": study}
    yield exchange(minute["table"] + 2 * SECOND, "ct1", "ris", "StepStarted", "0000H", step=f"{study}.7", **identified)
    yield stimulus(minute["images"], "ct1", "images acquired", called)
    at = minute["images"] + 5 * SECOND
    yield stored(at, "pacs", study, 20)
    verdict = {"mrn": "M1", "accession": joined, "state": "matched", "reason": "", "by": "system"}
    yield note(at, "pacs", "study reconciled", study, **verdict)
    taken = {"taken": minute["images"], "started": minute["images"]}
    yield exchange(at + 1, "ct1", "pacs", "StoreStudy", {"stored": 20}, **identified, **taken)
    if subject:
        return
    for placer, accession in zip(placers, accessions, strict=True):
        fields = {"mrn": "M1", "placer": placer, "study": study, "priority": "STAT"}
        yield note(at + 2, "workstation", "study listed", accession, **fields)
    yield note(minute["open"], "workstation", "study opened", accessions[0], study=study)
    for status, signed in (("P", 40), ("F", 50)):
        at = start + signed * MINUTE
        for placer, accession in zip(placers, accessions, strict=True):
            fields = {"accession": accession, "status": status}
            yield note(at, "workstation", "report signed", placer, **fields)
            yield note(at + 1, "ehr", "report filed", placer, text="IMPRESSION: none", addendum="", **fields)
    for placer in placers:
        yield note(minute["final"] + 2, "ehr", "order closed", placer, mrn="M1", state="reported")


def of(*records: Record) -> Frames:
    return frames.of_records(records, EPOCH)


# --- orders ----------------------------------------------------------------------------------------------------------------


def test_an_order_has_its_identifiers_and_its_end() -> None:
    order = of(*exam()).orders.loc["PA1"]
    words = ("patient", "accession", "study", "station", "priority", "state", "reconciliation", "report")
    assert [order[word] for word in words] == ["M1", "A1", "2.25.1", "CT2", "STAT", "reported", "matched", "F"]
    assert (order["instances"], order["addendum"]) == (20, False)


def test_milestones_are_instants_by_the_hospitals_clock_and_of_reports_the_final_one_counts() -> None:
    order = of(*exam()).orders.loc["PA1"]
    assert order["ordered"] == order["scheduled"] == wall(2 * MINUTE)
    assert order["patient_on_table"] == wall(12 * MINUTE)
    assert order["images_acquired"] == wall(20 * MINUTE)
    assert order["study_opened"] == wall(30 * MINUTE)
    assert order["report_filed"] == wall(50 * MINUTE + 1)
    assert order["order_closed"] == wall(50 * MINUTE + 2)


def test_durations_are_minutes() -> None:
    order = of(*exam()).orders.loc["PA1"]
    assert order["scanner_wait_min"] == 10
    assert order["report_turnaround_min"] == pytest.approx(30, abs=0.001)


def test_orders_done_as_one_share_the_milestones_of_their_study() -> None:
    orders = of(*exam(accessions=("A1", "A2"))).orders
    assert list(orders.index) == ["PA1", "PA2"]
    shared = ["ordered", "patient_on_table", "images_acquired", "study_opened", "report_filed", "scanner_wait_min"]
    assert orders[shared].notna().all().all()
    assert list(orders.loc["PA1", shared]) == list(orders.loc["PA2", shared])


def test_an_order_that_was_made_after_its_exam_did_not_wait() -> None:
    placed = note(40 * MINUTE, "ris", "procedure scheduled", "A9", mrn="M1", accession="A9", study="2.25.1", station="CT1")
    linked = note(40 * MINUTE, "ris", "exam linked", "A9", study="2.25.1")
    numbered = note(40 * MINUTE + 1, "ehr", "placer number assigned", "A9", placer="FA9")
    order = of(*exam(subject="U7"), placed, linked, numbered).orders.loc["FA9"]
    assert order["images_acquired"] == wall(20 * MINUTE)
    assert order["scheduled"] == wall(40 * MINUTE)
    assert pd.isna(order["scanner_wait_min"])
    assert pd.isna(order["ordered"])


def test_orders_stand_as_they_were_scheduled() -> None:
    records = [*exam(), *exam(start=-MINUTE, accessions=("B1",), study="2.25.2")]
    assert list(of(*records).orders.index) == ["PB1", "PA1"]


# --- studies ---------------------------------------------------------------------------------------------------------------


def verdict(at: int, state: str, reason: str = "", by: str = "system") -> Record:
    fields = {"mrn": "M1", "accession": "A1", "state": state, "reason": reason, "by": by}
    return note(at, "pacs", "study reconciled", "2.25.1", **fields)


def test_a_held_study_is_settled_when_a_person_has_matched_it() -> None:
    held, put_right = verdict(0, "held", "patient differs"), verdict(17 * MINUTE, "matched", by="person")
    study = of(stored(0, "pacs", "2.25.1", 3), held, put_right, stored(1, "workstation", "2.25.1", 3)).studies.loc["2.25.1"]
    assert (study["first_state"], study["first_reason"]) == ("held", "patient differs")
    assert (study["state"], study["by"], study["settling_min"]) == ("matched", "person", 17)
    assert (study["instances"], study["bytes"]) == (3, 1_500_000)


def test_a_study_that_does_not_match_any_more_is_not_settled() -> None:
    study = of(stored(0, "pacs", "2.25.1", 3), verdict(0, "matched"), verdict(MINUTE, "held")).studies.loc["2.25.1"]
    assert (study["state"], study["first_state"]) == ("held", "matched")
    assert pd.isna(study["settled"])
    assert pd.isna(study["settling_min"])


# --- exchanges, events, stages ---------------------------------------------------------------------------------------------


def test_an_exchange_has_its_answer_and_how_long_it_took() -> None:
    request = exchange(SECOND, "ehr", "engine", "PlaceOrder", mrn="M1", placer="P1")
    listed = exchange(2 * SECOND, "ct1", "ris", "WorklistQuery", {"count": 3})
    table = of(lost(request), request, listed).exchanges
    assert list(table["outcome"]) == ["unknown", "answered", "answered"]
    assert list(table["answer"]) == ["", "AA", ""]
    assert list(table["fault"]) == ["reset_after", "", ""]
    assert list(table["took_ms"]) == [20.0, 20.0, 20.0]
    assert list(table["ended"]) == [wall(-4 * SECOND), wall(SECOND), wall(2 * SECOND)]
    assert list(table["placer"]) == ["P1", "P1", ""]


def test_images_are_counted_with_the_exchange_that_filed_them() -> None:
    table = of(*exam(), *exam(start=60 * MINUTE)).exchanges
    filing = table[table["message"] == "StoreStudy"]
    assert list(filing["instances"]) == [20, 20]
    assert list(filing["bytes"]) == [10_000_000, 10_000_000]
    assert table.loc[table["message"] != "StoreStudy", "bytes"].sum() == 0


def test_events_are_stimuli_and_notes_in_order() -> None:
    table = of(*exam()).events
    assert list(table["name"][:2]) == ["place order", "procedure scheduled"]
    assert set(table["kind"]) == {"stimulus", "note"}
    assert list(table.loc[table["name"] == "report filed", "status"]) == ["P", "F"]


def test_the_clinic_day_agrees_with_its_trace() -> None:
    records, day = clinic_day().records, clinic_frames()
    filed = [record for record in records if record["record"] == "stored"]
    assert len(day.orders) == clinic_day().ending.orders
    assert len(day.exchanges) == sum(record["record"] == "exchange" for record in records)
    assert len(day.events) == sum(record["record"] in ("stimulus", "note") for record in records)
    assert day.exchanges["bytes"].sum() == sum(record["bytes"] for record in filed)
    assert day.studies["instances"].sum() == sum(record["instances"] for record in filed if record["system"] == "pacs")
    assert day.stages["name"].to_list() == list(NAMES)
    assert day.stages["count"].to_list() == day.stage_samples.groupby("number").size().to_list()


def test_every_reported_order_of_the_clinic_day_has_its_milestones() -> None:
    orders = clinic_frames().orders
    reported = orders[orders["state"] == "reported"]
    columns = [
        "scheduled",
        "patient_on_table",
        "exam_started",
        "images_acquired",
        "study_listed",
        "report_filed",
        "order_closed",
    ]
    assert len(reported) > 30
    assert reported[columns].notna().all().all()
    assert (reported["report_turnaround_min"] > 0).all()
    assert (reported["station"] != "").all()
    assert (reported["exam_started"] < reported["scheduled"]).equals(reported["scanner_wait_min"].isna())


# --- where they come from --------------------------------------------------------------------------------------------------


def test_a_folder_gives_the_frames_of_the_same_run_in_memory(tmp_path: Path) -> None:
    done = CliRunner().invoke(radloop.app, ["run", "clinic", "--seed", "7", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    read = frames.read(tmp_path)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(read, table), getattr(clinic_frames(), table))


def test_what_cannot_be_seen_of_a_product_is_not_known(tmp_path: Path) -> None:
    unseen: dict[str, Any] = {"patient": "M1", "accession": "A1", "study": "2.25.1", "state": "reported"}
    unseen |= {"instances": "unknown", "reconciliation": "unknown", "report": {"status": "F", "text": "", "addendum": ""}}
    summary = {"epoch": EPOCH.isoformat(), "facts": {"orders": {"PA1": unseen}}, "orders": [], "stages": []}
    (tmp_path / "summary.json").write_bytes(orjson.dumps(summary))
    (tmp_path / "trace.jsonl").write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in exam()))
    order = frames.read(tmp_path).orders.loc["PA1"]
    assert order["instances"] is pd.NA
    assert order["reconciliation"] == "unknown"


def test_a_run_without_a_trace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"trace\.jsonl"):
        frames.read(tmp_path)


def test_an_empty_trace_gives_the_same_columns_and_types() -> None:
    empty = of()
    for table in TABLES:
        assert getattr(empty, table).dtypes.equals(getattr(clinic_frames(), table).dtypes), table
    assert len(empty.orders) == len(empty.exchanges) == 0
    assert len(empty.stages) == 7


def test_every_column_is_explained() -> None:
    explained = frames.__doc__ or ""
    for table in TABLES:
        frame = getattr(clinic_frames(), table)
        assert [name for name in (frame.index.name, *frame.columns) if name and name not in explained] == []

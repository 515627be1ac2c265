"""A run as tables: pandas data frames of its orders, studies, exchanges, events and stages, for notebooks and scripts.

``read`` takes the folder that `radloop run` wrote, ``of_records`` the records of a run in memory; both give the same frames.
An instant is by the hospital's clock (datetime64, microseconds), a duration a float with the unit last in its name. What did
not happen is NaT, NaN, NA or an empty word.

``orders``: one row per order, as they were scheduled; the index ``placer`` is the number by which the EHR knows it
    patient, accession, study    its identifiers as they ended; a merged patient is named by the survivor
    station                      AE title of the scanner; empty where it was never scheduled
    priority                     STAT or ROUTINE, as it came to the reading list; empty where it never did
    state                        reported, cancelled, discontinued, or how far it came
    reconciliation               of its study in the archive: matched, held, orphan, none; of a product: unknown
    report, addendum             P, F or C, empty without a report; whether something was added to it
    instances                    images in the archive; of a product: NA
    ordered, scheduled           instants: the EHR sent it (NaT of an order that the RIS made); it had an accession number
    patient_on_table, exam_started, images_acquired, study_sent, study_listed, study_opened, report_signed, report_filed,
    order_closed                 instants of the stimuli and notes of these names, each the first time; what becomes of a study
                                 becomes of every order that it was made for, and reports are the final ones
    scanner_wait_min             from scheduled to patient on table; NaN of an order that was made after its exam
    report_turnaround_min        from the last image to the final report in the chart
``studies``: one row per study that came into the archive, index ``study``
    patient, accession           whose the archive took it to be in the end
    first_state, first_reason    the archive's first verdict (matched, held, orphan), and why
    state, by                    its last verdict, and who gave it: system or person
    instances, bytes             images filed, and their size
    received, settled            instants of its first images, and since when it is matched
    settling_min                 the time between them
``exchanges``: one row per message and its answer, in the order of their ends
    sender, receiver, lane       who asked whom, in which conversation
    message, outcome             its kind; answered, refused or unknown
    answer                       the code that was answered (AA, 0000H); empty where none came or the answer is something else
    fault                        the fault that was injected; empty if none was
    mrn, placer, accession,
    study                        the identifiers that it carried, or empty
    taken, ended                 instants: its sender had it ready; its sender knew the outcome
    took_ms                      the time between them
    instances, bytes             images filed by it, and their size; 0 of every message but StoreStudy
``events``: one row per stimulus (the world touched a system) and note (a system told the world)
    at, kind, system, name       the instant, stimulus or note, which system, and what
    subject                      the placer or accession number, Study UID or patient that it is about
    status, state, reason        more of what a note says, or empty
``stages``: one row per stage of the loop, index ``number``
    name, count, failures        how often it was gone through, and how often something went wrong in it
    p50_ms, p95_ms               percentiles of the time that it took
``stage_samples``: number, name, took_ms of single passages through a stage, at most 200 of each
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from emulators import trace
from emulators.trace import Record
from reports.durations import MILLISECOND, MINUTE
from reports.measures.facts import UNKNOWN, Facts
from reports.measures.orders import Orders
from reports.measures.stages import Stages

Row = dict[str, Any]

_ARCHIVE = "pacs"
_INSTANT, _WORD, _COUNT, _DURATION = "instant", "str", "int64", "float64"
_MILESTONES = {
    "procedure scheduled": "scheduled",
    "patient on table": "patient_on_table",
    "start unscheduled": "patient_on_table",
    "exam started": "exam_started",
    "images acquired": "images_acquired",
    "study sent": "study_sent",
    "study listed": "study_listed",
    "study opened": "study_opened",
    "report signed": "report_signed",
    "report filed": "report_filed",
    "order closed": "order_closed",
}
"""Name of a stimulus or note to the column of its first instant."""

_ORDER_WORDS = ("patient", "accession", "study", "station", "priority", "state", "reconciliation", "report")
_STUDY_WORDS = ("patient", "accession", "first_state", "first_reason", "state", "by")
_EXCHANGE_WORDS = ("sender", "receiver", "lane", "message", "outcome", "answer", "fault", "mrn", "placer", "accession", "study")
_EVENT_WORDS = ("system", "name", "subject", "status", "state", "reason")

_ORDERS = {
    **dict.fromkeys(("placer", *_ORDER_WORDS), _WORD),
    "addendum": "bool",
    "instances": "Int64",
    **dict.fromkeys(("ordered", *_MILESTONES.values()), _INSTANT),
    **dict.fromkeys(("scanner_wait_min", "report_turnaround_min"), _DURATION),
}
_STUDIES = {
    **dict.fromkeys(("study", *_STUDY_WORDS), _WORD),
    **dict.fromkeys(("instances", "bytes"), _COUNT),
    **dict.fromkeys(("received", "settled"), _INSTANT),
    "settling_min": _DURATION,
}
_EXCHANGES = {
    **dict.fromkeys(_EXCHANGE_WORDS, _WORD),
    **dict.fromkeys(("taken", "ended"), _INSTANT),
    "took_ms": _DURATION,
    **dict.fromkeys(("instances", "bytes"), _COUNT),
}
_EVENTS = {"at": _INSTANT, "kind": _WORD, **dict.fromkeys(_EVENT_WORDS, _WORD)}
_STAGES = {"number": _COUNT, "name": _WORD, "count": _COUNT, "failures": _COUNT, "p50_ms": _DURATION, "p95_ms": _DURATION}
_STAGE_SAMPLES = {"number": _COUNT, "name": _WORD, "took_ms": _DURATION}


@dataclass(frozen=True, slots=True)
class Frames:
    """The tables of one run; the head of this file says what stands in them."""

    orders: pd.DataFrame
    studies: pd.DataFrame
    exchanges: pd.DataFrame
    events: pd.DataFrame
    stages: pd.DataFrame
    stage_samples: pd.DataFrame


def read(folder: Path | str) -> Frames:
    """The frames of a run, from ``trace.jsonl`` and ``summary.json`` in its folder.

    Raises FileNotFoundError where one is missing: a run with ``--trace none`` writes no trace.
    """
    summary = orjson.loads(Path(folder, "summary.json").read_bytes())
    records = trace.read(Path(folder, "trace.jsonl"))
    return _frames(records, datetime.fromisoformat(summary["epoch"]), summary)


def of_records(records: Sequence[Record], epoch: datetime) -> Frames:
    """The frames of a trace in memory; ``epoch`` is the hospital's wall time at instant 0."""
    facts, orders, stages = Facts(), Orders(), Stages()
    stream = trace.Trace()
    for fold in (facts, orders, stages):
        stream.subscribe(fold)
    for record in records:
        stream.publish(record)
    return _frames(records, epoch, {"facts": facts.result(), "orders": orders.result(), "stages": stages.result()})


def _frames(records: Sequence[Record], epoch: datetime, summary: Mapping[str, Any]) -> Frames:
    """``summary`` has what the folds on these records say: facts, orders and stages."""
    stages = summary["stages"]
    return Frames(
        _table(_order_rows(records, summary), _ORDERS, epoch).set_index("placer").sort_values("scheduled", kind="stable"),
        _table(_study_rows(records), _STUDIES, epoch).set_index("study"),
        _table(_exchange_rows(records), _EXCHANGES, epoch),
        _table(_event_rows(records), _EVENTS, epoch),
        _table(map(_stage_row, stages), _STAGES, epoch).set_index("number"),
        _table(_sample_rows(stages), _STAGE_SAMPLES, epoch),
    )


def _table(rows: Iterable[Row], columns: Mapping[str, str], epoch: datetime) -> pd.DataFrame:
    """A frame of these columns and types, in which the microseconds of instants have become wall times."""
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name, kind in columns.items():
        if kind == _INSTANT:
            frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", origin=epoch)
    return frame.astype({name: kind for name, kind in columns.items() if kind != _INSTANT})


def _words(record: Record, names: Iterable[str]) -> Row:
    return {name: record.get(name) or "" for name in names}


def _minutes(row: Row, begin: str, end: str) -> float | None:
    """From one instant of the row to another; None where one is missing, or they came the other way round."""
    if begin not in row or end not in row or row[end] < row[begin]:
        return None
    duration_us: int = row[end] - row[begin]
    return duration_us / MINUTE


# --- orders ----------------------------------------------------------------------------------------------------------------


def _order_rows(records: Sequence[Record], summary: Mapping[str, Any]) -> Iterable[Row]:
    facts = summary["facts"]["orders"]
    known = {order["placer"]: order for order in summary["orders"]}
    rows = {placer: _order_row(placer, order, known.get(placer, {})) for placer, order in facts.items()}
    placers_of = _placers_of_subject(records, facts)
    for record in records:
        if record["record"] in ("stimulus", "note"):
            milestone = _MILESTONES.get(record["name"])
            if milestone is not None and record.get("status", "F") == "F":
                for placer in placers_of.get(record["subject"], ()):
                    rows[placer].setdefault(milestone, record["at"])
        elif record["record"] == "exchange" and record["message"] == "PlaceOrder":
            for placer in record["placer"].split("+"):
                rows[placer].setdefault("ordered", record["taken"])
    for row in rows.values():
        row["scanner_wait_min"] = _minutes(row, "scheduled", "patient_on_table")
        row["report_turnaround_min"] = _minutes(row, "images_acquired", "report_filed")
    return rows.values()


def _order_row(placer: str, order: Row, known: Row) -> Row:
    return {
        "placer": placer,
        **_words(order | known, _ORDER_WORDS),
        "report": order["report"]["status"],
        "addendum": bool(order["report"]["addendum"]),
        "instances": None if order["instances"] == UNKNOWN else order["instances"],
    }


def _placers_of_subject(records: Sequence[Record], facts: Mapping[str, Row]) -> dict[str, list[str]]:
    """Whom a stimulus or note of this subject tells of: the order of this number, or all for which this exam was made."""
    together: dict[str, list[str]] = {}
    for placer, order in facts.items():
        together.setdefault(order["study"], []).append(placer)
    found = {order["accession"]: [placer] for placer, order in facts.items()}
    for record in _notes(records, "exam started"):  # of an exam without an order the subject is no accession number
        if record["study"] in together:
            found[record["subject"]] = together[record["study"]]
    return found | {placer: [placer] for placer in facts}


def _notes(records: Iterable[Record], name: str) -> Iterator[Record]:
    return (record for record in records if record["record"] == "note" and record["name"] == name)


# --- studies ---------------------------------------------------------------------------------------------------------------


def _study_rows(records: Sequence[Record]) -> Iterable[Row]:
    rows: dict[str, Row] = {}
    for record in records:
        if record["record"] == "stored" and record["system"] == _ARCHIVE:
            row = rows.setdefault(record["study"], _study_row(record["study"]))
            row.setdefault("received", record["at"])
            row["instances"] += record["instances"]
            row["bytes"] += record["bytes"]
    for record in _notes(records, "study reconciled"):
        row = rows.setdefault(record["subject"], _study_row(record["subject"]))
        row["first_state"] = row["first_state"] or record["state"]
        row["first_reason"] = row["first_reason"] or record["reason"]
        row |= {"patient": record["mrn"], "accession": record["accession"], "state": record["state"], "by": record["by"]}
        if record["state"] == "matched":
            row.setdefault("settled", record["at"])
        else:
            row.pop("settled", None)
    for row in rows.values():
        row["settling_min"] = _minutes(row, "received", "settled")
    return rows.values()


def _study_row(study: str) -> Row:
    return {"study": study, **dict.fromkeys(_STUDY_WORDS, ""), "instances": 0, "bytes": 0}


# --- exchanges and events --------------------------------------------------------------------------------------------------


def _exchange_rows(records: Sequence[Record]) -> list[Row]:
    rows = [_exchange_row(record) for record in records if record["record"] == "exchange"]
    storing: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["message"] == "StoreStudy":
            storing.setdefault((row["receiver"], row["study"]), []).append(row)
    for record in records:
        if record["record"] == "stored":
            filed_by = storing.get((record["system"], record["study"]), [])
            filing = next((row for row in filed_by if row["taken"] <= record["at"] <= row["ended"]), None)
            if filing is not None:
                filing["instances"] += record["instances"]
                filing["bytes"] += record["bytes"]
    return rows


def _exchange_row(record: Record) -> Row:
    answer = record["answer"]
    return {
        **_words(record, _EXCHANGE_WORDS),
        "answer": answer if isinstance(answer, str) else "",
        "taken": record["taken"],
        "ended": record["at"],
        "took_ms": (record["at"] - record["taken"]) / MILLISECOND,
        "instances": 0,
        "bytes": 0,
    }


def _event_rows(records: Iterable[Record]) -> Iterator[Row]:
    for record in records:
        if record["record"] in ("stimulus", "note"):
            yield {"at": record["at"], "kind": record["record"], **_words(record, _EVENT_WORDS)}


# --- stages ----------------------------------------------------------------------------------------------------------------


def _stage_row(stage: Row) -> Row:
    percentiles = {f"{name}_ms": stage[f"{name}_us"] for name in ("p50", "p95")}
    return stage | {name: None if value is None else value / MILLISECOND for name, value in percentiles.items()}


def _sample_rows(stages: Sequence[Row]) -> Iterator[Row]:
    for stage in stages:
        for sample_us in stage["samples_us"]:
            yield {"number": stage["number"], "name": stage["name"], "took_ms": sample_us / MILLISECOND}

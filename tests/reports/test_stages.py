"""The seven stages: where each begins and ends, what counts as a failure, and how percentiles are taken."""

from itertools import pairwise

import pytest

from emulators.trace import Record
from reports.measures.stages import MOST_SAMPLES, NAMES, Stages, nearest_rank, thinned
from tests.reports.records import HOUR, MILLISECOND, MINUTE, SECOND, Exam, day, exchange, fed, lost, note, stimulus, stored


def stages_of(records: list[Record], archive: str = "pacs") -> list[dict[str, object]]:
    return fed(Stages(archive), records).result()


def test_one_exam_goes_through_all_seven_stages_once() -> None:
    result = stages_of(Exam(1, instances=20).records())
    assert [row["name"] for row in result] == list(NAMES)
    assert [(row["count"], row["failures"]) for row in result] == [(1, 0)] * 7
    milliseconds = [row["samples_us"][0] // MILLISECOND for row in result]  # type: ignore[index]
    assert milliseconds == [50, 60, 20, 1030, 0, 1271, 50]


def test_identity_ends_when_the_slower_of_ris_and_archive_has_acknowledged() -> None:
    register = stimulus(0, "ehr", "register", "M1")
    ris, pacs = (
        exchange(at, "engine", to, "RegisterPatient", mrn="M1", control="c") for at, to in ((9_000, "ris"), (4_000, "pacs"))
    )
    assert stages_of([register, pacs])[0]["unfinished"] == 1
    assert stages_of([register, pacs, ris])[0]["samples_us"] == [9_000]


@pytest.mark.parametrize("answer", ["AE 204 PID-3", "AR"])
def test_a_rejected_message_ends_no_stage(answer: str) -> None:
    rejected = exchange(9, "ris", "pacs", "ScheduleProcedure", answer, placer="P1", control="c")
    order = stages_of([stimulus(0, "ehr", "place order", "P1"), rejected])[1]
    assert (order["count"], order["unfinished"], order["lost_exchanges"]) == (0, 1, 0)


def test_lost_exchanges_are_failures_of_the_stage_of_their_message() -> None:
    records = [lost(record) for record in Exam(1).records() if record["record"] == "exchange"]
    assert [row["lost_exchanges"] for row in stages_of(records)] == [3, 9, 1, 7, 0, 8, 8]


def test_a_lost_store_of_a_c_move_belongs_to_reading_not_to_transmission() -> None:
    header = {"mrn": "M1", "accession": "A1", "study": "2.25.1"}
    records = [lost(exchange(9, "pacs", "workstation", "StoreStudy", **header))]
    assert [row["lost_exchanges"] for row in stages_of(records)] == [0, 0, 0, 0, 0, 1, 0]


def test_a_case_that_never_ends_is_unfinished() -> None:
    ends = ("exam started", "study committed", "study reconciled", "study opened", "report filed")
    records = Exam(1).records(without=lambda record: record.get("name") in ends)
    assert [(row["count"], row["unfinished"]) for row in stages_of(records)] == [(1, 0), (1, 0), *[(0, 1)] * 5]


def test_reconciliation_takes_from_the_first_batch_until_matched_and_held_is_not_matched() -> None:
    def reconciled(at: int, state: str, by: str = "system") -> Record:
        fields = {"mrn": "M1", "accession": "A1", "state": state, "reason": "", "by": by}
        return note(at, "pacs", "study reconciled", "2.25.1", **fields)

    batches = [stored(5 * SECOND, "pacs", "2.25.1", 3), stored(7 * SECOND, "pacs", "2.25.1", 3)]
    held = reconciled(5 * SECOND, "held")
    assert stages_of([*batches, held])[4]["unfinished"] == 1
    for settled in (reconciled(9 * SECOND, "matched", "person"), reconciled(9 * SECOND, "rejected", "person")):
        assert stages_of([*batches, held, settled])[4]["samples_us"] == [4 * SECOND]


def test_a_batch_after_the_match_begins_no_second_reconciliation() -> None:
    again = stored(10**12, "pacs", "2.25.1", 0, same=20)
    result = stages_of([*Exam(1).records(), again])[4]
    assert (result["count"], result["unfinished"]) == (1, 0)


def test_a_patient_put_on_the_table_twice_counts_from_the_first_time() -> None:
    twice = [stimulus(at, "ct1", "patient on table", "A1") for at in (1_000, 60_000)]
    started = note(70_000, "ct1", "exam started", "A1", mrn="M1", station="CT1", accession="A1", study="2.25.1")
    assert stages_of([*twice, started])[2]["samples_us"] == [69_000]


@pytest.mark.parametrize(("percent", "expected"), [(50, 10), (51, 11), (95, 19), (100, 20), (1, 1)])
def test_percentiles_are_by_nearest_rank(percent: int, expected: int) -> None:
    assert nearest_rank(list(range(1, 21)), percent) == expected


def test_without_samples_there_is_no_percentile() -> None:
    assert [(row["p50_us"], row["p95_us"]) for row in stages_of([])] == [(None, None)] * 7


def test_samples_are_thinned_evenly_and_keep_both_ends() -> None:
    few = list(range(MOST_SAMPLES))
    assert thinned(few) == few
    many = thinned(list(range(10 * MOST_SAMPLES)))
    assert (len(many), many[0], many[-1]) == (MOST_SAMPLES, 0, 10 * MOST_SAMPLES - 1)
    assert {b - a for a, b in pairwise(many)} <= {10, 11}


def test_percentiles_of_a_day_are_of_all_its_exams() -> None:
    result = stages_of(day(*(Exam(number, instances=number) for number in range(1, 21))))[3]
    assert (result["count"], result["p50_us"], result["p95_us"]) == (20, 530 * MILLISECOND, 980 * MILLISECOND)


def test_a_cancelled_order_leaves_nothing_unfinished() -> None:
    records = Exam(1).records(without=lambda record: record["at"] > 10 * MINUTE)
    closed = note(11 * MINUTE, "ehr", "order closed", "P0001", mrn="M0001", state="cancelled")
    result = stages_of([*records, closed])
    assert [row["unfinished"] for row in result] == [0] * 7
    assert [row["count"] for row in result] == [1, 1, 0, 0, 0, 0, 0]


def test_an_exam_that_is_broken_off_leaves_nothing_unfinished() -> None:
    """It is committed, but was never acquired to its end."""
    records = [
        stimulus(0, "ct1", "patient on table", "A1"),
        note(8, "ct1", "exam started", "A1", mrn="M1", station="CT1", accession="A1", study="2.25.1"),
        note(20, "ct1", "study sent", "A1", instances=2),
        note(20, "ct1", "exam discontinued", "A1", instances=2, reason="110513"),
        note(30, "ct1", "study committed", "A1", instances=2),
    ]
    assert [(row["count"], row["unfinished"]) for row in stages_of(records)] == [(0, 0), (0, 0), (1, 0), *[(0, 0)] * 4]


def test_images_that_are_appended_are_transmitted_once_more() -> None:
    again = [
        stimulus(HOUR, "ct2", "append images", "A0001"),
        note(HOUR + SECOND, "ct2", "study committed", "A0001", instances=2),
    ]
    row = stages_of([*Exam(1).records(), *again])[3]
    assert (row["count"], row["unfinished"]) == (2, 0)


def test_a_study_that_is_read_elsewhere_is_not_asked_for_any_more() -> None:
    asked, gone = stimulus(0, "workstation", "open study", "A1"), note(9, "workstation", "study unlisted", "A1")
    assert stages_of([asked])[5]["unfinished"] == 1
    assert (stages_of([asked, gone])[5]["unfinished"], stages_of([asked, gone])[5]["count"]) == (0, 0)


def test_a_correction_is_distributed_like_a_final_report() -> None:
    signed = note(HOUR, "workstation", "report signed", "P0001", accession="A0001", status="C")
    filed = note(HOUR + 7, "ehr", "report filed", "P0001", accession="A0001", status="C", text="", addendum="")
    row = stages_of([*Exam(1).records(), signed, filed])[6]
    assert (row["count"], row["unfinished"]) == (2, 0)


def test_with_a_product_in_the_archives_place_the_ris_ends_the_first_stages_and_reconciliation_is_not_seen() -> None:
    def is_the_archives(record: Record) -> bool:
        return record.get("system") == "pacs" or (record.get("receiver") == "pacs" and "Patient" in record["message"])

    result = stages_of(Exam(1).records(without=is_the_archives), archive="")
    assert [(row["count"], row["unfinished"]) for row in result] == [(1, 0)] * 4 + [(0, 0)] + [(1, 0)] * 2


def test_an_archive_that_is_asked_for_no_commitment_has_the_images_when_they_are_sent() -> None:
    def is_commitment(record: Record) -> bool:
        return record.get("name") == "study committed" or "Commit" in record.get("message", "")

    row = stages_of(Exam(1, instances=20).records(without=is_commitment))[3]
    assert (row["count"], row["unfinished"], row["p50_us"]) == (1, 0, SECOND)

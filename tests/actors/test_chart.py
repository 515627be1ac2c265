"""One order in the chart: which report wins, what a reader is shown, and that nothing unfinal is ever shown as final."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.chart import ChartEntry
from emulators.messages.report import Document, Report
from tests.actors.samples import NOW, PATIENT, VISIT, order
from tests.actors.samples import report as any_report


def entry(*reports: Report, order_status: str = "CM") -> ChartEntry:
    made = ChartEntry(PATIENT, VISIT, order(), order_status=order_status)
    for one in reports:
        made.file(one)
    return made


def report(status: str, minute: int = 0, text: str = "", addendum: str = "") -> Report:
    """Signed so many minutes after eight."""
    made = any_report(status, text=text, control_id=f"{status}{minute}{addendum}", addendum=addendum)
    return replace(made, reported_at=f"2026030208{minute:02}00")


def addendum(minute: int, text: str = "More.") -> Report:
    """Without the text that it adds to."""
    return replace(report("F", minute, addendum=text), text="")


P, F, C, X, D, W = (report(status) for status in "PFCXDW")

AFTER: list[tuple[tuple[Report, ...], str, str]] = [
    ((P,), "preliminary", "Text P."),
    ((F,), "final", "Text F."),
    ((C,), "corrected", "Text C."),
    ((P, report("P", 1, "Later.")), "preliminary", "Later."),
    ((report("P", 1, "Later."), P), "preliminary", "Later."),
    ((P, F), "final", "Text F."),
    ((F, report("P", 9)), "final", "Text F."),
    ((F, F), "final", "Text F."),
    ((F, report("F", 1)), "final", "Text F."),
    ((F, report("F", 1, "Other.")), "corrected", "Other."),
    ((report("F", 1), report("F", 0, "Older.")), "final", "Text F."),
    ((F, C), "corrected", "Text C."),
    ((report("F", 9), C), "corrected", "Text C."),
    ((C, report("F", 9)), "corrected", "Text C."),
    ((C, report("P", 9)), "corrected", "Text C."),
    ((C, report("C", 1, "Again.")), "corrected", "Again."),
    ((report("C", 1), report("C", 0, "Older.")), "corrected", "Text C."),
    ((X,), "cancelled", ""),
    ((P, X), "cancelled", ""),
    ((F, D), "withdrawn", ""),
    ((F, W), "withdrawn", ""),
    ((report("F", 9), W), "withdrawn", ""),
    ((W, D), "withdrawn", ""),
    ((F, W, F), "withdrawn", ""),
    ((F, W, report("P", 1)), "preliminary", "Text P."),
    ((F, W, report("F", 1, "Right.")), "final", "Right."),
    ((F, X, report("F", 1)), "final", "Text F."),
    ((F, addendum(1)), "final with addendum", "Text F."),
    ((C, addendum(1)), "corrected with addendum", "Text C."),
    ((report("F", addendum="More."),), "final with addendum", "Text F."),
    ((F, addendum(1), report("C", 2)), "corrected with addendum", "Text C."),
    ((F, addendum(1), report("W", 2)), "withdrawn", ""),
    ((F, addendum(1), report("W", 2), report("F", 3, "Right.")), "final", "Right."),
]


@pytest.mark.parametrize(("reports", "shown", "text"), AFTER)
def test_what_a_reader_is_shown_after(reports: tuple[Report, ...], shown: str, text: str) -> None:
    made = entry(*reports)
    assert (made.shown_status, made.text) == (shown, text)
    assert made.corrected == shown.startswith("corrected")


def test_every_addendum_stands_once_beside_the_original() -> None:
    made = entry(F, addendum(1, "First."), addendum(2, "Second."), replace(addendum(1, "First."), control_id="AGAIN"))
    assert made.text == "Text F."
    assert made.addenda == ("First.", "Second.")


@pytest.mark.parametrize("reports", [(), (P,), (F, W), (X,)])
def test_an_addendum_alone_needs_a_final_report(reports: tuple[Report, ...]) -> None:
    assert entry(*reports).misses_its_report(addendum(9))
    assert not entry(*reports).misses_its_report(report("F", 9, addendum="More."))


def test_an_addendum_alone_may_be_added_to_a_corrected_report() -> None:
    assert not entry(C).misses_its_report(addendum(9))


def test_the_history_keeps_what_is_not_shown_any_more() -> None:
    made = entry(P, F, report("P", 9), addendum(1), report("C", 2), report("W", 3))
    assert [(one.status, one.text, one.addendum) for one in made.history] == [
        ("P", "Text P.", ""),
        ("F", "Text F.", ""),
        ("F", "", "More."),
        ("C", "Text C.", ""),
        ("W", "", ""),
    ]


def test_a_report_without_a_time_of_its_own_counts_from_its_message() -> None:
    untimed = replace(report("F", text="Untimed."), reported_at="", sent_at=NOW)
    assert entry(untimed, report("F", 1, "Later.")).text == "Later."
    assert entry(report("F", 1, "Later."), untimed).text == "Later."


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("", "ordered"),
        ("SC", "scheduled"),
        ("IP", "in progress"),
        ("CM", "awaiting report"),
        ("CA", "cancelled"),
        ("DC", "discontinued"),
    ],
)
def test_without_a_report_the_reader_is_shown_how_far_the_order_is(status: str, words: str) -> None:
    assert entry(order_status=status).shown_status == words


reports = st.builds(report, st.sampled_from("PFCXDW"), st.integers(0, 9), text=st.just(""), addendum=st.just("")) | st.builds(
    addendum, st.integers(0, 9), st.sampled_from(("More.", "Even more."))
)


@given(st.lists(reports, max_size=8))
def test_what_is_shown_as_final_was_sent_as_final_and_a_preliminary_one_never_follows(filed: list[Report]) -> None:
    made = entry()
    before = ""
    for one in filed:
        alone = bool(one.addendum and not one.text)
        if alone and made.misses_its_report(one):
            continue
        changed = made.file(one)
        if made.report_status == "F":
            assert any(each.status == "F" and each.text == made.text for each in filed)
        if before in ("F", "C") and changed:
            assert made.report_status != "P"
        if one.status in "XDW":
            assert (made.report_status, made.text, made.addenda) == (one.status, "", ())
        assert not made.file(replace(one, control_id="AGAIN"))
        before = made.report_status


# --- documents -----------------------------------------------------------------------------------------------------------

PDF = Document("ED", ("PDF",), ("", "application", "pdf", "Base64", "JVBERi0="))
OTHER_PDF = Document("ED", ("PDF",), ("", "application", "pdf", "Base64", "JVBERi4="))


def with_document(status: str, minute: int, document: Document) -> Report:
    return replace(report(status, minute), text="", documents=(document,))


def test_a_document_is_shown_as_a_text_is() -> None:
    assert entry(with_document("F", 0, PDF)).documents == (PDF,)
    corrected = entry(with_document("F", 0, PDF), with_document("C", 1, OTHER_PDF))
    assert (corrected.shown_status, corrected.documents, len(corrected.history)) == ("corrected", (OTHER_PDF,), 2)


def test_a_second_final_document_is_a_correction_and_the_same_again_is_nothing() -> None:
    made = entry(with_document("F", 0, PDF), with_document("F", 1, PDF))
    assert (made.shown_status, len(made.history)) == ("final", 1)
    assert entry(with_document("F", 0, PDF), with_document("F", 1, OTHER_PDF)).corrected


@pytest.mark.parametrize("status", ["X", "D", "W"])
def test_a_withdrawn_report_shows_no_document(status: str) -> None:
    assert entry(with_document("F", 0, PDF), report(status, 1)).documents == ()


def test_a_preliminary_document_does_not_win() -> None:
    assert entry(with_document("F", 0, PDF), with_document("P", 1, OTHER_PDF)).documents == (PDF,)

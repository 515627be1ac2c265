"""report.html: whole, self-contained, escaped, and small for a big run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conformance.report.exchange import Exchanges
from conformance.report.page import MOST_STEPS, to_page
from conformance.result import CaseResult, RunResult
from conformance.taps import read_records
from conformance.verdict import Outcome
from tests.conformance.made_up import SCRIPT, made_up_run

VOID = {"meta", "input"}


class Reader(HTMLParser):
    """What is in each case, and whether tags are balanced."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.cases: dict[str, dict[str, str | None]] = {}
        self.text: dict[str, list[str]] = {}
        self._case = ""
        self.scripts = 0
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        self.addresses += [str(known[key]) for key in ("src", "href") if key in known]
        self.scripts += tag == "script"
        if tag == "details" and known.get("class") == "case":
            self._case = str(known["id"])
            self.cases[self._case] = known
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self._case, []).append(data.strip())


def page_of(result: RunResult, folder: Path, signed_by: str = "") -> str:
    return to_page(result, read_records(folder / "records.jsonl"), signed_by)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def result(folder: Path) -> RunResult:
    return made_up_run(folder, cases=200)


@pytest.fixture(scope="module")
def page(result: RunResult, folder: Path) -> str:
    return page_of(result, folder)


def first(result: RunResult, outcome: Outcome) -> CaseResult:
    return next(case for case in result.cases if case.outcome is outcome and len(case.trials) == 1)


def test_the_page_loads_nothing_and_runs_one_script_of_its_own(page: str) -> None:
    reader = Reader(page)
    assert all(address.startswith("#") for address in reader.addresses)
    assert "://" not in page
    assert "url(" not in page
    assert reader.scripts == 1
    assert SCRIPT not in page


def test_every_case_is_there_with_its_outcome(page: str, result: RunResult) -> None:
    found = {name: known["data-outcome"] for name, known in Reader(page).cases.items()}
    assert found == {case.id: str(case.outcome) for case in result.cases}


def test_a_failed_case_shows_requirement_clause_expected_actual_proof_and_its_messages(page: str, result: RunResult) -> None:
    case = first(result, Outcome.FAIL)
    text = Reader(page).text[case.id]
    assert case.requirement in text
    for words in ("Clause", "Expected", "0000H success", "Actual", "Proof", "A-ASSOCIATE-RQ", "C-STORE-RSP", "A-RELEASE-RP"):
        assert words in text, words
    assert any(case.clause in one and case.edition in one for one in text)
    assert "CT1 calls PACS, 2 contexts" in text


def test_variants_waivers_and_hl7_messages_are_shown(page: str, result: RunResult) -> None:
    text = Reader(page).text
    waived = first(result, Outcome.WAIVED)
    assert waived.waiver in text[waived.id]
    assert "second [odd]" in text["dicom.ul.assoc.2"]
    message = next(case for case in result.cases if case.id.startswith("hl7.") and case.outcome is Outcome.PASS)
    assert {"ADT^A04^ADT_A01", "ACK^A04^ACK", "AA C1"} <= set(text[message.id])


def test_the_failed_come_first_on_top_as_links(page: str, result: RunResult) -> None:
    links = re.findall(r'<a href="#([^"]+)">', page)
    outcomes = {case.id: case.outcome for case in result.cases}
    assert {outcomes[link] for link in links} == {Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE}
    assert len(links) == sum(outcomes[name] in (Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE) for name in outcomes)


def test_unsigned_and_unfinished_stand_on_its_face(page: str, result: RunResult, folder: Path) -> None:
    assert ">unsigned<" in page
    assert "Unfinished" not in page
    signed = page_of(replace(result, not_run=["hl7.adt.merge.1"]), folder, "ab" * 32)
    assert ">unsigned<" not in signed
    assert ">signed<" in signed
    assert "Unfinished: 1 cases did not run" in signed


def test_a_long_case_is_cut_and_says_so(tmp_path: Path) -> None:
    result = made_up_run(tmp_path, (Outcome.FAIL,), cases=1, connections=40)
    page = page_of(result, tmp_path)
    assert page.count("<time>") <= MOST_STEPS + 12
    assert re.search(r"\d+ more messages: radloop certify show dicom.ul.assoc.1", page)


def test_messages_that_say_the_same_are_one_row(tmp_path: Path) -> None:
    result = made_up_run(tmp_path, (Outcome.PASS,), cases=1)
    recorded = read_records(tmp_path / "records.jsonl")
    [exchange] = Exchanges(recorded).of("dicom.ul.assoc.1")
    again = [record for record in exchange.records for _ in range(50 if record.number == 5 else 1)]
    page = to_page(result, (recorded[0], again))
    assert "&times;50" in page


def test_a_big_run_stays_under_three_megabytes(tmp_path: Path) -> None:
    result = made_up_run(tmp_path, connections=9)
    assert len(result.cases) >= 250
    assert result.evidence.records > 20_000
    assert len(page_of(result, tmp_path).encode()) < 3_000_000

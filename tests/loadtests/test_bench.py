"""The benchmark's own sums: medians, ratios, aims, tables and JSON, from figures that were never measured."""

import io
import json
import socket
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from rich.console import Console

from emulators.messages.worklist import WorklistItems
from loadtests import bench
from loadtests.bench_run import CLINIC, scenario
from loadtests.figures import Aim, Contestant, Figure, Group, NotInstalled, Verdict, race
from loadtests.products import ROOT, need_package, own_receiver
from loadtests.profiles import own_times, package_of
from loadtests.receivers import AE_TITLE, mllp_receiver, worklist_receiver
from loadtests.senders import DicomSender, MllpSender
from loadtests.subjects import MATCHES, QUERY, WORKLIST_ITEMS, ct_instances, ct_store, scheduled_exam, worklist_items
from loadtests.table import as_json, number, table

THEIRS = Figure("theirs", "instances/s", (100, 200, 400))
OURS = Figure("ours", "instances/s", (150, 200, 300), against="theirs", aim=Aim(1.0, of_ratio=True))


def group(*figures: Figure) -> Group:
    return Group("test", "A test", "how it was taken", figures)


def printed(of: Group) -> str:
    text = io.StringIO()
    Console(file=text, width=128).print(table(of))
    return text.getvalue()


# --- sums --------------------------------------------------------------------------------------------------------------


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert Figure("odd", "s", (3, 1, 9)).median == 3
    assert Figure("even", "s", (1, 2, 4, 9)).median == 3
    assert Figure("none", "s").median is None


def test_the_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    ours = replace(OURS, rounds=(150.0, 150.0, 800.0))  # 1.5, 0.75, 2: the ratio of the medians would be 0.75
    assert group(THEIRS, ours).ratio(ours) == 1.5


def test_the_ratio_says_how_many_times_as_fast_also_where_less_is_better() -> None:
    theirs = Figure("theirs", "ms", (80, 80))
    ours = Figure("ours", "ms", (10, 10), against="theirs")
    assert group(theirs, ours).ratio(ours) == 8


def test_there_is_no_ratio_without_a_reference_that_was_measured() -> None:
    assert group(OURS).ratio(OURS) is None
    assert group(replace(THEIRS, rounds=()), OURS).ratio(OURS) is None
    assert group(THEIRS, OURS).ratio(THEIRS) is None


@pytest.mark.parametrize(
    ("unit", "value", "limit", "verdict"),
    [
        ("exams/s", 500, 500, Verdict.MET),
        ("exams/s", 499, 500, Verdict.MISSED),
        ("s", 180, 180, Verdict.MET),
        ("s", 181, 180, Verdict.MISSED),
    ],
)
def test_an_aim_is_a_lower_limit_of_a_rate_and_an_upper_one_of_a_time(
    unit: str, value: float, limit: float, verdict: Verdict
) -> None:
    figure = Figure("subject", unit, (value,), aim=Aim(limit))
    assert group(figure).verdict(figure) is verdict


def test_an_aim_of_a_ratio_is_a_lower_limit_whatever_the_unit() -> None:
    theirs = Figure("theirs", "ms", (80,))
    slower = Figure("ours", "ms", (81,), against="theirs", aim=Aim(1.0, of_ratio=True))
    assert group(theirs, slower).verdict(slower) is Verdict.MISSED
    faster = replace(slower, rounds=(79.0,))
    assert group(theirs, faster).verdict(faster) is Verdict.MET


def test_an_aim_without_its_reference_is_not_tested_and_one_that_failed_is_missed() -> None:
    assert group(OURS).verdict(OURS) is Verdict.NOT_TESTED
    failed = replace(OURS, rounds=(), failed=True)
    assert group(THEIRS, failed).verdict(failed) is Verdict.MISSED
    assert group(THEIRS).verdict(THEIRS) is None


# --- rounds ------------------------------------------------------------------------------------------------------------


def counting(log: list[str], name: str) -> Callable[[], float]:
    """A contestant's round: notes its turn, and gives 1, 2, 3 ..."""

    def take() -> float:
        log.append(name)
        return log.count(name)

    return take


def test_contestants_take_turns_and_their_first_round_is_thrown_away() -> None:
    log: list[str] = []
    figures = race([Contestant(Figure(name, "s"), counting(log, name)) for name in "ab"], rounds=2)
    assert log == ["a", "b", "a", "b", "a", "b"]
    assert [figure.rounds for figure in figures] == [(2, 3), (2, 3)]


def test_without_warm_up_every_round_counts() -> None:
    figures = race([Contestant(Figure("a", "s"), counting([], "a"))], rounds=1, warm_up=False)
    assert figures[0].rounds == (1,)


def test_a_missing_product_is_a_row_and_the_others_go_on() -> None:
    tried: list[str] = []

    def missing() -> float:
        tried.append("product")
        raise NotInstalled("Product")

    gone, here = race(
        [Contestant(Figure("gone", "s"), missing), Contestant(Figure("here", "s"), counting([], "here"))], rounds=2
    )
    assert (gone.rounds, gone.note, gone.failed) == ((), "Product is not installed", False)
    assert here.rounds == (2, 3)
    assert tried == ["product"]  # not asked again


def test_one_that_fails_twice_in_the_middle_keeps_no_value() -> None:
    values: Iterator[float] = iter((1.0, 2.0))
    (figure,) = race([Contestant(Figure("broken", "s"), lambda: next(values))], rounds=2)
    assert (figure.rounds, figure.failed) == ((), True)
    assert figure.note.startswith("failed: StopIteration")


def test_a_round_that_succeeds_when_repeated_counts_and_is_noted() -> None:
    log: list[str] = []

    def shaky() -> float:
        log.append("try")
        if len(log) == 2:
            raise ConnectionError("no response")
        return len(log)

    (figure,) = race([Contestant(Figure("shaky", "s"), shaky)], rounds=2, warm_up=False)
    assert figure.rounds == (1, 3)
    assert figure.note == "a round was repeated, it failed: ConnectionError: no response"


def test_a_package_that_is_not_there_is_not_installed() -> None:
    with pytest.raises(NotInstalled, match="radloop_no_such_package"):
        need_package("radloop_no_such_package")


# --- table and JSON ----------------------------------------------------------------------------------------------------


def test_the_table_shows_medians_ratios_aims_and_what_is_missing() -> None:
    absent = Figure("absent", "instances/s", against="theirs", note="Product [x] is not installed")
    lines = printed(group(THEIRS, OURS, absent)).splitlines()
    ours = next(line for line in lines if "ours" in line)
    for cell in ("200", "instances/s", "150 - 300", "3", "1.00 (1)", "ratio from 1: met"):
        assert cell in ours
    assert "not installed" in next(line for line in lines if "absent" in line)
    assert "A test" in lines[0]
    assert [line.strip() for line in lines[-2:]] == ["how it was taken", "3: Product [x] is not installed"]


def test_an_aim_missed_is_marked_in_the_table() -> None:
    missed = replace(OURS, rounds=(50.0, 50.0, 50.0))
    assert "ratio from 1: MISSED" in printed(group(THEIRS, missed))


def test_columns_that_would_stay_empty_are_left_out() -> None:
    text = printed(group(Figure("alone", "s", (1.0,))))
    assert "aim" not in text
    assert "ratio" not in text


def test_the_same_figures_give_the_same_json_bytes() -> None:
    first = as_json([group(THEIRS, OURS)], {"b": "2", "a": "1"})
    again = as_json([group(replace(THEIRS), replace(OURS))], {"a": "1", "b": "2"})
    assert first == again


def test_the_json_holds_what_a_program_needs() -> None:
    figure = replace(OURS, rounds=(123.456789, 100.0, 200.0))
    content = json.loads(as_json([group(THEIRS, figure)], {"rounds": "full"}))
    assert content["about"] == {"rounds": "full"}
    assert content["groups"]["test"]["figures"]["ours"] == {
        "unit": "instances/s",
        "median": 123.5,
        "rounds": [123.5, 100.0, 200.0],
        "ratio": 0.5,
        "against": "theirs",
        "aim": {"limit": 1.0, "of_ratio": True},
        "verdict": "MISSED",
        "note": "",
    }


@pytest.mark.parametrize(("value", "text"), [(0.12345, "0.123"), (9.876, "9.88"), (123.4, "123"), (54321.0, "54,321")])
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


# --- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def fake_benchmarks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[bool], list[Group]]]:
    benchmarks: dict[str, Callable[[bool], list[Group]]] = {"fake": lambda _quick: [group(THEIRS, OURS)]}
    monkeypatch.setattr(bench, "BENCHMARKS", benchmarks)
    monkeypatch.setattr(bench, "versions", lambda: {"DCMTK": "not installed"})
    return benchmarks


@pytest.mark.usefixtures("fake_benchmarks")
def test_the_command_prints_the_tables_and_writes_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "bench.json"
    bench.bench(quick=True, out=out)
    text = " ".join(capsys.readouterr().out.split())  # lines may break anywhere
    assert "DCMTK not installed" in text
    assert "A test" in text
    assert "1 aims, 0 missed" in text
    content = json.loads(out.read_bytes())
    assert content["about"]["rounds"] == "quick"
    assert set(content["groups"]) == {"test"}


def test_a_benchmark_that_breaks_leaves_the_others_and_fails_the_command(
    fake_benchmarks: dict[str, Callable[[bool], list[Group]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_quick: bool) -> list[Group]:
        raise OSError("no disk")

    fake_benchmarks.update({"broken": broken, "after": fake_benchmarks["fake"]})
    with pytest.raises(typer.Exit) as ended:
        bench.bench(["broken", "after"], out=tmp_path / "bench.json")
    assert ended.value.exit_code == 1
    text = capsys.readouterr().out
    assert "failed: OSError: no disk" in text
    assert "A test" in text


@pytest.mark.usefixtures("fake_benchmarks")
def test_an_unknown_benchmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="no such benchmark: nonsense"):
        bench.bench(["nonsense"], out=tmp_path / "bench.json")


# --- profile -----------------------------------------------------------------------------------------------------------


def test_the_time_of_a_built_in_function_counts_for_its_caller() -> None:
    caller, other = ("emulators/kernel.py", 1, "step"), ("emulators/trace.py", 2, "publish")
    stats = {
        caller: (1, 1, 1.0, 4.0, {}),
        other: (1, 1, 2.0, 3.0, {caller: (1, 1, 2.0, 3.0)}),
        ("~", 0, "<built-in method len>"): (4, 4, 1.0, 1.0, {caller: (3, 3, 0.75, 0.75), other: (1, 1, 0.25, 0.25)}),
    }
    assert own_times(stats) == {caller: 1.75, other: 2.25}


@pytest.mark.parametrize(
    ("path", "package"),
    [
        (str(ROOT / "emulators" / "actors" / "ris.py"), "emulators.actors"),
        (str(ROOT / "emulators" / "kernel.py"), "emulators.kernel"),
        (str(ROOT / "radloop.py"), "radloop"),
        (str(ROOT / ".venv" / "lib" / "python3" / "site-packages" / "simpy" / "core.py"), "simpy"),
        ("/usr/lib/python3/json/decoder.py", "standard library"),
        ("~", "built-in"),
    ],
)
def test_a_function_belongs_to_the_package_of_its_file(path: str, package: str) -> None:
    assert package_of(path) == package


# --- what is sent, and to whom -----------------------------------------------------------------------------------------


def test_the_scenario_of_more_days_differs_from_the_clinic_in_nothing_else(tmp_path: Path) -> None:
    clinic = tomllib.loads(CLINIC.read_text(encoding="utf-8"))
    longer = tomllib.loads(scenario(tmp_path, 50).read_text(encoding="utf-8"))
    assert longer["world"].pop("days") == 50
    assert clinic["world"].pop("days") == 1
    assert longer == clinic


def test_the_query_matches_25_of_500_items(tmp_path: Path) -> None:
    assert len(worklist_items()) == WORKLIST_ITEMS
    with worklist_receiver(tmp_path) as port:
        sender = DicomSender(AE_TITLE, port)
        answer = sender.ask(QUERY)
        sender.close()
    assert isinstance(answer, WorklistItems)
    assert len(answer.items) == MATCHES == 25


def test_the_hl7_receiver_accepts_what_is_sent(tmp_path: Path) -> None:
    with mllp_receiver(tmp_path) as port:
        sender = MllpSender("2.3.1", port)
        answer = sender.ask(scheduled_exam(0))
        sender.close()
    assert (answer.code, answer.control_id) == ("AA", scheduled_exam(0).control_id)


def test_an_archive_in_a_process_of_its_own_keeps_what_it_is_sent_and_ends(tmp_path: Path) -> None:
    with own_receiver("archive", tmp_path) as port:
        sender = DicomSender(AE_TITLE, port, lambda _store: ct_instances(2))
        result = sender.ask(ct_store(1, 2))
        sender.close()
    assert len(result.stored) == 2
    assert len(list(tmp_path.rglob("*.dcm"))) == 2
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass

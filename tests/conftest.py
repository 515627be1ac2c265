"""What every test gets: the hypothesis profile, a watch on threads left behind, and --no-skips for the peer tests."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings

# The same examples on every machine, and no deadline: a busy machine fails no test. Look further with
# pytest --hypothesis-profile=search, which draws new examples each time.
settings.register_profile("radloop", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("search", derandomize=False, deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("radloop")

THREAD_END_LIMIT_S = 2.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test is a failed test")
    parser.addoption(
        "--hostile",
        action="append",
        default=[],
        help="of the hostile inputs this one alone: pacs-dicom-417",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # an expected failure is reported as skipped too, with wasxfail
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_skip(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:  # the whole file skips itself
        _refuse_skip(collector.config, report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what the cases of the tester caught (tests/conformance/test_cases_bite.py)."""
    passed = terminalreporter.stats.get("passed", ())
    caught = [case_id for report in passed for key, case_id in report.user_properties if key == "caught"]
    if caught:
        terminalreporter.write_line(f"{len(set(caught))} cases of the tester caught {len(caught)} mutants")


def _refuse_skip(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure when --no-skips is given."""
    if config.getoption("--no-skips"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (a skip is a failure here: --no-skips)"


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread: one that keeps the process alive, or one of Radloop's own.

    Threads of fixtures with a wider scope started earlier and are not counted.
    """
    with nothing_left_behind():
        yield


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Fails where a thread is left at the end that was not there at the beginning."""
    before = set(threading.enumerate())
    yield
    left = [
        thread.name
        for thread in threading.enumerate()
        if thread not in before and (not thread.daemon or thread.name.startswith("radloop-")) and not _ended(thread)
    ]
    assert not left, f"threads still alive after the test: {left}"


def _ended(thread: threading.Thread) -> bool:
    thread.join(THREAD_END_LIMIT_S)  # one that is on its way out may finish
    return not thread.is_alive()

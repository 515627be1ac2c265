"""Which cases of a run have company."""

import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

from conformance.case import MUST, READ, Case
from conformance.operator_steps import TargetOperator
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import parse_target
from conformance.trial import Trial

TARGET = {"product": {"name": "none", "version": "0"}, "roles": {"pacs": {}}, "tester": {"peers": {}}}


def built(case_id: str, run: Callable[[Trial], None], **how: Any) -> Case:
    return Case(case_id, MUST, ("pacs",), "+", "", READ, "", run, **how)


def test_a_case_that_runs_alone_does_so_after_the_others_and_before_those_that_only_look() -> None:
    log: list[str] = []
    others_began = threading.Event()

    def waiting(_: Trial) -> None:
        assert others_began.wait(10)
        log.append("waiting")

    def plain(_: Trial) -> None:
        log.append("plain")
        others_began.set()

    cases = [
        built("a.1", lambda _: log.append("passive"), passive=True),
        built("a.2", lambda _: log.append("alone"), alone=True),
        built("a.3", waiting, waits=True),
        built("a.4", plain),
    ]
    run = Run(parse_target(TARGET, "a target of this test"), "pacs", Taps(StringIO()), TargetOperator({}, attended=False), 1)
    results = run.cases(cases, lambda _: None)
    run.close()
    assert log == ["plain", "waiting", "alone", "passive"]
    assert [result.id for result in results] == ["a.1", "a.2", "a.3", "a.4"]
    assert {result.outcome for result in results} == {"pass"}

"""JUnit XML, as CI servers read it: a suite for each group, a test case for each case.

=================  ========================================================================================
outcome            in JUnit
=================  ========================================================================================
pass, warn         passed; what should be otherwise is in ``system-out``
fail               failure
error              error, of type ``error``: a fault of Radloop's own
inconclusive       error, of type ``inconclusive``: nothing that was not seen may look green
not run            error, of type ``not run``: the run was interrupted
waived             skipped, with the reason of the waiver
not applicable     skipped, with what is not claimed
=================  ========================================================================================
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from conformance.groups import group_of
from conformance.report.words import clause_text, findings, proof_text
from conformance.result import CaseResult, RunResult
from conformance.verdict import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROBLEMS = {Outcome.FAIL: "failure", Outcome.ERROR: "error", Outcome.INCONCLUSIVE: "error"}
_SKIPPED = (Outcome.WAIVED, Outcome.NOT_APPLICABLE)


def to_junit(result: RunResult) -> str:
    """The document, with its declaration."""
    root = Element("testsuites", name=_text(f"radloop certify: {_product(result)} as {result.role}"))
    for group, cases in result.by_group:
        _add_suite(root, result, f"{group.letter} {group.title}", cases)
    if result.not_run:
        suite = SubElement(root, "testsuite", name="not run")
        for case_id in result.not_run:
            problem = SubElement(_test_case(suite, result, case_id, 0.0), "error", type="not run", message="interrupted")
            problem.text = "The run was interrupted before this case had a verdict."
    for suite in root:
        _count(suite)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(case.seconds for case in result.cases):.3f}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_suite(root: Element, result: RunResult, name: str, cases: Sequence[CaseResult]) -> None:
    suite = SubElement(root, "testsuite", name=name, timestamp=result.started.partition("+")[0])
    suite.set("time", f"{sum(case.seconds for case in cases):.3f}")
    properties = SubElement(suite, "properties")
    facts = {
        "product": _product(result),
        "role": result.role,
        "seed": str(result.seed),
        "evidence.sha256": result.evidence.sha256,
        **{f"version.{library}": number for library, number in result.versions.items()},
    }
    for key, value in facts.items():
        SubElement(properties, "property", name=key, value=_text(value))
    for case in cases:
        _add_case(suite, result, case)


def _add_case(suite: Element, result: RunResult, case: CaseResult) -> None:
    element = _test_case(suite, result, case.id, case.seconds)
    text = _report(case)
    if case.outcome in _PROBLEMS:
        said = next(found.lines for found in findings(case) if found.outcome is case.outcome)
        message = "; ".join(f"{label}: {words}" for label, words in said)
        problem = SubElement(element, _PROBLEMS[case.outcome], type=case.outcome, message=_text(message))
        problem.text = _text(text)
    elif case.outcome in _SKIPPED:
        reason = case.waiver or next((trial.reason for trial in case.trials), "")
        SubElement(element, "skipped", message=_text(f"{case.outcome}: {reason}"))
    elif case.outcome is Outcome.WARN:
        SubElement(element, "system-out").text = _text(text)


def _test_case(suite: Element, result: RunResult, case_id: str, seconds: float) -> Element:
    prefix = next(prefix for prefix in group_of(case_id).prefixes if case_id.startswith(prefix))
    return SubElement(suite, "testcase", classname=f"{result.role}.{prefix}", name=case_id, time=f"{seconds:.3f}")


def _report(case: CaseResult) -> str:
    lines = [f"{case.level}{', safety' if case.safety else ''}: {case.requirement}", f"clause: {clause_text(case)}"]
    for found in findings(case):
        lines += [f"variants: {found.variants_text}"] if found.variants else []
        lines += [f"{label}: {text}" for label, text in found.lines]
        lines += [f"proof: {proof_text(found.proof)}"] if found.proof else []
    return "\n".join(lines)


def _count(suite: Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))


def _product(result: RunResult) -> str:
    return f"{result.product['name']} {result.product['version']}"


def _text(text: str) -> str:
    """What XML cannot hold, as ``\\xNN``."""
    return _NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02X}", text)

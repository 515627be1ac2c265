"""certificate.pdf: what stands on which page, the same bytes for the same result, text of any language."""

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from conformance.report.certificate import to_certificate
from conformance.report.paper import Paper
from conformance.result import RunResult, to_json
from conformance.verdict import Outcome
from tests.conformance.made_up import made_up_run

ROOT = Path(__file__).parents[2]
DIGEST = (
    "import hashlib, pathlib, sys; from conformance.result import load_result; "
    "from conformance.report.certificate import to_certificate; "
    "print(hashlib.sha256(to_certificate(load_result(pathlib.Path(sys.argv[1])))).hexdigest())"
)


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    return made_up_run(tmp_path)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> defaultdict[int, list[str]]:
    """What was written on each page while it was made."""
    written: defaultdict[int, list[str]] = defaultdict(list)
    real = Paper.printable

    def noted(page: Paper, text: str) -> str:
        written[page.page_no()].append(text)
        return real(page, text)

    monkeypatch.setattr(Paper, "printable", noted)
    return written


def said(pages: dict[int, list[str]]) -> str:
    return "\n".join(text for number in sorted(pages) for text in pages[number])


def test_the_same_result_gives_the_same_bytes_in_another_process_too(result: RunResult, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(to_json(result), encoding="utf-8")
    here = hashlib.sha256(to_certificate(result)).hexdigest()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "5"}
    command = [sys.executable, "-c", DIGEST, str(tmp_path / "result.json")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_every_safety_case_stands_there_and_the_failed_ones_on_the_first_page(
    result: RunResult, pages: defaultdict[int, list[str]]
) -> None:
    assert to_certificate(result).startswith(b"%PDF-")
    failed = [case for case in result.cases if case.safety and case.outcome is Outcome.FAIL]
    assert failed
    first = "\n".join(pages[1])
    for case in failed:
        assert f"fail  {case.id}  ({case.level})" in first
    whole = said(pages)
    assert all(case.id in whole for case in result.cases if case.safety)


def test_product_badges_versions_editions_seed_and_digest_stand_there(
    result: RunResult, pages: defaultdict[int, list[str]]
) -> None:
    to_certificate(replace(result, other_roles=["ris"]))
    whole = said(pages)
    for words in (
        f"{result.product['name']} {result.product['version']}",
        "of Łódź Medical, judged in the role PACS on",
        "not judged here: ris",
        "Conformance  (MUST and SHOULD)",
        "Workflow resilience  (OPINION)",
        "DICOM 2020c",
        "pydicom 3.0.2",
        "7, 7",
        result.evidence.sha256,
        "CT Image Storage",
        "Implicit VR Little Endian",
    ):
        assert words in whole, words
    assert {"FAILED"} <= set(pages[1])


def test_waivers_stand_there_with_their_reason(result: RunResult, pages: defaultdict[int, list[str]]) -> None:
    to_certificate(result)
    assert result.waivers
    assert all(f"Reason: {waiver['reason']}" in said(pages) for waiver in result.waivers)


def test_unsigned_stands_on_the_face_and_at_the_foot_of_each_page(
    result: RunResult, pages: defaultdict[int, list[str]]
) -> None:
    to_certificate(result)
    assert any(text.strip().startswith("UNSIGNED") for text in pages[1])
    assert all(any(text.endswith("UNSIGNED") for text in texts) for number, texts in pages.items() if number)


def test_a_signed_one_names_its_key_and_does_not_say_unsigned(result: RunResult, pages: defaultdict[int, list[str]]) -> None:
    to_certificate(result, "ab" * 32)
    assert "UNSIGNED" not in said(pages)
    assert "ab" * 32 in said(pages)


def test_unfinished_stands_on_the_face(result: RunResult, pages: defaultdict[int, list[str]]) -> None:
    to_certificate(replace(result, not_run=["hl7.adt.merge.1"]))
    assert any(text.strip().startswith("UNFINISHED") for text in pages[1])


def test_what_the_font_lacks_is_written_as_its_code(result: RunResult) -> None:
    page = Paper("", "", datetime.fromisoformat(result.finished))
    text = page.printable("Söhne β Ж 放\x07")
    page.close_fonts()
    assert text == "Söhne β Ж [U+653E][U+0007]"


def test_claims_texts_and_reasons_of_any_length_fit(result: RunResult) -> None:
    claims = {**result.claims, "sop_classes": [f"1.2.840.{number}" for number in range(2_000)]}
    waivers = [{"case": "dicom.echo.1", "reason": "because " * 3_000}]
    assert to_certificate(replace(result, claims=claims, waivers=waivers)).startswith(b"%PDF-")

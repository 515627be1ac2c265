"""What a product must claim for a case to judge it."""

from collections.abc import Sequence

import pytest

from conformance.applicability import not_claimed
from conformance.case import Role
from conformance.catalogue import all_cases
from conformance.target import Service
from tests.conformance.bench import case_of

ARCHIVE: Sequence[Service] = ("storage", "query", "move")


@pytest.mark.parametrize(
    ("case_id", "role", "services", "missing"),
    [
        ("dicom.echo.1", "pacs", (), ""),
        ("dicom.qr.move.1", "pacs", ("storage", "query"), "move"),
        ("hl7.ack.orig.5", "pacs", ARCHIVE, "any service of HL7 messages"),
        ("hl7.ack.orig.5", "pacs", (*ARCHIVE, "adt"), ""),
        ("flow.ok.1", "pacs", ("storage",), "query"),
        ("flow.ok.1", "pacs", ARCHIVE, ""),
        ("flow.ok.1", "ris", ("worklist",), "orders"),
        ("flow.ok.1", "ris", ("worklist", "orders"), ""),
    ],
)
def test_a_case_is_not_applicable_for_what_is_not_claimed(
    case_id: str, role: Role, services: Sequence[Service], missing: str
) -> None:
    assert not_claimed(case_of(case_id), role, services) == missing


def test_an_archive_without_hl7_is_judged_by_no_hl7_case() -> None:
    cases = [case for case in all_cases() if case.id.startswith("hl7.") and "pacs" in case.roles]
    assert cases
    assert all(not_claimed(case, "pacs", ARCHIVE) for case in cases)

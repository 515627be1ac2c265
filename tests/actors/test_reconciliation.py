"""Reconciliation: a study belongs to an order by patient, accession number and Study Instance UID, all three."""

from dataclasses import replace

import pytest

from emulators.actors.reconciliation import Expected, Reconciliation, reconcile
from emulators.messages.common import PersonName
from tests.actors.samples import ACCESSION, HEADER, PATIENT, SOMEBODY_ELSE, STUDY

EXPECTED = Expected(PATIENT, ACCESSION, STUDY)


@pytest.mark.parametrize(
    ("header", "expected", "state"),
    [
        (HEADER, EXPECTED, Reconciliation.MATCHED),
        (HEADER, None, Reconciliation.ORPHAN),
        (replace(HEADER, patient=SOMEBODY_ELSE), EXPECTED, Reconciliation.HELD),
        (replace(HEADER, patient=replace(PATIENT, issuer="ELSEWHERE")), EXPECTED, Reconciliation.HELD),
        (replace(HEADER, study_instance_uid="1.2.3"), EXPECTED, Reconciliation.HELD),
        (replace(HEADER, patient=SOMEBODY_ELSE, study_instance_uid="1.2.3"), EXPECTED, Reconciliation.HELD),
    ],
)
def test_a_study_is_matched_held_or_an_orphan(header: object, expected: Expected | None, state: Reconciliation) -> None:
    assert reconcile(header, expected) is state  # type: ignore[arg-type]


def test_a_patient_is_known_by_number_and_issuer_not_by_name() -> None:
    married = replace(PATIENT, name=PersonName("Smith", "Jane"), birth_date="19700102")
    assert reconcile(replace(HEADER, patient=married), EXPECTED) is Reconciliation.MATCHED

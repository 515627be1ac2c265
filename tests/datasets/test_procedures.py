"""The procedure catalogue: complete, unambiguous, and within the lengths of DICOM and HL7."""

import re

import pytest

from datasets.procedures import (
    ANATOMIC_REGIONS,
    MODALITIES,
    PROCEDURES,
    Procedure,
    procedure_by_code,
    procedures_by_modality,
)


def test_every_modality_has_four_to_six_procedures() -> None:
    assert all(4 <= len(procedures_by_modality(modality)) <= 6 for modality in MODALITIES)
    assert sorted(p.code for m in MODALITIES for p in procedures_by_modality(m)) == sorted(p.code for p in PROCEDURES)


def test_a_code_names_one_procedure() -> None:
    assert [procedure_by_code(procedure.code) for procedure in PROCEDURES] == list(PROCEDURES)
    with pytest.raises(KeyError):
        procedure_by_code("XX-NONE")


@pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda procedure: procedure.code)
def test_values_fit_their_fields(procedure: Procedure) -> None:
    for value in (procedure.code, procedure.protocol_code, procedure.scheme):
        assert re.fullmatch(r"[A-Z0-9-]{1,16}", value)
    assert re.fullmatch(r"[A-Za-z0-9, ]{1,64}", procedure.meaning)
    assert re.fullmatch(r"[A-Z]{1,16}", procedure.body_part)
    assert procedure.body_part in ANATOMIC_REGIONS
    assert procedure.instance_count >= 1
    assert procedure.acquisition_minutes > 0

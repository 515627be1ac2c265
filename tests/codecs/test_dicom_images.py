"""The header of an image becomes the identity on which the archive admits its study."""

from dataclasses import replace

import pytest

from emulators.codecs.dicom.images import study_header
from emulators.codecs.dicom.values import Refused
from emulators.messages.common import NOBODY, Patient, PersonName
from emulators.messages.imaging import StudyHeader
from emulators.store.header import InstanceHeader

HEADER = InstanceHeader(
    study_date="20250301",
    study_time="093000.123",
    accession_number="A1",
    modality="CT",
    study_description="CT of the chest",
    patient_name="Doe^Jane^^Dr.=山田^太郎",
    patient_id="MRN-1",
    issuer_of_patient_id="HOSPITAL",
    birth_date="19700228",
    sex="F",
    study_instance_uid="1.2.4",
    body_part="CHEST",
    study_id="R1",
    referring_physician="Grey^Ada",
)
STUDY = StudyHeader(
    patient=Patient("MRN-1", "HOSPITAL", PersonName("Doe", "Jane", "", "Dr.", ideographic="山田^太郎"), "19700228", "F"),
    accession_number="A1",
    study_instance_uid="1.2.4",
    study_at="20250301093000",
    modality="CT",
    description="CT of the chest",
    body_part="CHEST",
    study_id="R1",
    referring_physician=PersonName("Grey", "Ada"),
)


def test_a_header_in_canonical_form() -> None:
    assert study_header(HEADER) == STUDY


@pytest.mark.parametrize(
    ("header", "study"),
    [
        ({"study_time": ""}, {"study_at": "20250301000000"}),
        ({"study_time": "0930"}, {"study_at": "20250301093000"}),
        ({"study_time": "noon"}, {"study_at": "20250301000000"}),
        ({"study_date": "2025.03.01"}, {"study_at": "20250301093000"}),
        ({"study_date": "20250230"}, {"study_at": ""}),
        ({"study_date": ""}, {"study_at": ""}),
        ({"sex": "U"}, {"patient": replace(STUDY.patient, sex="")}),
        ({"birth_date": "1970"}, {"patient": replace(STUDY.patient, birth_date="")}),
        ({"study_description": "x" * 65}, {"description": ""}),
        ({"body_part": "x" * 17}, {"body_part": ""}),
        ({"study_id": "R1\\R2"}, {"study_id": ""}),
        ({"referring_physician": "Grey^Ada\\Moss^Rita"}, {"referring_physician": NOBODY}),
        ({"referring_physician": ""}, {"referring_physician": NOBODY}),
        ({"accession_number": ""}, {"accession_number": ""}),
    ],
)
def test_what_is_no_identity_costs_no_image(header: dict[str, str], study: dict[str, object]) -> None:
    assert study_header(replace(HEADER, **header)) == replace(STUDY, **study)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        {"study_instance_uid": ""},
        {"study_instance_uid": "1.02"},
        {"patient_id": "MRN-1\\MRN-2"},
        {"patient_id": "M" * 65},
        {"accession_number": "A" * 17},
        {"patient_name": "D" * 65},
    ],
)
def test_an_identity_without_canonical_form_is_refused(header: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        study_header(replace(HEADER, **header))
    assert caught.value.status == 0xA900

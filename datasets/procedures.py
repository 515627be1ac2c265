"""The procedure catalogue: what the hospital can be asked to do, in CT, MR, DX, US, CR and MG.

Only body parts without a left and a right, so that no procedure needs a laterality; a mammogram is of both breasts.
Instance counts and minutes are typical values for a plain day; where a published figure exists the comment names it, the
rest are assumptions.
"""

from dataclasses import dataclass
from typing import Literal

Modality = Literal["CT", "MR", "DX", "US", "CR", "MG"]
MODALITIES: tuple[Modality, ...] = ("CT", "MR", "DX", "US", "CR", "MG")

SCHEME = "99RADLOOP"  # a local coding scheme: DICOM PS3.16 section 8.2 keeps designators that begin with 99 for these


@dataclass(frozen=True, slots=True)
class Procedure:
    """One orderable procedure, done in one series.

    ``code``, ``protocol_code`` are at most 16 characters (SH), ``meaning`` at most 64 (LO), ``body_part`` is a defined
    term of Body Part Examined (CS). ``instance_count`` is per exam, ``acquisition_minutes`` the patient's time on the
    table or in the room, without turnover.
    """

    code: str
    meaning: str
    modality: Modality
    body_part: str
    protocol_code: str
    instance_count: int
    acquisition_minutes: float
    scheme: str = SCHEME


@dataclass(frozen=True, slots=True)
class AnatomicRegion:
    """A SNOMED CT code for a body part, as DICOM PS3.16 Annex L gives it."""

    code: str
    meaning: str


ANATOMIC_REGIONS = {
    "ABDOMEN": AnatomicRegion("818981001", "Abdomen"),
    "ABDOMENPELVIS": AnatomicRegion("818982008", "Abdomen and Pelvis"),
    "AORTA": AnatomicRegion("15825003", "Aorta"),
    "BRAIN": AnatomicRegion("12738006", "Brain"),
    "BREAST": AnatomicRegion("76752008", "Breast"),
    "CHEST": AnatomicRegion("816094009", "Chest"),
    "CSPINE": AnatomicRegion("122494005", "Cervical spine"),
    "HEAD": AnatomicRegion("69536005", "Head"),
    "LSPINE": AnatomicRegion("122496007", "Lumbar spine"),
    "NECK": AnatomicRegion("45048000", "Neck"),
    "PELVIS": AnatomicRegion("816092008", "Pelvis"),
    "SKULL": AnatomicRegion("89546000", "Skull"),
    "THYROID": AnatomicRegion("69748006", "Thyroid"),
    "TSPINE": AnatomicRegion("122495006", "Thoracic spine"),
}

PROCEDURES: tuple[Procedure, ...] = (
    # CT. Minutes: mean room time 9.7 with two technologists (Boland, RSNA 2007), 8 to 21 by body region on an emergency
    # department's scanner. Images: a chest CT has 300 to 500 (PMC3264716).
    Procedure("CT-HEAD", "CT head without contrast", "CT", "HEAD", "P-CT-HEAD", 180, 8.0),
    Procedure("CT-CHEST", "CT chest without contrast", "CT", "CHEST", "P-CT-CHEST", 350, 9.5),
    Procedure("CT-CTPA", "CT pulmonary angiography", "CT", "CHEST", "P-CT-CTPA", 450, 12.0),
    Procedure("CT-ABDPEL", "CT abdomen and pelvis with contrast", "CT", "ABDOMENPELVIS", "P-CT-ABDPEL", 500, 13.0),
    Procedure("CT-CSPINE", "CT cervical spine without contrast", "CT", "CSPINE", "P-CT-CSPINE", 300, 9.0),
    # MR. Minutes: slots of 30 to 40 plain and 50 to 60 with contrast (a provider's guide, shields.com), less a turnover
    # of about 10 (ISMRM 2018, 2634). Images: 570 per exam at one large centre in 2010 (McDonald 2015), less elsewhere.
    Procedure("MR-BRAIN", "MR brain without contrast", "MR", "BRAIN", "P-MR-BRAIN", 320, 25.0),
    Procedure("MR-BRAIN-C", "MR brain with and without contrast", "MR", "BRAIN", "P-MR-BRAIN-C", 560, 45.0),
    Procedure("MR-CSPINE", "MR cervical spine without contrast", "MR", "CSPINE", "P-MR-CSPINE", 180, 25.0),
    Procedure("MR-LSPINE", "MR lumbar spine without contrast", "MR", "LSPINE", "P-MR-LSPINE", 200, 25.0),
    Procedure("MR-MRCP", "MR cholangiopancreatography", "MR", "ABDOMEN", "P-MR-MRCP", 260, 30.0),
    Procedure("MR-PELVIS", "MR pelvis with and without contrast", "MR", "PELVIS", "P-MR-PELVIS", 480, 45.0),
    # DX. Assumptions: no published room time is at hand; images are the usual number of projections.
    Procedure("DX-CHEST2", "Chest radiograph, two views", "DX", "CHEST", "P-DX-CHEST2", 2, 5.0),
    Procedure("DX-CHEST1", "Chest radiograph, one view", "DX", "CHEST", "P-DX-CHEST1", 1, 4.0),
    Procedure("DX-ABD", "Abdominal radiograph", "DX", "ABDOMEN", "P-DX-ABD", 1, 5.0),
    Procedure("DX-PELVIS", "Pelvic radiograph", "DX", "PELVIS", "P-DX-PELVIS", 1, 5.0),
    Procedure("DX-CSPINE", "Cervical spine radiograph", "DX", "CSPINE", "P-DX-CSPINE", 2, 7.0),
    Procedure("DX-LSPINE", "Lumbar spine radiograph", "DX", "LSPINE", "P-DX-LSPINE", 2, 7.0),
    # US. Assumptions: no published figure is at hand for minutes or images.
    Procedure("US-ABD", "Ultrasound abdomen complete", "US", "ABDOMEN", "P-US-ABD", 40, 20.0),
    Procedure("US-AORTA", "Ultrasound abdominal aorta screening", "US", "AORTA", "P-US-AORTA", 15, 10.0),
    Procedure("US-PELVIS", "Ultrasound pelvis", "US", "PELVIS", "P-US-PELVIS", 35, 20.0),
    Procedure("US-THYROID", "Ultrasound thyroid", "US", "THYROID", "P-US-THYROID", 30, 15.0),
    Procedure("US-NECK", "Ultrasound neck soft tissues", "US", "NECK", "P-US-NECK", 25, 15.0),
    # CR: plates, at the bedside too. Assumptions, as for DX.
    Procedure("CR-CHEST1P", "Portable chest radiograph, one view", "CR", "CHEST", "P-CR-CHEST1P", 1, 8.0),
    Procedure("CR-ABDP", "Portable abdominal radiograph", "CR", "ABDOMEN", "P-CR-ABDP", 1, 8.0),
    Procedure("CR-SKULL", "Skull radiograph, two views", "CR", "SKULL", "P-CR-SKULL", 2, 8.0),
    Procedure("CR-TSPINE", "Thoracic spine radiograph", "CR", "TSPINE", "P-CR-TSPINE", 2, 8.0),
    # MG. Images: the four standard views, and two more for a diagnostic exam. Minutes: assumptions.
    Procedure("MG-SCREEN", "Mammography, screening, bilateral", "MG", "BREAST", "P-MG-SCREEN", 4, 10.0),
    Procedure("MG-BASE", "Mammography, baseline, bilateral", "MG", "BREAST", "P-MG-BASE", 4, 10.0),
    Procedure("MG-FOLLOWUP", "Mammography, six months follow up, bilateral", "MG", "BREAST", "P-MG-FOLLOWUP", 4, 12.0),
    Procedure("MG-DIAG", "Mammography, diagnostic, bilateral", "MG", "BREAST", "P-MG-DIAG", 6, 15.0),
)

_BY_CODE = {procedure.code: procedure for procedure in PROCEDURES}
_BY_MODALITY = {
    modality: tuple(procedure for procedure in PROCEDURES if procedure.modality == modality) for modality in MODALITIES
}


def procedure_by_code(code: str) -> Procedure:
    """The procedure with this code value in SCHEME. Raises KeyError when there is none."""
    return _BY_CODE[code]


def procedures_by_modality(modality: Modality) -> tuple[Procedure, ...]:
    """The procedures of one modality, in catalogue order. Raises KeyError for a modality without any."""
    return _BY_MODALITY[modality]

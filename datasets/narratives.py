r"""Report texts: a pure function of the seed, the procedure, the accession number and whether a prior was at hand.

A text has the section headers of a radiology report, one blank line between sections, lines joined by ``\n``. It names
no reader, date or time. Its sentences hold, now and then, what HL7 must escape: ``& ^ ~ \ |``, even a text that looks
like an escape sequence (``\T\``). The impression sums up the abnormal findings.
"""

from dataclasses import dataclass

from datasets.draws import Draws
from datasets.procedures import Procedure

SECTION_HEADERS = ("INDICATION", "TECHNIQUE", "COMPARISON", "FINDINGS", "IMPRESSION")
ABNORMAL_SHARE = 0.3  # of all observations; an assumption
REVISED_SHARE = 0.3  # of all final reports: the preliminary text with an extended impression; an assumption


@dataclass(frozen=True, slots=True)
class _Abnormal:
    finding: str
    impression: str


@dataclass(frozen=True, slots=True)
class _Observation:
    """What a report says of one structure: the normal sentence, or one of the abnormal ones."""

    normal: str
    abnormal: tuple[_Abnormal, ...]


_INDICATIONS = (
    "Pain, cause unknown.",
    "Follow-up of a known finding.",
    "Staging before treatment.",
    "Fall from standing height; rule out fracture & bleeding.",
    "Weight loss ~5 kg, night sweats.",
    "Screening.",
    'Outside report says "normal | see notes"; please review.',
    r"Clinic note: P&R, ?stone \ ?mass.",
)

_TECHNIQUES = {
    "CT": (
        "Axial images with sagittal & coronal reformats.",
        "Helical acquisition, slice thickness 1 mm, dose modulation on.",
        r"Axial images; kernel label on the images reads B31\T\2.",
    ),
    "MR": (
        "T1, T2 and STIR sequences in three planes.",
        "T2 & diffusion (b = 10^3 s/mm^2) with ADC map.",
        "Multiplanar sequences on a 1.5 T system.",
    ),
    "DX": ("Digital radiography.", "Digital radiography, upright | grid.", "Digital radiography; limited by habitus."),
    "US": (
        "Grey scale & colour Doppler.",
        "Grey scale with a curved probe, ~5 MHz.",
        "Grey scale; limited by bowel gas.",
    ),
    "CR": ("Imaging plate.", "Imaging plate, supine | bedside.", "Imaging plate; limited by rotation & lines."),
    "MG": (
        "Cranio-caudal & medio-lateral oblique views of both breasts.",
        "Standard views of both breasts, ~28 kV.",
        "Standard views of both breasts; limited by positioning.",
    ),
}

_BRAIN = (
    _Observation(
        "No haemorrhage, mass effect or midline shift.",
        (
            _Abnormal("Left convexity subdural collection, ~6 mm thick.", "Small left subdural collection, no shift."),
            _Abnormal("Midline shift of 4 mm to the right.", "Midline shift; urgent neurosurgical opinion advised."),
        ),
    ),
    _Observation(
        "Grey & white matter are well differentiated.",
        (_Abnormal("Patchy white matter changes, Fazekas grade 2.", "Moderate small vessel disease."),),
    ),
    _Observation("Ventricles and sulci are of normal size for age.", ()),
)
_CHEST = (
    _Observation(
        "The lungs are clear.",
        (
            _Abnormal("Right lower zone opacity with air bronchograms.", "Right lower lobe pneumonia."),
            _Abnormal("Nodule in the left upper lobe, 7 x 6 mm (area ~33 mm^2).", "Solitary nodule; follow-up advised."),
        ),
    ),
    _Observation(
        "No pleural effusion or pneumothorax.",
        (_Abnormal("Small left effusion & basal atelectasis.", "Small left pleural effusion."),),
    ),
    _Observation("Heart and mediastinum are within normal limits.", (_Abnormal("Heart enlarged.", "Cardiomegaly."),)),
)
_ABDOMEN = (
    _Observation(
        "Liver, spleen & pancreas are unremarkable.",
        (
            _Abnormal("Liver cyst in segment 7|8, 12 mm.", "Simple liver cyst."),
            _Abnormal("Increased liver echo or low liver density throughout.", "Fatty change of the liver."),
        ),
    ),
    _Observation(
        "Both kidneys are normal, no hydronephrosis.",
        (_Abnormal("Stone at the left ureterovesical junction, ~4 mm.", "Left ureteric stone & mild hydronephrosis."),),
    ),
    _Observation("The aorta is of normal calibre.", (_Abnormal("Infrarenal aorta of 34 mm.", "Aortic aneurysm."),)),
)
_PELVIS = (
    _Observation("The bladder is thin walled.", (_Abnormal("Bladder wall of 7 mm.", "Bladder wall thickening."),)),
    _Observation("No free fluid.", (_Abnormal("Trace of free fluid.", "Trace of free pelvic fluid."),)),
    _Observation(
        "Hips and sacroiliac joints are unremarkable.",
        (_Abnormal("Joint space narrowing, right > left.", "Osteoarthritis of the hips, right > left."),),
    ),
)
_SPINE = (
    _Observation("Alignment is normal.", (_Abnormal("Grade 1 anterolisthesis, ~3 mm.", "Grade 1 anterolisthesis."),)),
    _Observation(
        "Vertebral height is kept, no fracture.",
        (_Abnormal("Wedging of one vertebra, 20 % of its height.", "Compression fracture, age unknown."),),
    ),
    _Observation(
        "No disc protrusion is seen.",
        (_Abnormal(r"Disc space narrowing at two levels (lower\lowest).", "Degenerative disc disease, two levels."),),
    ),
)
_NECK = (
    _Observation(
        "The thyroid is of normal size & texture.",
        (_Abnormal("Solid nodule of the right lobe, 14 x 9 mm.", "Thyroid nodule, TI-RADS 4; needle sampling advised."),),
    ),
    _Observation(
        "No enlarged lymph node.", (_Abnormal("Node of 11 mm (level II^III).", "Borderline node; review in 6 weeks."),)
    ),
    _Observation("Salivary glands are unremarkable.", ()),
)
_BREAST = (
    _Observation("Scattered fibroglandular densities (ACR b).", ()),
    _Observation(
        "No mass or architectural distortion.",
        (
            _Abnormal("Oval circumscribed mass, left, 9 x 7 mm.", "Probably benign mass, BI-RADS 3; review in 6 months."),
            _Abnormal("Spiculated mass, right upper outer, ~14 mm.", "Suspicious mass, BI-RADS 5; biopsy advised."),
        ),
    ),
    _Observation(
        "No suspicious calcifications.",
        (_Abnormal("Grouped calcifications, 12 within 1 cm^2.", "Grouped calcifications, BI-RADS 4; biopsy advised."),),
    ),
)
_SKULL = (
    _Observation("No fracture of the vault.", (_Abnormal("Linear lucency, left parietal.", "Linear skull fracture."),)),
    _Observation("The sella & the sutures are unremarkable.", ()),
)

_OBSERVATIONS = {
    "ABDOMEN": _ABDOMEN,
    "ABDOMENPELVIS": _ABDOMEN + _PELVIS,
    "AORTA": _ABDOMEN[2:],
    "BRAIN": _BRAIN,
    "BREAST": _BREAST,
    "CHEST": _CHEST,
    "CSPINE": _SPINE,
    "HEAD": _BRAIN,
    "LSPINE": _SPINE,
    "NECK": _NECK,
    "PELVIS": _PELVIS,
    "SKULL": _SKULL,
    "THYROID": _NECK[:2],
    "TSPINE": _SPINE,
}

_NOTHING_FOUND = ("No acute abnormality.", "Normal study.", "Nothing to explain the symptoms.")
_REVISIONS = (
    "Reviewed with the referring team; no change in management.",
    "Correlation with laboratory results & clinical course is advised.",
    r"Addition on second look: old healed rib fracture \ no consequence.",
    "Read together with the earlier outside films ~ unchanged.",
)


def preliminary_text(procedure: Procedure, draws: Draws, accession_number: str, has_prior: bool) -> str:
    """The text of the preliminary report. Raises KeyError for a body part or modality that the catalogue lacks."""
    return _text(procedure, draws, accession_number, has_prior, ())


def final_text(procedure: Procedure, draws: Draws, accession_number: str, has_prior: bool) -> str:
    """The text of the final report: the preliminary text, for REVISED_SHARE of the exams with more impressions."""
    revised = draws.unit("report is revised", accession_number) < REVISED_SHARE
    revision = draws.choice(_REVISIONS, "report revision", accession_number)
    return _text(procedure, draws, accession_number, has_prior, (revision,) if revised else ())


def _text(procedure: Procedure, draws: Draws, accession_number: str, has_prior: bool, more_impressions: tuple[str, ...]) -> str:
    findings, impressions = _findings(procedure, draws, accession_number)
    if not impressions:
        impressions = [draws.choice(_NOTHING_FOUND, "report impression", accession_number)]
    impressions += more_impressions
    sections = (
        [draws.choice(_INDICATIONS, "report indication", accession_number)],
        [f"{procedure.meaning}.", draws.choice(_TECHNIQUES[procedure.modality], "report technique", accession_number)],
        ["Prior study of the same region." if has_prior else "None available."],
        findings,
        [f"{position}. {impression}" for position, impression in enumerate(impressions, start=1)],
    )
    return "\n\n".join("\n".join([f"{header}:", *lines]) for header, lines in zip(SECTION_HEADERS, sections, strict=True))


def _findings(procedure: Procedure, draws: Draws, accession_number: str) -> tuple[list[str], list[str]]:
    """One sentence per structure, and the impressions of those that are abnormal."""
    findings, impressions = [], []
    for position, observation in enumerate(_OBSERVATIONS[procedure.body_part]):
        is_abnormal = draws.unit("report is abnormal", accession_number, position) < ABNORMAL_SHARE
        if is_abnormal and observation.abnormal:
            abnormal = draws.choice(observation.abnormal, "report finding", accession_number, position)
            findings.append(abnormal.finding)
            impressions.append(abnormal.impression)
        else:
            findings.append(observation.normal)
    return findings, impressions

"""Generated entries and queries of a worklist, as plain dictionaries; the same for everybody, from one seed.

The entries differ in a few values each, so that a query often finds some of them, and hold what is awkward: empty values,
several stations, times of every precision, names in several scripts and groups, identifiers that differ in case or zeros.
"""

from random import Random

from emulators.messages.attributes import Attributes, of
from tests.worklist_oracle import DATES, NAMES, NUMBERS, START_DATE, START_TIME, STEPS, TIMES, UIDS, DataSet

SEED = 20250302

PEOPLE = (
    "Doe^Jane^Q",
    "DOE^JOHN",
    "Doe",
    "Roe^Richard^^Dr^Jr",
    "Müller^Jürgen",
    "Иванов^Иван",
    "Διονυσιος^Μαρία",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Hong^Gildong=洪^吉洞=홍^길동",
    "Wang^XiaoDong=王^小東",
    "",
)
PHYSICIANS = ("House^Gregory", "HOUSE^Allison^^Dr", "Who^Meredith", "Grey^Ada=グレイ^エイダ", "")
STATIONS = ("CT1", "CT2", "MR1", "US1", "CT1\\CT2", "ct1")
DAYS = ("20250228", "20250301", "20250302", "20250303", "20250304", "")
CLOCK = ("0730", "080000", "0800", "083000", "083059.5", "12", "120000", "175959", "180000.000001", "")
CODES = (("CTCHEST", "99LOCAL", "CT of the chest"), ("MRHEAD", "99LOCAL", "MR of the head"), ("71250", "C4", "CT thorax"))

TOP_KEYS = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientWeight",
    "PregnancyStatus",
    "MedicalAlerts",
    "AccessionNumber",
    "AdmissionID",
    "CurrentPatientLocation",
    "ReferringPhysicianName",
    "RequestingPhysician",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "RequestedProcedurePriority",
    "StudyInstanceUID",
    "PatientComments",
)
STEP_KEYS = (
    "ScheduledStationAETitle",
    START_DATE,
    START_TIME,
    "Modality",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepLocation",
)
CODE_SEQUENCES = {"RequestedProcedureCodeSequence": False, "ScheduledProtocolCodeSequence": True}  # whether in the step


def attributes(dataset: DataSet) -> Attributes:
    """The same as our messages carry it."""
    return of({key: value if isinstance(value, str) else tuple(map(attributes, value)) for key, value in dataset.items()})


# --- entries -----------------------------------------------------------------------------------------------------------


def entries(count: int) -> list[DataSet]:
    """Worklist entries; each can be told by its Scheduled Procedure Step ID."""
    draw = Random(SEED)
    return [_entry(number, draw) for number in range(1, count + 1)]


def _entry(number: int, draw: Random) -> DataSet:
    station = draw.choice(STATIONS)
    step: DataSet = {
        "ScheduledStationAETitle": station,
        START_DATE: draw.choice(DAYS),
        START_TIME: draw.choice(CLOCK),
        "Modality": station[:2].upper(),
        "ScheduledPerformingPhysicianName": draw.choice(PHYSICIANS),
        "ScheduledProcedureStepID": f"S{number}",
        "ScheduledProcedureStepDescription": draw.choice(CODES)[2],
        "ScheduledProcedureStepLocation": draw.choice(("ROOM 1", "ROOM 2", "")),
        "ScheduledProtocolCodeSequence": _codes(draw),
    }
    entry: DataSet = {
        "PatientName": draw.choice(PEOPLE),
        "PatientID": draw.choice(("000123", "123", "P[1]", "p[1]", "P-4", "P?5")),
        "IssuerOfPatientID": draw.choice(("HOSPITAL", "CLINIC", "")),
        "PatientBirthDate": draw.choice(("19700228", "19650505", "20200101", "")),
        "PatientSex": draw.choice(("F", "M", "O", "")),
        "PatientWeight": draw.choice(("70", "70.5", "")),
        "PregnancyStatus": draw.choice(("1", "4", "")),
        "MedicalAlerts": draw.choice(("Latex\\Penicillin", "Latex", "None known", "")),
        "AccessionNumber": draw.choice((f"A{number}", f"A{number // 10}", "")),
        "AdmissionID": draw.choice(("V-1", "V-2", "")),
        "CurrentPatientLocation": draw.choice(("WARD 3", "CLINIC", "")),
        "ReferringPhysicianName": draw.choice(PHYSICIANS),
        "RequestingPhysician": draw.choice(PHYSICIANS),
        "RequestedProcedureID": f"R{number // 2}",
        "RequestedProcedureDescription": draw.choice(CODES)[2],
        "RequestedProcedurePriority": draw.choice(("STAT", "ROUTINE", "HIGH")),
        "RequestedProcedureCodeSequence": _codes(draw),
        "StudyInstanceUID": f"2.25.{number // 2 + 1}",
        STEPS: [step],
    }
    if draw.random() < 0.3:  # an attribute beyond the key table
        entry["PatientComments"] = draw.choice(("Deaf on one ear", "Speaks\\understands French", ""))
    return entry


def _codes(draw: Random) -> list[DataSet]:
    return [
        {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}
        for value, scheme, meaning in draw.sample(CODES, draw.choice((0, 1, 1, 2)))
    ]


# --- queries -----------------------------------------------------------------------------------------------------------


def queries(count: int, stored: list[DataSet]) -> list[DataSet]:
    """Identifiers with one to four matching keys, which ask for the step's ID as well."""
    draw = Random(SEED + 1)
    return [_query(draw, stored) for _ in range(count)]


def _query(draw: Random, stored: list[DataSet]) -> DataSet:
    """Mostly made of the values of one entry, so that combined keys find something."""
    entry = draw.choice(stored)
    step: DataSet = {"ScheduledProcedureStepID": ""}
    keys: DataSet = {STEPS: [step]}
    for keyword in draw.sample((*TOP_KEYS, *STEP_KEYS, *STEP_KEYS, *CODE_SEQUENCES), draw.choice((1, 1, 2, 2, 3, 4))):
        inside = keyword in STEP_KEYS or CODE_SEQUENCES.get(keyword, False)
        source = entry[STEPS][0] if inside else entry
        assert isinstance(source, dict)
        target = step if inside else keys
        value = source.get(keyword, "")
        target[keyword] = _sequence_key(value, draw) if isinstance(value, list) else _key(keyword, value, draw)
    if draw.random() < 0.25:  # what scanners send
        step.update({START_DATE: _key(START_DATE, "20250302", draw), START_TIME: _key(START_TIME, "0800", draw)})
    return keys


def _sequence_key(stored: list[DataSet], draw: Random) -> list[DataSet]:
    value, scheme, meaning = draw.choice(CODES)
    if stored and draw.random() < 0.7:
        value = str(draw.choice(stored)["CodeValue"])
    items: tuple[DataSet, ...] = (
        {"CodeValue": value},
        {"CodeValue": value, "CodingSchemeDesignator": scheme},
        {"CodeMeaning": f"{meaning[:3]}*", "CodeValue": ""},
        {},
    )
    return [draw.choice(items)] if draw.random() < 0.7 else []


def _key(keyword: str, value: str, draw: Random) -> str:
    """A key that this value fits, or nearly: every form that the VR allows."""
    if draw.random() < 0.08:
        return draw.choice(("", "*")) if keyword != "PregnancyStatus" else ""  # a number cannot be a wild card
    if keyword in DATES:
        return _date_key(value or "20250302", draw)
    if keyword in TIMES:
        return _time_key(draw)
    if keyword in UIDS:
        return _mostly(draw, (value, f"{value}\\2.25.7", "2.25.4\\2.25.5\\2.25.6"), ("2.25", f"{value[:-1]}*"))
    if keyword in NUMBERS:
        return _mostly(draw, (value or "4",), ("70", "4", "1"))
    value = value or draw.choice(("Latex", "STAT", "Doe^Jane"))
    if keyword in NAMES:
        return _name_key(value, draw)
    first = value.partition("\\")[0]
    fitting = (first, first, f"{first[:2]}*", f"?{first[1:]}", f"*{first[-2:]}", f"NONE\\{first}")
    return _mostly(draw, fitting, (first.lower(), f"{first}?", "[A-Z]*", first[1:]))


def _mostly(draw: Random, fitting: tuple[str, ...], others: tuple[str, ...]) -> str:
    return draw.choice(fitting if draw.random() < 0.8 else others)


def _date_key(value: str, draw: Random) -> str:
    other = draw.choice([day for day in DAYS if day])
    first, last = min(value, other), max(value, other)
    return _mostly(draw, (value, f"{first}-{last}", f"{first}-", f"-{last}", f"{value}-{value}"), (other, "20990101-"))


def _time_key(draw: Random) -> str:
    first, last = draw.choice((("0730", "1200"), ("08", "17"), ("0800", "180000"), ("073000.5", "083059.5"), ("12", "12")))
    return _mostly(draw, (f"{first}-{last}", f"{first}-", f"-{last}"), (first, last))


def _name_key(value: str, draw: Random) -> str:
    group = draw.choice(value.split("="))
    family = group.partition("^")[0]
    fitting = (group, group.upper(), group.lower(), f"{group}^", f"{group[:2]}*", f"*{group[-2:]}", f"{family}*", value, "*^*")
    return _mostly(draw, fitting, (f"{family}^*", f"{group[:1]}?{group[2:]}", f"={group}", family))

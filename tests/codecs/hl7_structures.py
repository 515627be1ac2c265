"""What an HL7 message may look like, as data: segments with order and cardinality, and the fields that we fill.

The structures stand in the standard's own notation: ``[ ]`` optional, ``{ }`` one or more, ``< | >`` a choice. They are those
of HL7, tightened where IHE RAD TF-2 (4.2 to 4.4, 4.28) and our own purpose need it: PID and the order detail are required in
ORM^O01 and ORU^R01, and a report has an OBX for each OBR. ZDS at the end is IHE's (4.4.4.1.2). Any other segment is
refused: that a receiver must skip it does not allow us to send it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from emulators.wire import er7

_ADMISSION_2_3_1 = """
    MSH EVN PID [PD1] [{NK1}] PV1 [PV2] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}] [{GT1}]
    [{IN1 [IN2] [{IN3}]}] [ACC] [UB1] [UB2]"""
_ADMISSION_2_5_1 = """
    MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}]
    [{GT1}] [{IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2] [PDA]"""
_ORDER_2_3_1 = """
    MSH [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC <OBR|RQD|RQ1|RXO|ODS|ODT> [{NTE}] [{DG1}] [{OBX [{NTE}]}] [{CTI}] [BLG]} [ZDS]"""
_ORDER_2_5_1 = """
    MSH [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC <OBR|RQD|RQ1|RXO|ODS|ODT> [{NTE}] [CTD] [{DG1}] [{OBX [{NTE}]}] [{FT1}] [{CTI}] [BLG]} [ZDS]"""
_RESULT_2_3_1 = """
    MSH {PID [PD1] [{NTE}] [PV1 [PV2]] {[ORC] OBR [{NTE}] {OBX [{NTE}]} [{CTI}]}} [DSC]"""
_RESULT_2_5_1 = """
    MSH [{SFT}] {PID [PD1] [{NTE}] [{NK1}] [PV1 [PV2]]
    {[ORC] OBR [{NTE}] [{TQ1 [{TQ2}]}] [CTD] {OBX [{NTE}]} [{FT1}] [{CTI}] [{SPM [{OBX}]}]}} [DSC]"""

STRUCTURES: Mapping[tuple[str, str, str], str] = {
    ("2.3.1", "ADT", "A04"): _ADMISSION_2_3_1,  # chapter 3
    ("2.3.1", "ORM", "O01"): _ORDER_2_3_1,  # chapter 4
    ("2.3.1", "ORU", "R01"): _RESULT_2_3_1,  # chapter 7
    ("2.3.1", "ACK", ""): "MSH MSA [ERR]",  # chapter 2
    ("2.5.1", "ADT", "A04"): _ADMISSION_2_5_1,  # 3.3.4
    ("2.5.1", "ORM", "O01"): _ORDER_2_5_1,  # 4.4.1
    ("2.5.1", "ORU", "R01"): _RESULT_2_5_1,  # 7.3.1
    ("2.5.1", "ACK", ""): "MSH [{SFT}] MSA [{ERR}]",  # 2.14.1
}
"""By version, message type and event; an ACK may be for any event."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field that we fill. ``limit`` counts characters without escapes, 0 is not checked; ``form`` is a regular expression.

    Lengths are checked where our values keep them by construction. The names, identifiers and texts of a patient are as
    long as DICOM allows, which is more than 2.3.1 gives PID-3 (20) and PID-5 (48); no product is known to mind.
    """

    required: bool
    limit: int = 0
    form: str = ""


_TIME = r"\d{8}(\d{6})?"
_NUMBER = r"\d+"
_EVENT = r"(ADT|ORM|ORU|ACK)\^[A-Z]\d\d"
_TIMING = rf"(\^\^\^({_TIME})?\^\^[SR])"

FIELDS: Mapping[str, Mapping[int, FieldRule]] = {
    "MSH": {  # 2.15.9
        7: FieldRule(True, 26, _TIME),  # optional in 2.3.1
        10: FieldRule(True, 20),
        11: FieldRule(True, 3, "P"),
        12: FieldRule(True, 60, r"2\.3\.1|2\.5\.1"),
        18: FieldRule(False, 0, r"[A-Z0-9/ ~-]+"),
    },
    "MSA": {1: FieldRule(True, 2, "A[AER]"), 2: FieldRule(True, 20)},  # 2.15.8
    "EVN": {2: FieldRule(True, 26, _TIME)},  # 3.4.1
    "PID": {  # 3.4.2
        1: FieldRule(False, 4, _NUMBER),
        3: FieldRule(True),
        5: FieldRule(True),
        7: FieldRule(False, 26, _TIME),
        8: FieldRule(False, 1, "[FMO]"),  # table 0001
    },
    "PV1": {1: FieldRule(False, 4, _NUMBER), 2: FieldRule(True, 1, "[EIO]")},  # 3.4.3, table 0004
    "ORC": {  # 4.5.1
        1: FieldRule(True, 2, "NW|SC|RE"),  # table 0119
        2: FieldRule(True, 22),  # conditional in HL7; ours has it always
        3: FieldRule(False, 22),
        5: FieldRule(False, 2, "SC|IP|CM"),  # table 0038
        7: FieldRule(False, 200, _TIMING),
        9: FieldRule(False, 26, _TIME),
    },
    "OBR": {  # 4.5.3
        1: FieldRule(False, 4, _NUMBER),
        2: FieldRule(True, 22),
        3: FieldRule(False, 22),
        4: FieldRule(True),
        6: FieldRule(False, 26, _TIME),
        18: FieldRule(False, 60),
        19: FieldRule(False, 60),
        20: FieldRule(False, 60),
        21: FieldRule(False, 60),
        22: FieldRule(False, 26, _TIME),
        25: FieldRule(False, 1, "[PF]"),  # table 0123
        27: FieldRule(False, 200, _TIMING),
    },
    "OBX": {  # 7.4.2
        1: FieldRule(True, 4, _NUMBER),
        2: FieldRule(True, 3, "TX|ST"),  # table 0125
        3: FieldRule(True, 250),
        4: FieldRule(True, 20),  # conditional: several OBX share OBX-3
        11: FieldRule(True, 1, "[PF]"),  # table 0085
    },
    "ZDS": {1: FieldRule(True, 200, r"[0-9.]{1,64}\^Radloop\^Application\^DICOM")},  # IHE RAD TF-2 4.4.4.1.2
    "ERR": {},
}

FIELDS_OF_VERSION: Mapping[str, Mapping[str, Mapping[int, FieldRule]]] = {
    "2.3.1": {
        "MSH": {9: FieldRule(True, 7, _EVENT)},
        "ERR": {1: FieldRule(True, 80, r"([A-Z0-9]{3})?\^\d*\^\d*\^\d{3}&[\w ]*&HL70357")},
    },
    "2.5.1": {
        "MSH": {9: FieldRule(True, 15, rf"{_EVENT}\^(ADT_A01|ORM_O01|ORU_R01|ACK)")},
        "ERR": {3: FieldRule(True, 705, r"\d{3}\^[\w ]*\^HL70357"), 4: FieldRule(True, 2, "[EFIW]")},  # 2.15.5
    },
}
"""Where the two differ."""


def field_rules(segment: str, version: str) -> Mapping[int, FieldRule]:
    return {**FIELDS[segment], **FIELDS_OF_VERSION[version].get(segment, {})}


def faults(payload: bytes) -> list[str]:
    """What is wrong with a message; empty if nothing."""
    message = er7.parse(payload)
    msh = message.msh
    version, kind = msh.component(12, 1), (msh.component(9, 1), msh.component(9, 2))
    structure = STRUCTURES.get((version, *kind)) or STRUCTURES.get((version, kind[0], ""))
    if structure is None:
        return [f"no structure for {'^'.join(kind)} of {version}"]
    found = []
    names = "".join(f"{segment.name} " for segment in message.segments)
    if not _pattern(structure).fullmatch(names):
        found.append(f"segments {names.strip()}")
    for segment in message.segments:
        found += _field_faults(segment, version)
    return found + _set_id_faults(message.segments)


@lru_cache(maxsize=len(STRUCTURES))
def _pattern(structure: str) -> re.Pattern[str]:
    """A structure as a regular expression over segment names, each with a space behind it."""
    pattern = re.sub(r"\s", "", structure)
    pattern = re.sub(r"[A-Z][A-Z0-9]{2}", lambda name: f"(?:{name[0]} )", pattern)
    for mark, meaning in (("[", "(?:"), ("]", ")?"), ("{", "(?:"), ("}", ")+"), ("<", "(?:"), (">", ")")):
        pattern = pattern.replace(mark, meaning)
    return re.compile(pattern)


def _field_faults(segment: er7.Segment, version: str) -> list[str]:
    if segment.name not in FIELDS:
        return [f"{segment.name}: a segment that we do not send"]
    found = []
    for number, rule in field_rules(segment.name, version).items():
        raw, place = segment.field(number), f"{segment.name}-{number}"
        if not raw:
            found += [f"{place}: required"] * rule.required
        elif rule.limit and len(er7.unescape(raw, segment.delimiters)) > rule.limit:
            found.append(f"{place}: longer than {rule.limit}")
        elif rule.form and not re.fullmatch(rule.form, raw):
            found.append(f"{place}: not of the form {rule.form}")
    return found


def _set_id_faults(segments: Sequence[er7.Segment]) -> list[str]:
    """OBX-1 counts from 1 (7.4.2.1)."""
    numbers = [segment.field(1) for segment in segments if segment.name == "OBX"]
    return [] if numbers == [str(number + 1) for number in range(len(numbers))] else ["OBX-1: does not count from 1"]

"""What an HL7 message may look like, as data: segments with order and cardinality, and the fields that we fill.

The structures stand in the standard's own notation: ``[ ]`` optional, ``{ }`` one or more, ``< | >`` a choice. They are those
of HL7, tightened where IHE RAD TF-2 (4.2 to 4.4, 4.28) and our own purpose need it: PID is required and one in orders and
reports, the order detail is required in ORM^O01, and a report has an OBX for each OBR. In ORR^O02 an ORC may stand without it
(4.5.1: the detail may be omitted where it is not needed). ZDS at the end is IHE's (4.4.4.1.2). Any other segment is refused:
that a receiver must skip it does not allow us to send it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from emulators.wire import er7

_ADMISSION_2_3_1 = """
    MSH EVN PID [PD1] [{NK1}] PV1 [PV2] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}] [{GT1}]
    [{IN1 [IN2] [{IN3}]}] [ACC] [UB1] [UB2]"""
_TRANSFER_2_3_1 = "MSH EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}]"
_DISCHARGE_2_3_1 = "MSH EVN PID [PD1] PV1 [PV2] [{DB1}] [{DG1}] [DRG] [{PR1 [{ROL}]}] [{OBX}]"
_CANCELLATION_2_3_1 = "MSH EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}]"
_CHANGE_2_3_1 = """
    MSH EVN PID [PD1] [MRG] [{NK1}] PV1 [PV2] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}] [{GT1}]
    [{IN1 [IN2] [{IN3}]}] [ACC] [UB1] [UB2]"""
_MERGE_2_3_1 = "MSH EVN {PID [PD1] MRG [PV1]}"
_ADMISSION_2_5_1 = """
    MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}]
    [{GT1}] [{IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2]"""
_TRANSFER_2_5_1 = "MSH [{SFT}] EVN PID [PD1] [{ROL}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [PDA]"
_DISCHARGE_2_5_1 = """
    MSH [{SFT}] EVN PID [PD1] [{ROL}] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}] [{OBX}]
    [{GT1}] [{IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [PDA]"""
_CANCELLATION_2_5_1 = "MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}]"
_CHANGE_2_5_1 = """
    MSH [{SFT}] EVN PID [PD1] [{ROL}] [MRG] [{NK1}] PV1 [PV2] [{ROL}] [{DB1}] [{OBX}] [{AL1}] [{DG1}] [DRG] [{PR1 [{ROL}]}]
    [{GT1}] [{IN1 [IN2] [{IN3}] [{ROL}]}] [ACC] [UB1] [UB2]"""
_CANCELLED_TRANSFER = "MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [DG1]"
_CANCELLED_PREADMISSION = "MSH [{SFT}] EVN PID [PD1] PV1 [PV2] [{DB1}] [{OBX}] [{DG1}] [DRG]"
_MERGE_2_5_1 = "MSH [{SFT}] EVN {PID [PD1] MRG [PV1]}"
_ORDER_2_3_1 = """
    MSH [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC <OBR|RQD|RQ1|RXO|ODS|ODT> [{NTE}] [{DG1}] [{OBX [{NTE}]}] [{CTI}] [BLG]} [ZDS]"""
_ORDER_2_5_1 = """
    MSH [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC <OBR|RQD|RQ1|RXO|ODS|ODT> [{NTE}] [CTD] [{DG1}] [{OBX [{NTE}]}] [{FT1}] [{CTI}] [BLG]} [ZDS]"""
_CLINICAL_ORDER_2_5_1 = """
    MSH [{SFT}] [{NTE}] PID [PD1] [{NTE}] [{NK1}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] [CTD] [{DG1}] [{OBX [{NTE}]}] [{SPM [{OBX}]}] [{FT1}] [{CTI}] [BLG]}"""
_IMAGING_ORDER_2_5_1 = """
    MSH [{SFT}] [{NTE}] PID [PD1] [{NTE}] [PV1 [PV2]] [{IN1 [IN2] [IN3]}] [GT1] [{AL1}]
    {ORC [{TQ1 [{TQ2}]}] OBR [{NTE}] [CTD] [{DG1}] [{OBX [{NTE}]}] {IPC}}"""
_RESULT_2_3_1 = """
    MSH PID [PD1] [{NTE}] [PV1 [PV2]] {[ORC] OBR [{NTE}] {OBX [{NTE}]} [{CTI}]} [DSC]"""
_RESULT_2_5_1 = """
    MSH [{SFT}] PID [PD1] [{NTE}] [{NK1}] [PV1 [PV2]]
    {[ORC] OBR [{NTE}] [{TQ1 [{TQ2}]}] [CTD] {OBX [{NTE}]} [{FT1}] [{CTI}] [{SPM [{OBX}]}]} [DSC]"""
_RESPONSE_2_3_1 = """
    MSH MSA [ERR] [{NTE}] PID [{NTE}] {ORC [<OBR|RQD|RQ1|RXO|ODS|ODT>] [{NTE}] [{CTI}]}"""
_RESPONSE_2_5_1 = """
    MSH MSA [{ERR}] [{SFT}] [{NTE}] PID [{NTE}] {ORC [<OBR|RQD|RQ1|RXO|ODS|ODT>] [{NTE}] [{CTI}]}"""

STRUCTURES: Mapping[tuple[str, str, str], str] = {
    # chapter 3
    **dict.fromkeys((("2.3.1", "ADT", event) for event in ("A01", "A04", "A05", "A08", "A13", "A28", "A31")), _ADMISSION_2_3_1),
    ("2.3.1", "ADT", "A02"): _TRANSFER_2_3_1,
    ("2.3.1", "ADT", "A03"): _DISCHARGE_2_3_1,
    **dict.fromkeys((("2.3.1", "ADT", event) for event in ("A06", "A07")), _CHANGE_2_3_1),
    **dict.fromkeys((("2.3.1", "ADT", event) for event in ("A11", "A12", "A38")), _CANCELLATION_2_3_1),
    ("2.3.1", "ADT", "A40"): _MERGE_2_3_1,
    **dict.fromkeys((("2.5.1", "ADT", event) for event in ("A01", "A04", "A08", "A13")), f"{_ADMISSION_2_5_1} [PDA]"),
    **dict.fromkeys((("2.5.1", "ADT", event) for event in ("A05", "A28", "A31")), _ADMISSION_2_5_1),
    ("2.5.1", "ADT", "A02"): _TRANSFER_2_5_1,
    ("2.5.1", "ADT", "A03"): _DISCHARGE_2_5_1,
    **dict.fromkeys((("2.5.1", "ADT", event) for event in ("A06", "A07")), _CHANGE_2_5_1),
    ("2.5.1", "ADT", "A11"): _CANCELLATION_2_5_1,
    ("2.5.1", "ADT", "A12"): _CANCELLED_TRANSFER,
    ("2.5.1", "ADT", "A38"): _CANCELLED_PREADMISSION,
    ("2.5.1", "ADT", "A40"): _MERGE_2_5_1,
    # chapter 4
    ("2.3.1", "ORM", "O01"): _ORDER_2_3_1,
    ("2.5.1", "ORM", "O01"): _ORDER_2_5_1,
    ("2.3.1", "ORR", "O02"): _RESPONSE_2_3_1,
    ("2.5.1", "ORR", "O02"): _RESPONSE_2_5_1,
    ("2.5.1", "OMG", "O19"): _CLINICAL_ORDER_2_5_1,
    ("2.5.1", "ORG", "O20"): "MSH MSA [{ERR}] [{SFT}] [{NTE}] PID [{NTE}] {ORC [{TQ1 [{TQ2}]}] [OBR] [{NTE}] [{CTI}]}",
    ("2.5.1", "OMI", "O23"): _IMAGING_ORDER_2_5_1,
    # chapter 7
    ("2.3.1", "ORU", "R01"): _RESULT_2_3_1,
    ("2.5.1", "ORU", "R01"): _RESULT_2_5_1,
    # chapter 2
    ("2.3.1", "ACK", ""): "MSH MSA [ERR]",
    ("2.5.1", "ACK", ""): "MSH [{SFT}] MSA [{ERR}]",
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
_EVENT = r"(ADT|ORM|ORR|ORU|ACK)\^[A-Z]\d\d"
_KINDS = (
    r"ADT\^A(0[148]|13)\^ADT_A01|ADT\^A0[67]\^ADT_A06|ADT\^A12\^ADT_A12|ADT\^A38\^ADT_A38|ADT\^A02\^ADT_A02|ADT\^A03\^ADT_A03|ADT\^A(05|28|31)\^ADT_A05|ADT\^A11\^ADT_A09|"
    r"ADT\^A40\^ADT_A39|OMG\^O19\^OMG_O19|ORG\^O20\^ORG_O20|OMI\^O23\^OMI_O23|ORM\^O01\^ORM_O01|ORR\^O02\^ORR_O02|ORU\^R01\^ORU_R01|ACK\^[A-Z]\d\d\^ACK"
)
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
        7: FieldRule(False, 26, f'{_TIME}|""'),
        8: FieldRule(False, 2, '[FMO]|""'),  # table 0001
    },
    "MRG": {1: FieldRule(True)},  # 3.4.9
    "PV1": {1: FieldRule(False, 4, _NUMBER), 2: FieldRule(True, 1, "[EIO]")},  # 3.4.3, table 0004
    "ORC": {  # 4.5.1
        1: FieldRule(True, 2, "NW|XO|CA|SN|NA|SC|CR|UC|OC|RE"),  # table 0119
        2: FieldRule(False, 22),
        3: FieldRule(False, 22),
        4: FieldRule(False, 22),
        5: FieldRule(False, 2, "SC|IP|CM|CA|DC"),  # table 0038
        7: FieldRule(False, 200, _TIMING),
        9: FieldRule(False, 26, _TIME),
    },
    "OBR": {  # 4.5.3
        1: FieldRule(False, 4, _NUMBER),
        2: FieldRule(False, 22),
        3: FieldRule(False, 22),
        4: FieldRule(True),
        6: FieldRule(False, 26, _TIME),
        18: FieldRule(False, 60),
        19: FieldRule(False, 60),
        20: FieldRule(False, 60),
        21: FieldRule(False, 60),
        22: FieldRule(False, 26, _TIME),
        25: FieldRule(False, 1, "[PFCXDW]"),  # table 0123, and D and W of table 0085, which it lacks
        27: FieldRule(False, 200, _TIMING),
    },
    "OBX": {  # 7.4.2
        1: FieldRule(True, 4, _NUMBER),
        2: FieldRule(True, 3, "TX|ST"),  # table 0125
        3: FieldRule(True, 250),
        4: FieldRule(True, 20),  # conditional: several OBX share OBX-3
        11: FieldRule(True, 1, "[PFCXDW]"),  # table 0085
    },
    "TQ1": {1: FieldRule(False, 4, _NUMBER), 7: FieldRule(False, 26, _TIME), 9: FieldRule(False, 0, "[SR]")},  # 4.5.4
    "IPC": {  # 4.5.6
        1: FieldRule(True, 80),
        2: FieldRule(True, 22),
        3: FieldRule(True, 70, r"[0-9.]{1,64}"),
        4: FieldRule(True, 22),
        5: FieldRule(False, 16),
        9: FieldRule(False, 16),
    },
    "ZDS": {  # IHE RAD TF-2 4.4.4.1.2
        1: FieldRule(True, 200, r"[0-9.]{1,64}\^Radloop\^Application\^DICOM"),
        2: FieldRule(False, 16),  # ours
    },
    "ERR": {},
}

FIELDS_OF_VERSION: Mapping[str, Mapping[str, Mapping[int, FieldRule]]] = {
    "2.3.1": {
        "MSH": {9: FieldRule(True, 7, _EVENT)},
        "ERR": {1: FieldRule(True, 80, r"([A-Z0-9]{3})?\^\d*\^\d*\^\d{3}&[\w ]*&HL70357")},
    },
    "2.5.1": {
        "MSH": {9: FieldRule(True, 15, _KINDS)},
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
    return found + _number_faults(message.segments) + _set_id_faults(message.segments)


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


def _number_faults(segments: Sequence[er7.Segment]) -> list[str]:
    """ORC and OBR name an order by the placer's or the filler's number (4.5.1.2, 4.5.3.2)."""
    orders = [segment for segment in segments if segment.name in ("ORC", "OBR")]
    return [f"{segment.name}: no number" for segment in orders if not segment.field(2) and not segment.field(3)]


def _set_id_faults(segments: Sequence[er7.Segment]) -> list[str]:
    """OBR-1 counts the orders of a message from 1, OBX-1 the observations of an order (4.5.3.1, 7.4.2.1)."""
    counts = {"OBR": 0, "OBX": 0}
    found = []
    for segment in segments:
        name = segment.name
        if name not in counts:
            continue
        counts[name] += 1
        if name == "OBR":
            counts["OBX"] = 0
        if segment.field(1) not in ("", str(counts[name])):
            found.append(f"{name}-1: does not count from 1")
    return found

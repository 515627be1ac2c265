"""The bytes of every sample, as a person who knows HL7 writes them down; and how to change them for a test."""

from tests.codecs.hl7_samples import MESSAGES

PID = "PID|1||MRN-1^^^HOSPITAL||Doe^Jane^M^Jr^Dr||19700228|F\r"
PV1 = "PV1|1|O|RADIOLOGY|||||^House^Greg^^^Dr|||||||||||V-1\r"
_EVN = "EVN||20250301080000\r"
_CODE = "CTHEAD^CT of the head^99LOCAL"
_SECOND_CODE = "CTNECK^CT of the neck^99LOCAL"
_WHO = "^Who^Meredith"
_REASON = "^Fall; bleeding \\T\\ fracture?"


def _msh(sent_at: str, kind: str, control_id: str) -> str:
    return f"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|{sent_at}||{kind}|{control_id}|P|2.5.1\r"


# --- ADT -----------------------------------------------------------------------------------------------------------------


def _adt(kind: str, control_id: str, pid: str = PID, last: str = PV1) -> str:
    return _msh("20250301080000", f"ADT^{kind}", control_id) + _EVN + pid + last


_PATIENTS = {
    "AdmitPatient": _adt("A01^ADT_A01", "V-1-A011", last=PV1.replace("|O|", "|I|")),
    "TransferPatient": _adt("A02^ADT_A02", "V-1-A021", last=PV1.replace("RADIOLOGY", "WARD 3")),
    "DischargePatient": _adt("A03^ADT_A03", "V-1-A031"),
    "RegisterPatient": _adt("A04^ADT_A01", "V-1-A041"),
    "PreadmitPatient": _adt("A05^ADT_A05", "V-1-A051"),
    "UpdatePatient": _adt("A08^ADT_A01", "V-1-A081"),
    "CancelAdmission": _adt("A11^ADT_A09", "V-1-A111"),
    "UpdatePerson": _adt("A31^ADT_A05", "V-1-A311", PID.replace("|19700228|F", '|""|""')),
    "BecomeInpatient": _adt("A06^ADT_A06", "V-1-A061", last=PV1.replace("|O|", "|I|")),
    "BecomeOutpatient": _adt("A07^ADT_A06", "V-1-A071"),
    "CancelTransfer": _adt("A12^ADT_A12", "V-1-A121"),
    "CancelDischarge": _adt("A13^ADT_A01", "V-1-A131"),
    "AddPerson": _adt("A28^ADT_A05", "V-1-A281"),
    "CancelPreadmission": _adt("A38^ADT_A38", "V-1-A381"),
    "MergePatients": _adt("A40^ADT_A39", "V-1-A401", last="MRG|MRN-0^^^HOSPITAL\r"),
    "Japanese": _adt(
        "A08^ADT_A01",
        "V-1-A081",
        PID.replace("Doe^Jane^M^Jr^Dr", "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
    ).replace("2.5.1\r", "2.5.1||||||UNICODE UTF-8\r", 1),
}

# --- orders --------------------------------------------------------------------------------------------------------------


def _order(
    sent_at: str,
    numbers: tuple[str, str, str],
    order_control: str,
    fillers: str = "",
    *,
    code: str = _CODE,
    body_part: str = "HEAD",
    timing: str = "^^^20250301081500^^S",
    modality: str = "CT",
    entered: str = "",
) -> str:
    """ORC and OBR; ``numbers`` are set ID, placer and accession number, ``fillers`` OBR-18 to OBR-21."""
    set_id, placer, accession = numbers
    control, status, group = (*order_control.split("/"), "", "")[:3]
    return (
        f"ORC|{control}|{placer}|{accession}|{group}|{status}||{timing}||{sent_at}|||{_WHO}{entered}\r"
        f"OBR|{set_id}|{placer}|{accession}|{code}||20250301081500|||||||||^^^{body_part}|{_WHO}||"
        f"{fillers or '|||'}|||{modality}|||{timing}||||{_REASON}\r"
    )


_AT_2 = "20250301080100"
_ENTERED = "|||||^CLINIC"
"""ORC-17 of what a placer asks for."""
_ORDER = {
    control: _msh(_AT_2, "ORM^O01^ORM_O01", f"P-1-{control}1")
    + PID
    + PV1
    + _order(_AT_2, ("1", "P-1", ""), control, entered=_ENTERED)
    for control in ("NW", "XO")
}
_FILLERS = "A123456789|R123456789|S123456789|CT_ONE"
_START = "^^^20250301083000^^S"
_ZDS = "ZDS|2.25.4711^Radloop^Application^DICOM\r"


def _step(sent_at: str, order_control: str) -> str:
    code = f"{_CODE}^CTH1^Head \\T\\ sinuses^99PROT"
    return _order(sent_at, ("1", "P-1", "A123456789"), order_control, _FILLERS, code=code, timing=_START)


def _procedure(sent_at: str, control_id: str, order_control: str, further: str = "") -> str:
    return _msh(sent_at, "ORM^O01^ORM_O01", control_id) + PID + PV1 + _step(sent_at, order_control) + further + _ZDS


STATUS_OBR = f"OBR|1|P-1|A123456789|{_CODE}||||||||||||||A123456789\r"


def _status(sent_at: str, control_id: str, control: str, status: str, reason: str = "") -> str:
    why = f"|||||||{reason}" if reason else ""
    orc = f"ORC|{control}|P-1|A123456789||{status}||||{sent_at}{why}\r"
    return _msh(sent_at, "ORM^O01^ORM_O01", control_id) + PID + orc + STATUS_OBR


_ORDERS = {
    "PlaceOrder": _ORDER["NW"],
    "ChangeOrder": _ORDER["XO"],
    "CancelOrder": _msh(_AT_2, "ORM^O01^ORM_O01", "P-1-CA1")
    + PID
    + f"ORC|CA|P-1|||||||{_AT_2}|||||||^Not needed\rOBR|1|P-1||{_CODE}\r",
    "FillerOrder": _msh(_AT_2, "ORM^O01^ORM_O01", "A-SN1")
    + PID
    + PV1
    + _order(_AT_2, ("1", "", "A123456789"), "SN", "A123456789|||"),
    "NumberAssigned": _msh("20250301080200", "ORR^O02^ORR_O02", "A-NA1")
    + "MSA|AA|A-SN1\r"
    + PID
    + "ORC|NA|FA123456789|A123456789||||||20250301080200\r",
    "ScheduleProcedure": _procedure("20250301080200", "P-1-SP1", "NW/SC"),
    "ChangeProcedure": _procedure("20250301080200", "P-1-XP1", "XO/SC"),
    "CancelProcedure": _procedure("20250301080200", "P-1-CP1", "CA/CA"),
    "ReadingListEntry": _procedure("20250301090000", "P-1-RL1", "SC/CM"),
    "ReadingListRemoval": _procedure("20250301090000", "P-1-RR1", "CA/CM"),
    "OrderStatus": _status("20250301084000", "P-1-IP1", "SC", "IP"),
    "ReportStatus": _status("20250301091000", "P-1-AS1", "SC", "CM", "ASSIGNED^Report assigned^99RADLOOP-RPT"),
    "cancelled as asked": _status("20250301084000", "P-1-CR1", "CR", "CA", "NN^Not needed^99LOCAL"),
    "two orders": _msh(_AT_2, "ORM^O01^ORM_O01", "P-1-NW1")
    + PID
    + PV1
    + _order(_AT_2, ("1", "P-1", ""), "NW//G-1", entered=_ENTERED)
    + _order(
        _AT_2,
        ("2", "P-2", ""),
        "NW//G-1",
        code=_SECOND_CODE,
        body_part="NECK",
        timing="^^^20250301081500^^R",
        entered=_ENTERED,
    ),
    "two steps": _procedure(
        "20250301080200",
        "P-1-SP1",
        "NW/SC",
        _order(
            "20250301080200",
            ("2", "P-1", "A123456789"),
            "NW/SC",
            "A123456789|R123456789|S-2|NM_ONE",
            code=f"{_CODE}^NMH1^Perfusion^99PROT",
            timing="^^^20250301093000^^S",
            modality="NM",
        ).rstrip("\r")
        + "|||&Curie&Marie\r",
    ),
}

# --- reports -------------------------------------------------------------------------------------------------------------


def _reported(set_id: str, placer: str, accession: str, code: str, *observations: str, status: str = "F") -> str:
    """ORC, OBR and OBX; an observation is OBX-2 to OBX-5."""
    obr = f"OBR|{set_id}|{placer}|{accession}|{code}||||||||||||||{accession}||||20250301095900|||{status}"
    obx = [f"OBX|{number}|{one}||||||{status}\r" for number, one in enumerate(observations, 1)]
    return f"ORC|RE|{placer}|{accession}\r{obr}|||||||&Reed&Ray&&MD\r{''.join(obx)}"


def _text(sub_id: int, line: str, suffix: str = "") -> str:
    return f"TX|18748-4{suffix}^Diagnostic imaging study^LN|{sub_id}|{line}"


def _report(*orders: str) -> str:
    return _msh("20250301100000", "ORU^R01^ORU_R01", "P-1-RF1") + PID + "".join(orders)


_STUDY = "ST|113014^DICOM Study^DCM|1|2.25.4711"
_LINES = (
    "FINDINGS",
    "  Kernel B31\\E\\T\\E\\2 \\F\\ T1 \\R\\5 mm\\S\\2.",
    "",
    "",
    "IMPRESSION",
    '"" ',
    "P\\T\\R \\E\\ ?mass \\E\\.br\\E\\ end",
)
_FIRST = ("1", "P-1", "A123456789", _CODE, _STUDY)

_REPORTS = {
    "Report": _report(_reported(*_FIRST, *(_text(number, line) for number, line in enumerate(_LINES, 1)))),
    "two orders reported": _report(
        _reported(*_FIRST, _text(1, "None.")), _reported("2", "P-2", "A2", _SECOND_CODE, _text(1, "None."))
    ),
    "addendum": _report(
        _reported(*_FIRST, _text(1, "None."), _text(2, "Seen again.", "&ADT"), _text(3, "Still none.", "&ADT"))
    ),
    "withdrawn": _report(_reported(*_FIRST, _text(1, ""), status="W")),
}

GOLDEN: dict[str, str] = {**_PATIENTS, **_ORDERS, **_REPORTS}


def golden(name: str, version: str = "2.5.1") -> str:
    """2.3.1 differs in MSH alone."""
    text = GOLDEN[name]
    if version == "2.3.1":
        msh, rest = text.split("\r", 1)
        fields = msh.split("|")
        fields[8] = "^".join(fields[8].split("^")[:2])
        fields[11] = "2.3.1"
        text = "|".join(fields) + "\r" + rest
    return text


def changed(name: str, *changes: tuple[str, str]) -> bytes:
    """A golden message with each text replaced once by another; the text must be there."""
    text = GOLDEN[name]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


assert set(GOLDEN) == set(MESSAGES)

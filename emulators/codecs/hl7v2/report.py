"""ORU^R01: MSH PID ORC OBR OBX.. (7.3.1), one report per message.

The Study Instance UID comes first, as an ST under ``113014^DICOM Study^DCM`` (HD is not in table 0125, but read too). Then
each line of the text is one OBX of type TX; an empty line has an empty OBX-5. OBX-4 counts the lines: it tells apart
observations that share OBX-3 (7.4.2.4), so that no receiver keeps only the last line.

Reading, text is all OBX of type TX, FT or ST: repetitions of OBX-5 and ``\\.br\\`` are line ends. A report without any is
refused, and one with several OBR, whose parts would be lost. The reader is the first component of OBR-32, the name in its
subcomponents.
"""

from collections.abc import Sequence

from emulators.codecs.hl7v2 import fields
from emulators.codecs.hl7v2.fields import needed, present, said, stated, text
from emulators.codecs.hl7v2.orders import accession_number, procedure_code
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import PersonName
from emulators.messages.report import RESULT_STATUSES, Report
from emulators.wire import er7
from emulators.wire.er7 import NULL, Field, Message, Row, Segment

_STUDY = ("113014", "DICOM Study", "DCM")
_NARRATIVE = ("18748-4", "Diagnostic imaging study", "LN")
_TEXT_TYPES = frozenset(("TX", "FT", "ST"))


def write_report(message: Report) -> Sequence[Row]:
    placer = present(message.placer_order_number, "OBR-2")
    accession = present(message.accession_number, "OBR-18")
    obr: dict[int, Field] = {
        1: "1",
        2: placer,
        3: accession,
        4: fields.ce(message.procedure, "OBR-4"),
        18: accession,
        22: message.reported_at,
        25: message.status,
        32: (fields.xcn(message.reader),),  # an NDL: the name is one component, its parts subcomponents
    }
    rows = [
        fields.pid_row(message.patient),
        er7.row("ORC", {1: "RE", 2: placer, 3: accession}),
        er7.row("OBR", obr),
    ]
    if message.study_instance_uid:
        rows.append(_observation(1, "ST", _STUDY, "1", message.study_instance_uid, message.status))
    before = len(rows) - 3
    for number, line in enumerate(message.text.split("\n"), 1):
        # a line that is "" would delete; no text of ours has a space at the end of a line, so reading takes it off again
        value = line if line != NULL else NULL + " "
        rows.append(_observation(before + number, "TX", _NARRATIVE, str(number), value, message.status))
    return rows


def _observation(number: int, value_type: str, code: tuple[str, ...], sub_id: str, value: str, status: str) -> Row:
    """OBX (7.4.2): OBX-1 to OBX-5, and OBX-11."""
    return ["OBX", str(number), value_type, code, sub_id, value, "", "", "", "", "", status]


def read_report(message: Message, control_id: str, sent_at: Stamp) -> Report:
    if len(message.all("OBR")) > 1:
        raise content_error("207", "OBR")
    obr, orc = fields.segment(message, "OBR"), message.first("ORC")
    placer = stated(said(obr, 2) or (said(orc, 2) if orc is not None else ""))
    status = needed(text(obr, 25), "OBR-25")
    if status not in RESULT_STATUSES:
        raise content_error("103", "OBR-25")
    study_instance_uid, lines = _observations(message.all("OBX"))
    return Report(
        control_id=control_id,
        sent_at=sent_at,
        patient=fields.patient(message),
        placer_order_number=needed(placer, "OBR-2"),
        accession_number=accession_number(orc, obr),
        study_instance_uid=study_instance_uid,
        procedure=procedure_code(obr),
        status=status,
        text="\n".join(lines),
        reader=_reader(obr),
        reported_at=fields.stamp(text(obr, 22), "OBR-22"),
    )


def _observations(segments: Sequence[Segment]) -> tuple[str, Sequence[str]]:
    """The Study Instance UID, if it is there, and the lines of the text."""
    study_instance_uid = ""
    lines: list[str] = []
    for obx in segments:
        if obx.field(3).startswith(_STUDY[0]) and fields.code(obx, 3).scheme == _STUDY[2]:
            study_instance_uid = _study_instance_uid(obx)
        elif obx.field(2) in _TEXT_TYPES:
            lines += _lines(obx)
    if not lines:
        raise content_error("100", "OBX")
    return study_instance_uid, lines


def _lines(obx: Segment) -> Sequence[str]:
    """The repetitions of OBX-5; one empty line if there are none."""
    raw, mark = obx.field(5), obx.delimiters
    if mark.escape not in raw and mark.repetition not in raw:
        return [raw if raw != NULL else ""]
    count = raw.count(mark.repetition) + 1
    read = [obx.text(5, repetition) for repetition in range(1, count + 1)]
    return ["" if line == NULL else line for line in read]


def _study_instance_uid(obx: Segment) -> str:
    """An HD may hold it as namespace or, more rightly, as universal ID."""
    value = stated(said(obx, 5) or said(obx, 5, 2))
    try:
        return canonical.uid(value, "OBX-5") if value else ""
    except LocalProtocolError:
        raise content_error("102", "OBX-5") from None


def _reader(obr: Segment) -> PersonName:
    family, given, middle, suffix, prefix = (stated(obr.component(32, 1, 1, part)) for part in range(2, 7))
    try:
        return PersonName(family, given, middle, prefix, suffix)
    except LocalProtocolError:
        raise content_error("102", "OBR-32") from None

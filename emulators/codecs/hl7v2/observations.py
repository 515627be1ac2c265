"""OBX: the text of a report line by line, its addendum, and the study that it is about (7.4.2).

The Study Instance UID comes first, as an ST under ``113014^DICOM Study^DCM`` (HD is not in table 0125, but read too). Then
each line of the text is one OBX of type TX; an empty line has an empty OBX-5. The addendum follows in the same way, with the
suffix ADT in OBX-3 (7.2.4). OBX-4 counts the lines of both: it tells apart observations that share OBX-3 (7.4.2.4), so that no
receiver keeps only the last line, not even one that does not know the suffix.

Read as text, in the order in which they come: TX, FT and ST, where repetitions of OBX-5 and ``\\.br\\`` are line ends; of CE,
CWE and CNE the text, or else the code. ED and RP are documents, which follow the text. All other types are skipped. An
observation that is withdrawn (OBX-11 X, D or W) is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from emulators.codecs.hl7v2 import fields
from emulators.codecs.hl7v2.fields import said, stated
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.report import DOCUMENT_TYPES, RESULT_STATUSES, SHOWN, Document, Report
from emulators.wire.er7 import NULL, Component, Field, Row, Segment

WITHDRAWN = RESULT_STATUSES - SHOWN

Code = tuple[Component, ...]
"""OBX-3."""

_STUDY = ("113014", "DICOM Study", "DCM")
_ADDENDUM = "ADT"
_NARRATIVE: Code = ("18748-4", "Diagnostic imaging study", "LN")
_ADDED_NARRATIVE: Code = (("18748-4", _ADDENDUM), "Diagnostic imaging study", "LN")
_TEXT_TYPES = frozenset(("TX", "FT", "ST"))
_CODED_TYPES = frozenset(("CE", "CWE", "CNE"))

# --- writing -------------------------------------------------------------------------------------------------------------


def observation_rows(study_instance_uid: str, message: Report) -> Sequence[Row]:
    """The OBX of one order: its study if there is one, the text, one line at least, the addendum if there is one, documents."""
    report_text, addendum, status = message.text, message.addendum, message.status
    rows = [_observation(1, "ST", _STUDY, "1", study_instance_uid, status)] if study_instance_uid else []
    lines = [(_NARRATIVE, line) for line in report_text.split("\n")]
    if addendum:
        lines += [(_ADDED_NARRATIVE, line) for line in addendum.split("\n")]
    before = len(rows)
    for number, (code, line) in enumerate(lines, 1):
        # a line that is "" would delete; no text of ours has a space at the end of a line, so reading takes it off again
        value = line if line != NULL else NULL + " "
        rows.append(_observation(before + number, "TX", code, str(number), value, status))
    for number, one in enumerate(message.documents, len(lines) + 1):
        rows.append(_observation(before + number, one.value_type, one.observation, str(number), one.value, status))
    return rows


def _observation(number: int, value_type: str, code: Code, sub_id: str, value: Field, status: str) -> Row:
    """OBX (7.4.2): OBX-1 to OBX-5, and OBX-11."""
    return ["OBX", str(number), value_type, code, sub_id, value, "", "", "", "", "", status]


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Observations:
    """What the OBX of one order say. ``statuses`` are the OBX-11 of all text, of what is left out too."""

    study_instance_uid: str = ""
    lines: list[str] = field(default_factory=list)
    addendum: list[str] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    statuses: set[str] = field(default_factory=set)

    @property
    def texts(self) -> tuple[str, str]:
        """Text and addendum."""
        return "\n".join(self.lines), "\n".join(self.addendum)


def read_observations(segments: Sequence[Segment]) -> Observations:
    found = Observations()
    for obx in segments:
        code = obx.field(3)
        if code.startswith(_STUDY[0]) and fields.code(obx, 3).scheme == _STUDY[2]:
            found.study_instance_uid = _study_instance_uid(obx)
        elif obx.field(2) in DOCUMENT_TYPES:
            status = stated(obx.field(11))
            found.statuses.add(status)
            if status not in WITHDRAWN:
                found.documents.extend(_documents(obx))
        elif (lines := _lines(obx)) is not None:
            status = stated(obx.field(11))
            found.statuses.add(status)
            if status not in WITHDRAWN:
                is_addendum = _ADDENDUM in code and obx.component(3, 1, 1, 2) == _ADDENDUM
                (found.addendum if is_addendum else found.lines).extend(lines)
    return found


def _lines(obx: Segment) -> Sequence[str] | None:
    """Of a text, one for each repetition of OBX-5, and one empty line if there are none; None if it is no text."""
    value_type = obx.field(2)
    if value_type in _CODED_TYPES:
        return [*_coded_lines(obx)]
    if value_type not in _TEXT_TYPES:
        return None
    raw, mark = obx.field(5), obx.delimiters
    if mark.escape not in raw and mark.repetition not in raw:
        return [raw if raw != NULL else ""]
    count = raw.count(mark.repetition) + 1
    return [stated(obx.text(5, repetition)) for repetition in range(1, count + 1)]


def _documents(obx: Segment) -> Iterator[Document]:
    """One for each repetition of OBX-5."""
    observation = _said(obx.components(3)[:3]) or ("DOCUMENT",)
    try:
        for repetition in range(1, len(obx.repetitions(5)) + 1):
            value = _said(obx.components(5, repetition))
            if value:
                yield Document(obx.field(2), observation, value)
    except LocalProtocolError:
        raise content_error("102", "OBX-5") from None


def _said(parts: Sequence[str]) -> tuple[str, ...]:
    """Without null, and without what is empty at the end."""
    said = [stated(part) for part in parts]
    while said and not said[-1]:
        said.pop()
    return tuple(said)


def _coded_lines(obx: Segment) -> Iterator[str]:
    for repetition in range(1, len(obx.repetitions(5)) + 1):
        yield stated(obx.component(5, 2, repetition)) or stated(obx.component(5, 1, repetition))


def _study_instance_uid(obx: Segment) -> str:
    """An HD may hold it as namespace or, more rightly, as universal ID."""
    value = stated(said(obx, 5) or said(obx, 5, 2))
    try:
        return canonical.uid(value, "OBX-5") if value else ""
    except LocalProtocolError:
        raise content_error("102", "OBX-5") from None

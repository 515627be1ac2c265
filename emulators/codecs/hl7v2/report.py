"""ORU^R01: MSH PID {ORC OBR {OBX}} (7.3.1), one report per message, on one order or on several.

Each order has its group with the whole text, so that a receiver that files each OBR for itself has the text for each. Status,
reader and time are the same in all of them. Read, the text may stand in one group alone; groups that differ are several
reports, of which all but one would be lost: refused.

Status, OBR-25 held against the OBX-11 of the text (tables 0123 and 0085); an empty OBX-11 says nothing:

- OBR-25 X, D or W withdraws the report, whatever its text.
- All text X, D or W withdraws it too. Text that is so in part is left out.
- OBR-25 F or C over text that is F, C or both: C as soon as one of them is.
- Any other code, and any other disagreement, is refused with 103: never is a report taken as final that is not.

A report that is not withdrawn and has neither text nor documents is refused: 100 without OBX, 102 if there are only other
types. An addendum in an OBR of its own, behind that of the same order, is the addendum of the same report. The reader is
OBR-32.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulators.codecs.hl7v2 import fields, names
from emulators.codecs.hl7v2.fields import needed, present, text
from emulators.codecs.hl7v2.observations import WITHDRAWN, Observations, observation_rows, read_observations
from emulators.codecs.hl7v2.order_segments import accession_number, placer_number, procedure_code
from emulators.codecs.hl7v2.patients import patient, pid_row
from emulators.codecs.hl7v2.rejection import content_error
from emulators.core.instant import Stamp
from emulators.messages.report import RESULT_STATUSES, Report, ReportedOrder
from emulators.wire import er7
from emulators.wire.er7 import Field, Message, Row, Segment

_FINAL_OR_CORRECTED = frozenset("FC")

# --- writing -------------------------------------------------------------------------------------------------------------


def write_report(message: Report) -> Sequence[Row]:
    rows = [pid_row(message.patient)]
    for number, one in enumerate(message.orders, 1):
        rows += _order_rows(number, one, message)
        rows += observation_rows(one.study_instance_uid, message)
    return rows


def _order_rows(number: int, reported: ReportedOrder, message: Report) -> tuple[Row, Row]:
    placer, accession = reported.placer_order_number, present(reported.accession_number, "OBR-18")
    obr: dict[int, Field] = {
        1: str(number),
        2: placer,
        3: accession,
        4: fields.ce(reported.procedure, "OBR-4"),
        18: accession,
        22: message.reported_at,
        25: message.status,
        32: names.ndl(message.reader),
    }
    return er7.row("ORC", {1: "RE", 2: placer, 3: accession}), er7.row("OBR", obr)


# --- reading -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Group:
    """An OBR with its ORC, if there is one, and the OBX that follow it."""

    orc: Segment | None
    obr: Segment
    obx: list[Segment] = field(default_factory=list)


def read_report(message: Message, control_id: str, sent_at: Stamp) -> Report:
    groups, observed = _joined(_groups(message))
    statuses = {_status(group.obr, said) for group, said in zip(groups, observed, strict=True)}
    if len(statuses) > 1:
        raise content_error("207", "OBR-25")
    status, obr = statuses.pop(), groups[0].obr
    shown = [] if status in WITHDRAWN else observed
    report_text, addendum = _texts(shown, message) if shown else ("", "")
    return Report(
        control_id=control_id,
        sent_at=sent_at,
        patient=patient(message),
        orders=tuple(_order(group, said) for group, said in zip(groups, observed, strict=True)),
        status=status,
        text=report_text,
        reader=names.person_of_ndl(obr, 32),
        reported_at=fields.stamp(text(obr, 22), "OBR-22"),
        addendum=addendum,
        documents=tuple(dict.fromkeys(document for said in shown for document in said.documents)),
    )


def _groups(message: Message) -> Sequence[_Group]:
    found: list[_Group] = []
    orc: Segment | None = None  # whose OBR has not come yet
    for one in message.segments:
        name = one.name
        if name == "OBX" and found:
            found[-1].obx.append(one)
        elif name == "OBR":
            found.append(_Group(orc, one))
            orc = None
        elif name == "ORC":
            if orc is not None:
                raise content_error("100", "OBR")
            orc = one
    if orc is not None or not found:
        raise content_error("100", "OBR")
    return found


def _joined(groups: Sequence[_Group]) -> tuple[Sequence[_Group], Sequence[Observations]]:
    """The groups with what they say, an addendum of its own put to the text before it."""
    kept: list[_Group] = []
    observed: list[Observations] = []
    for group in groups:
        said = read_observations(group.obx)
        is_addendum = bool(said.addendum) and not said.lines and not said.documents
        if kept and is_addendum and not observed[-1].addendum and _named(group) == _named(kept[-1]):
            observed[-1].addendum.extend(said.addendum)
            observed[-1].statuses.update(said.statuses)
        else:
            kept.append(group)
            observed.append(said)
    return kept, observed


def _named(group: _Group) -> tuple[str, str, str]:
    """The order of a group, and its status."""
    return placer_number(group.orc, group.obr), accession_number(group.orc, group.obr), text(group.obr, 25)


def _order(group: _Group, observed: Observations) -> ReportedOrder:
    orc, obr = group.orc, group.obr
    return ReportedOrder(placer_number(orc, obr), accession_number(orc, obr), observed.study_instance_uid, procedure_code(obr))


def _status(obr: Segment, observed: Observations) -> str:
    status, said = needed(text(obr, 25), "OBR-25"), observed.statuses
    if status not in RESULT_STATUSES:
        raise content_error("103", "OBR-25")
    if status in WITHDRAWN:
        return status
    if said and said <= WITHDRAWN:
        return min(said)
    shown = said - WITHDRAWN - {""}
    if shown <= {status}:
        return status
    if status in _FINAL_OR_CORRECTED and shown <= _FINAL_OR_CORRECTED:
        return "C"
    raise content_error("103", "OBX-11")


def _texts(observed: Sequence[Observations], message: Message) -> tuple[str, str]:
    """Text and addendum, the same in each group that has any."""
    texts = {said.texts for said in observed if said.lines or said.addendum}
    if not texts and any(said.documents for said in observed):
        return "", ""
    if not texts:
        raise content_error("102", "OBX-2") if message.first("OBX") is not None else content_error("100", "OBX")
    if len(texts) > 1:
        raise content_error("207", "OBX-5")
    return texts.pop()

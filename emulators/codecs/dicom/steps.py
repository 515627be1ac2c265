"""Modality performed procedure steps (PS3.4 Annex F): StepStarted as N-CREATE, StepProgressed and StepEnded as N-SET.

==============================================  ======================================================================
N-SET                                           is read as
==============================================  ======================================================================
status absent, empty or IN PROGRESS             StepProgressed
COMPLETED, with an end and at least one series  StepEnded
DISCONTINUED                                    StepEnded; end and series as far as they are there
another status                                  refused, 0106H
==============================================  ======================================================================

The study that the images are in is the Study Instance UID of each item of the Scheduled Step Attributes Sequence (PS3.3
C.4.13). Where another one was scheduled (procedures done as one), it is the item's Referenced Study Sequence that says so.

What another maker said beyond a message's fields is kept in it, and sent on as it came (RAD-6 and RAD-7, PPS manager); binary
values other than US are sent on empty.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, StatusService
from emulators.codecs.dicom.uids import MODALITY_PERFORMED_PROCEDURE_STEP
from emulators.codecs.dicom.values import (
    code,
    code_items,
    da_tm,
    first_item,
    from_attributes,
    items,
    patient,
    patient_attributes,
    referenced,
    references,
    refused,
    require,
    stamp,
    text,
    to_attributes,
)
from emulators.core.errors import LocalProtocolError
from emulators.core.identity import uid
from emulators.messages import canonical
from emulators.messages.common import NO_CODE, Status
from emulators.messages.instance_set import NO_INSTANCES
from emulators.messages.steps import STEP_ENDINGS, PerformedSeries, ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.wire import commands
from emulators.wire.dimse import N_CREATE_RQ, N_SET_RQ, Command
from emulators.wire.status import INVALID_ATTRIBUTE_VALUE

IN_PROGRESS = "IN PROGRESS"
_STATUS = "PerformedProcedureStepStatus"
_DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"  # the SOP class of a Referenced Study Sequence; retired, and still what is written

# Type 1 of PS3.4 Table F.7.2-1: at N-CREATE, and what must have a value once the step is completed.
_TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    _STATUS,
    "Modality",
)
_TYPE_1_AT_END = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", "PerformedSeriesSequence")
_TYPE_1_OF_SERIES = ("ProtocolName", "SeriesInstanceUID")
_NAMES_A_STEP = (
    "PerformedStationAETitle",
    "PerformedProcedureStepID",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)

# Type 2 of the same table, as far as we know nothing of it at N-CREATE; and the reason, since only what was created may be set.
_EMPTY_AT_START: DataSet = {
    "ReferencedPatientSequence": [],
    "PerformedStationName": "",
    "PerformedLocation": "",
    "PerformedProcedureTypeDescription": "",
    "PerformedProcedureStepEndDate": "",
    "PerformedProcedureStepEndTime": "",
    "PerformedProcedureStepDiscontinuationReasonCodeSequence": [],
    "StudyID": "",
    "PerformedSeriesSequence": [],
}
_EMPTY_IN_SERIES: DataSet = {
    "PerformingPhysicianName": "",
    "OperatorsName": "",
    "SeriesDescription": "",
    "RetrieveAETitle": "",
}
_Step = TypeVar("_Step", StepStarted, StepProgressed, StepEnded)
_NOTHING_SCHEDULED = ScheduledReference("", "", "", "", "", NO_CODE, NO_CODE)

# Storage SOP classes that are referenced as composite objects other than images: presentation states, structured reports,
# waveforms, raw data, encapsulated documents.
_NON_IMAGES = tuple(f"1.2.840.10008.5.1.4.1.1.{branch}" for branch in ("9.", "11.", "66", "88.", "104."))


class StepStartedService(StatusService):
    """An N-CREATE without Affected SOP Instance UID gets one from us (PS3.7 10.1.5.1.3), the same if it is repeated."""

    message_type = StepStarted
    sop_class_uid = MODALITY_PERFORMED_PROCEDURE_STEP
    command_field = N_CREATE_RQ
    invalid_value = INVALID_ATTRIBUTE_VALUE

    def encode_request(self, message: StepStarted, message_id: int) -> Encoded:
        dataset = from_attributes(message.as_it_came) or _started(message)
        return commands.n_create_rq(message_id, self.sop_class_uid, message.mpps_uid), dataset

    def decode_request(self, command: Command, dataset: DataSet) -> StepStarted:
        """What names no step or request is an unscheduled exam's: it has one item with values that are empty."""
        require(dataset, _TYPE_1)
        if text(dataset, _STATUS) != IN_PROGRESS:
            raise refused(INVALID_ATTRIBUTE_VALUE, f"{_STATUS} is not IN PROGRESS", _STATUS)
        scheduled = items(dataset, "ScheduledStepAttributesSequence")
        performed = dataset if len(scheduled) == 1 else {}
        message = StepStarted(
            mpps_uid=command.sop_instance_uid or _assigned_uid(dataset),
            patient=patient(dataset),
            scheduled=tuple(_reference(item, performed) for item in scheduled),
            study_instance_uid=text(scheduled[0], "StudyInstanceUID"),
            modality=text(dataset, "Modality"),
            station_ae_title=text(dataset, "PerformedStationAETitle"),
            performed_step_id=text(dataset, "PerformedProcedureStepID"),
            description=text(dataset, "PerformedProcedureStepDescription"),
            started_at=stamp(
                text(dataset, "PerformedProcedureStepStartDate"), text(dataset, "PerformedProcedureStepStartTime")
            ),
        )
        return _with_the_rest(message, dataset, _started)

    def encode_answer(self, answer: Status, request: Command, requested: DataSet, retrieve_ae_title: str) -> Iterator[Encoded]:
        assigned = None if request.sop_instance_uid else _assigned_uid(requested)
        comment, error_id = answer.comment, answer.error_id
        yield commands.response(request, answer.code, sop_instance_uid=assigned, error_comment=comment, error_id=error_id), None


def _started(message: StepStarted) -> DataSet:
    start_date, start_time = da_tm(message.started_at)
    scheduled = message.scheduled or (_NOTHING_SCHEDULED,)
    procedure = scheduled[0].procedure if len(scheduled) == 1 else NO_CODE
    dataset: DataSet = {
        **_EMPTY_AT_START,
        **patient_attributes(message.patient),
        "ScheduledStepAttributesSequence": [_scheduled_step(one, message.study_instance_uid) for one in scheduled],
        "PerformedProcedureStepID": message.performed_step_id,
        "PerformedStationAETitle": message.station_ae_title,
        "PerformedProcedureStepStartDate": start_date,
        "PerformedProcedureStepStartTime": start_time,
        _STATUS: IN_PROGRESS,
        "PerformedProcedureStepDescription": message.description,
        "ProcedureCodeSequence": code_items(procedure),
        "Modality": message.modality,
        "PerformedProtocolCodeSequence": [item for one in scheduled for item in code_items(one.protocol)],
    }
    _require_ours(dataset, _TYPE_1)
    return dataset


def _with_the_rest(message: _Step, dataset: DataSet, write: Callable[[_Step], DataSet]) -> _Step:
    """The message, with the whole data set where that is another one than we would write."""
    with suppress(LocalProtocolError):
        if write(message) == dataset:
            return message
    return replace(message, as_it_came=to_attributes(dataset))


def _scheduled_step(reference: ScheduledReference, study_instance_uid: str) -> DataSet:
    scheduled_study = reference.study_instance_uid
    other_study = scheduled_study if scheduled_study != study_instance_uid else ""
    study: DataSet = {"ReferencedSOPClassUID": _DETACHED_STUDY, "ReferencedSOPInstanceUID": other_study}
    return {
        "StudyInstanceUID": study_instance_uid,
        "ReferencedStudySequence": [study] if other_study else [],
        "AccessionNumber": reference.accession_number,
        "PlacerOrderNumberImagingServiceRequest": reference.placer_order_number,
        "RequestedProcedureID": reference.requested_procedure_id,
        "RequestedProcedureCodeSequence": code_items(reference.procedure),
        "RequestedProcedureDescription": reference.procedure.meaning,
        "ScheduledProcedureStepID": reference.step_id,
        "ScheduledProcedureStepDescription": reference.protocol.meaning,
        "ScheduledProtocolCodeSequence": code_items(reference.protocol),
    }


def _reference(item: DataSet, performed: DataSet) -> ScheduledReference:
    """``performed`` holds the codes of what was done, which stand for those that the item lacks."""
    require(item, ("StudyInstanceUID",))
    procedure = items(item, "RequestedProcedureCodeSequence") or items(performed, "ProcedureCodeSequence")
    protocol = items(item, "ScheduledProtocolCodeSequence") or items(performed, "PerformedProtocolCodeSequence")
    scheduled_study = text(first_item(item, "ReferencedStudySequence"), "ReferencedSOPInstanceUID")
    return ScheduledReference(
        accession_number=text(item, "AccessionNumber"),
        study_instance_uid=scheduled_study or text(item, "StudyInstanceUID"),
        placer_order_number=text(item, "PlacerOrderNumberImagingServiceRequest"),
        requested_procedure_id=text(item, "RequestedProcedureID"),
        step_id=text(item, "ScheduledProcedureStepID"),
        procedure=code(procedure, text(item, "RequestedProcedureDescription")),
        protocol=code(protocol, text(item, "ScheduledProcedureStepDescription")),
    )


def _assigned_uid(dataset: DataSet) -> str:
    """The UID of a step whose performer gave it none: of a step ID that this station started at this time."""
    return uid("assigned step", "/".join(text(dataset, keyword) for keyword in _NAMES_A_STEP))


# --- N-SET -------------------------------------------------------------------------------------------------------------


class _StepSetService(StatusService):
    """Both messages come as the same request, so that either service reads either of them."""

    sop_class_uid = MODALITY_PERFORMED_PROCEDURE_STEP
    command_field = N_SET_RQ
    invalid_value = INVALID_ATTRIBUTE_VALUE

    def decode_request(self, command: Command, dataset: DataSet) -> StepProgressed | StepEnded:
        mpps_uid = canonical.uid(command.sop_instance_uid, "RequestedSOPInstanceUID")
        status = text(dataset, _STATUS)
        if status in ("", IN_PROGRESS):
            return _with_the_rest(StepProgressed(mpps_uid, _series(dataset)), dataset, _progressed)
        if status not in STEP_ENDINGS:
            raise refused(INVALID_ATTRIBUTE_VALUE, f"{_STATUS} is no status of a performed step", _STATUS)
        if status == "COMPLETED":
            said_before = "PerformedSeriesSequence" not in dataset  # in an earlier N-SET: whoever keeps the step knows
            require(dataset, _TYPE_1_AT_END[:2] if said_before else _TYPE_1_AT_END)
        ended_at = stamp(text(dataset, "PerformedProcedureStepEndDate"), text(dataset, "PerformedProcedureStepEndTime"))
        reason = items(dataset, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
        message = StepEnded(mpps_uid, ended_at, _series(dataset), status, code(reason, description=""))
        return _with_the_rest(message, dataset, _ended)


class StepProgressedService(_StepSetService):
    message_type = StepProgressed

    def encode_request(self, message: StepProgressed, message_id: int) -> Encoded:
        dataset = from_attributes(message.as_it_came) or _progressed(message)
        return commands.n_set_rq(message_id, self.sop_class_uid, message.mpps_uid), dataset


class StepEndedService(_StepSetService):
    message_type = StepEnded

    def encode_request(self, message: StepEnded, message_id: int) -> Encoded:
        dataset = from_attributes(message.as_it_came) or _ended(message)
        return commands.n_set_rq(message_id, self.sop_class_uid, message.mpps_uid), dataset


def _progressed(message: StepProgressed) -> DataSet:
    dataset: DataSet = {_STATUS: IN_PROGRESS}
    if message.series:
        dataset["PerformedSeriesSequence"] = _series_items(message.series)
    return dataset


def _ended(message: StepEnded) -> DataSet:
    end_date, end_time = da_tm(message.ended_at)
    dataset: DataSet = {
        _STATUS: message.status,
        "PerformedProcedureStepEndDate": end_date,
        "PerformedProcedureStepEndTime": end_time,
        "PerformedSeriesSequence": _series_items(message.series),
    }
    if message.status == "COMPLETED":
        _require_ours(dataset, _TYPE_1_AT_END)
    if message.reason != NO_CODE:
        dataset["PerformedProcedureStepDiscontinuationReasonCodeSequence"] = code_items(message.reason)
    return dataset


def _series_items(series: tuple[PerformedSeries, ...]) -> list[DataSet]:
    """An item per series, with the instances of all its SOP classes."""
    found: dict[str, DataSet] = {}
    for one in series:
        item = found.setdefault(one.series_instance_uid, _series_item(one))
        sequence = "ReferencedImageSequence"
        if one.sop_class_uid.startswith(_NON_IMAGES):
            sequence = "ReferencedNonImageCompositeSOPInstanceSequence"
        item[sequence] = [*items(item, sequence), *references(one.sop_class_uid, one.instances)]
    return list(found.values())


def _series_item(series: PerformedSeries) -> DataSet:
    item: DataSet = {
        **_EMPTY_IN_SERIES,
        "ProtocolName": series.protocol_name,
        "SeriesInstanceUID": series.series_instance_uid,
        "ReferencedImageSequence": [],
        "ReferencedNonImageCompositeSOPInstanceSequence": [],
    }
    _require_ours(item, _TYPE_1_OF_SERIES)
    return item


def _series(dataset: DataSet) -> tuple[PerformedSeries, ...]:
    """One per series and SOP class, images first."""
    found = []
    for item in items(dataset, "PerformedSeriesSequence"):
        require(item, _TYPE_1_OF_SERIES)
        non_images = items(item, "ReferencedNonImageCompositeSOPInstanceSequence")
        made = referenced([*items(item, "ReferencedImageSequence"), *non_images]) or {"": NO_INSTANCES}
        named = text(item, "SeriesInstanceUID"), text(item, "ProtocolName")
        found += [PerformedSeries(named[0], sop_class_uid, named[1], made[sop_class_uid]) for sop_class_uid in made]
    return tuple(found)


def _require_ours(dataset: DataSet, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if not dataset[keyword]:
            raise LocalProtocolError(f"{keyword} has no value, and must have one (PS3.4 Table F.7.2-1)")

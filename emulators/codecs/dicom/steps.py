"""Modality performed procedure steps (PS3.4 Annex F): StepStarted as N-CREATE, StepEnded as N-SET."""

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, StatusService
from emulators.codecs.dicom.uids import MODALITY_PERFORMED_PROCEDURE_STEP
from emulators.codecs.dicom.values import (
    code,
    code_items,
    da_tm,
    first_item,
    items,
    patient,
    patient_attributes,
    referenced,
    references,
    refused,
    require,
    stamp,
    text,
)
from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.imaging import StepEnded, StepStarted
from emulators.wire import commands
from emulators.wire.dimse import N_CREATE_RQ, N_SET_RQ, Command
from emulators.wire.status import INVALID_ATTRIBUTE_VALUE, INVALID_OBJECT_INSTANCE, PROCESSING_FAILURE

# Type 1 of PS3.4 Table F.7.2-1: at N-CREATE, and what must have a value once the step is over.
_TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
_TYPE_1_AT_END = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", "PerformedSeriesSequence")

# Type 2 of the same table, as far as we know nothing of it at N-CREATE.
_EMPTY_AT_START: DataSet = {
    "ReferencedPatientSequence": [],
    "PerformedStationName": "",
    "PerformedLocation": "",
    "PerformedProcedureTypeDescription": "",
    "PerformedProcedureStepEndDate": "",
    "PerformedProcedureStepEndTime": "",
    "StudyID": "",
    "PerformedSeriesSequence": [],
}
_EMPTY_IN_SERIES: DataSet = {
    "PerformingPhysicianName": "",
    "OperatorsName": "",
    "SeriesDescription": "",
    "RetrieveAETitle": "",
    "ReferencedNonImageCompositeSOPInstanceSequence": [],
}


class StepStartedService(StatusService):
    message_type = StepStarted
    sop_class_uid = MODALITY_PERFORMED_PROCEDURE_STEP
    command_field = N_CREATE_RQ
    invalid_value = INVALID_ATTRIBUTE_VALUE

    def encode_request(self, message: StepStarted, message_id: int) -> Encoded:
        start_date, start_time = da_tm(message.started_at)
        dataset: DataSet = {
            **_EMPTY_AT_START,
            **patient_attributes(message.patient),
            "ScheduledStepAttributesSequence": [_scheduled_step(message)],
            "PerformedProcedureStepID": message.performed_step_id,
            "PerformedStationAETitle": message.station_ae_title,
            "PerformedProcedureStepStartDate": start_date,
            "PerformedProcedureStepStartTime": start_time,
            "PerformedProcedureStepStatus": "IN PROGRESS",
            "PerformedProcedureStepDescription": message.procedure.meaning,
            "ProcedureCodeSequence": code_items(message.procedure),
            "Modality": message.modality,
            "PerformedProtocolCodeSequence": code_items(message.protocol),
        }
        _require_ours(dataset, _TYPE_1)
        return commands.n_create_rq(message_id, self.sop_class_uid, message.mpps_uid), dataset

    def decode_request(self, command: Command, dataset: DataSet) -> StepStarted:
        if not command.sop_instance_uid:
            raise refused(INVALID_OBJECT_INSTANCE, "an N-CREATE without Affected SOP Instance UID is not supported")
        require(dataset, _TYPE_1)
        if text(dataset, "PerformedProcedureStepStatus") != "IN PROGRESS":
            raise refused(INVALID_ATTRIBUTE_VALUE, "PerformedProcedureStepStatus is not IN PROGRESS")
        scheduled_steps = items(dataset, "ScheduledStepAttributesSequence")
        if len(scheduled_steps) > 1:
            raise refused(PROCESSING_FAILURE, "a performed step for several scheduled ones is not supported")
        scheduled = scheduled_steps[0]
        require(scheduled, ("StudyInstanceUID",))
        procedure = items(scheduled, "RequestedProcedureCodeSequence") or items(dataset, "ProcedureCodeSequence")
        protocol = items(scheduled, "ScheduledProtocolCodeSequence") or items(dataset, "PerformedProtocolCodeSequence")
        return StepStarted(
            mpps_uid=command.sop_instance_uid,
            patient=patient(dataset),
            accession_number=text(scheduled, "AccessionNumber"),
            study_instance_uid=text(scheduled, "StudyInstanceUID"),
            placer_order_number=text(scheduled, "PlacerOrderNumberImagingServiceRequest"),
            requested_procedure_id=text(scheduled, "RequestedProcedureID"),
            step_id=text(scheduled, "ScheduledProcedureStepID"),
            procedure=code(procedure, text(scheduled, "RequestedProcedureDescription")),
            protocol=code(protocol, text(scheduled, "ScheduledProcedureStepDescription")),
            modality=text(dataset, "Modality"),
            station_ae_title=text(dataset, "PerformedStationAETitle"),
            performed_step_id=text(dataset, "PerformedProcedureStepID"),
            started_at=stamp(
                text(dataset, "PerformedProcedureStepStartDate"), text(dataset, "PerformedProcedureStepStartTime")
            ),
        )


def _scheduled_step(message: StepStarted) -> DataSet:
    return {
        "StudyInstanceUID": message.study_instance_uid,
        "ReferencedStudySequence": [],
        "AccessionNumber": message.accession_number,
        "PlacerOrderNumberImagingServiceRequest": message.placer_order_number,
        "RequestedProcedureID": message.requested_procedure_id,
        "RequestedProcedureCodeSequence": code_items(message.procedure),
        "RequestedProcedureDescription": message.procedure.meaning,
        "ScheduledProcedureStepID": message.step_id,
        "ScheduledProcedureStepDescription": message.protocol.meaning,
        "ScheduledProtocolCodeSequence": code_items(message.protocol),
    }


class StepEndedService(StatusService):
    message_type = StepEnded
    sop_class_uid = MODALITY_PERFORMED_PROCEDURE_STEP
    command_field = N_SET_RQ
    invalid_value = INVALID_ATTRIBUTE_VALUE

    def encode_request(self, message: StepEnded, message_id: int) -> Encoded:
        end_date, end_time = da_tm(message.ended_at)
        series: DataSet = {
            **_EMPTY_IN_SERIES,
            "ProtocolName": message.protocol_name,
            "SeriesInstanceUID": message.series_instance_uid,
            "ReferencedImageSequence": references(message.sop_class_uid, message.instances),
        }
        dataset: DataSet = {
            "PerformedProcedureStepStatus": "COMPLETED",
            "PerformedProcedureStepEndDate": end_date,
            "PerformedProcedureStepEndTime": end_time,
            "PerformedSeriesSequence": [series],
        }
        _require_ours(dataset, _TYPE_1_AT_END)
        _require_ours(series, ("ProtocolName", "SeriesInstanceUID", "ReferencedImageSequence"))
        return commands.n_set_rq(message_id, self.sop_class_uid, message.mpps_uid), dataset

    def decode_request(self, command: Command, dataset: DataSet) -> StepEnded:
        """Only what a StepEnded can say: COMPLETED, one series, instances of one SOP class."""
        require(dataset, ("PerformedProcedureStepStatus",))
        if text(dataset, "PerformedProcedureStepStatus") != "COMPLETED":
            raise refused(PROCESSING_FAILURE, "an N-SET to another status than COMPLETED is not supported")
        require(dataset, _TYPE_1_AT_END)
        if len(items(dataset, "PerformedSeriesSequence")) > 1:
            raise refused(PROCESSING_FAILURE, "a performed step of more than one series is not supported")
        series = first_item(dataset, "PerformedSeriesSequence")
        require(series, ("ProtocolName", "SeriesInstanceUID"))
        non_images = items(series, "ReferencedNonImageCompositeSOPInstanceSequence")
        sop_class_uid, instances = referenced([*items(series, "ReferencedImageSequence"), *non_images])
        if not instances:
            raise refused(PROCESSING_FAILURE, "a performed series without instances is not supported")
        return StepEnded(
            mpps_uid=canonical.uid(command.sop_instance_uid, "RequestedSOPInstanceUID"),
            ended_at=stamp(text(dataset, "PerformedProcedureStepEndDate"), text(dataset, "PerformedProcedureStepEndTime")),
            series_instance_uid=text(series, "SeriesInstanceUID"),
            sop_class_uid=sop_class_uid,
            protocol_name=text(series, "ProtocolName"),
            instances=instances,
        )


def _require_ours(dataset: DataSet, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if not dataset[keyword]:
            raise LocalProtocolError(f"{keyword} has no value, and must have one (PS3.4 Table F.7.2-1)")

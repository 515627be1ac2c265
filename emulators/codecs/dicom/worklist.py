"""The modality worklist (PS3.4 Annex K): WorklistQuery as a C-FIND identifier, WorklistItem as the identifier of a response.

A query asks for every type 1 and 2 return key of Table K.6-1, and for those of type 3 that a WorklistItem holds. What we know
nothing of (weight, alerts, ...) is returned empty when it is asked for.
"""

from collections.abc import Iterator, Sequence

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, Received, final, find_responses, matching_key
from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND
from emulators.codecs.dicom.values import (
    code,
    code_items,
    da_tm,
    dates,
    first_item,
    items,
    name_group,
    patient,
    patient_attributes,
    person_name,
    pn,
    refused,
    stamp,
    text,
    times,
)
from emulators.core.errors import RemoteProtocolError
from emulators.messages.orders import ScheduledProcedure
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery
from emulators.wire import commands
from emulators.wire.dimse import C_FIND_RQ, Command
from emulators.wire.status import DATA_SET_DOES_NOT_MATCH_SOP_CLASS, status_class

_CODE_KEYS: DataSet = {"CodeValue": "", "CodingSchemeDesignator": "", "CodeMeaning": ""}
_REFERENCE_KEYS: DataSet = {"ReferencedSOPClassUID": "", "ReferencedSOPInstanceUID": ""}

_STEP_KEYS: DataSet = {
    "Modality": "",
    "RequestedContrastAgent": "",
    "ScheduledStationAETitle": "",
    "ScheduledProcedureStepStartDate": "",
    "ScheduledProcedureStepStartTime": "",
    "ScheduledPerformingPhysicianName": "",
    "ScheduledProcedureStepDescription": "",
    "ScheduledProtocolCodeSequence": [_CODE_KEYS],
    "ScheduledProcedureStepID": "",
    "ScheduledStationName": "",
    "ScheduledProcedureStepLocation": "",
    "PreMedication": "",
}
_KEYS: DataSet = {
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "ReferencedStudySequence": [_REFERENCE_KEYS],
    "ReferencedPatientSequence": [_REFERENCE_KEYS],
    "PatientName": "",
    "PatientID": "",
    "IssuerOfPatientID": "",
    "PatientBirthDate": "",
    "PatientSex": "",
    "PatientWeight": "",
    "MedicalAlerts": "",
    "Allergies": "",
    "PregnancyStatus": "",
    "StudyInstanceUID": "",
    "RequestingPhysician": "",
    "RequestedProcedureDescription": "",
    "RequestedProcedureCodeSequence": [_CODE_KEYS],
    "AdmissionID": "",
    "SpecialNeeds": "",
    "CurrentPatientLocation": "",
    "PatientState": "",
    "ScheduledProcedureStepSequence": [_STEP_KEYS],
    "RequestedProcedureID": "",
    "ReasonForTheRequestedProcedure": "",
    "RequestedProcedurePriority": "",
    "PatientTransportArrangements": "",
    "PlacerOrderNumberImagingServiceRequest": "",
    "ConfidentialityConstraintOnPatientDataDescription": "",
}
_NOTHING_KNOWN: DataSet = {**_KEYS, "ReferencedStudySequence": [], "ReferencedPatientSequence": []}
_MATCHING_KEYS = frozenset(
    (
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledPerformingPhysicianName",
        "PatientName",
        "PatientID",
        "AccessionNumber",
    )
)
_STATUS_KEY: DataSet = {"ScheduledProcedureStepStatus": ""}  # type 3: not known here, so not asked for, but no surprise
_SUPPORTED_KEYS: DataSet = {**_KEYS, "ScheduledProcedureStepSequence": [{**_STEP_KEYS, **_STATUS_KEY}]}

# RequestedProcedurePriority has five terms (PS3.3 C.4.11), an order two: what is urgent must not be taken for routine.
_URGENT = frozenset(("STAT", "HIGH"))


class WorklistService:
    message_type = WorklistQuery
    sop_class_uid = MODALITY_WORKLIST_FIND
    command_field = C_FIND_RQ
    invalid_value = DATA_SET_DOES_NOT_MATCH_SOP_CLASS

    def encode_request(self, message: WorklistQuery, message_id: int) -> Encoded:
        step: DataSet = {
            **_STEP_KEYS,
            "Modality": message.modality,
            "ScheduledStationAETitle": message.station_ae_title,
            "ScheduledProcedureStepStartDate": message.start_date,
            "ScheduledProcedureStepStartTime": message.start_time,
            "ScheduledPerformingPhysicianName": message.performing_physician,
        }
        identifier: DataSet = {
            **_KEYS,
            "AccessionNumber": message.accession_number,
            "PatientName": message.patient_name,
            "PatientID": message.patient_id,
            "ScheduledProcedureStepSequence": [step],
        }
        return commands.c_find_rq(message_id, self.sop_class_uid), identifier

    def decode_request(self, command: Command, dataset: DataSet) -> WorklistQuery:
        """An absent step sequence, and one without an item, match every step; more than one item is refused (K.6.1.2.2)."""
        if len(items(dataset, "ScheduledProcedureStepSequence")) > 1:
            raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, "ScheduledProcedureStepSequence holds more than one item")
        step = first_item(dataset, "ScheduledProcedureStepSequence")
        return WorklistQuery(
            station_ae_title=matching_key(step, "ScheduledStationAETitle"),
            start_date=dates(matching_key(step, "ScheduledProcedureStepStartDate")),
            start_time=times(matching_key(step, "ScheduledProcedureStepStartTime")),
            modality=matching_key(step, "Modality"),
            performing_physician=name_group(matching_key(step, "ScheduledPerformingPhysicianName")),
            patient_name=name_group(matching_key(dataset, "PatientName")),
            patient_id=matching_key(dataset, "PatientID"),
            accession_number=matching_key(dataset, "AccessionNumber"),
        )

    def encode_answer(
        self, answer: WorklistItems, request: Command, requested: DataSet, retrieve_ae_title: str
    ) -> Iterator[Encoded]:
        matches = map(_identifier, answer.items)
        return find_responses(request, requested, matches, answer.status, _SUPPORTED_KEYS, _MATCHING_KEYS)

    def decode_answer(self, responses: Sequence[Received]) -> WorklistItems:
        status = final(responses).status
        found = [_item(dataset) for command, dataset in responses if status_class(command.status) == "pending"]
        return WorklistItems(tuple(found), status)


def _identifier(item: WorklistItem) -> DataSet:
    """Everything that the worklist says of one step."""
    scheduled = item.scheduled
    start_date, start_time = da_tm(scheduled.start)
    step: DataSet = {
        **_STEP_KEYS,
        "Modality": item.modality,
        "ScheduledStationAETitle": scheduled.station_ae_title,
        "ScheduledProcedureStepStartDate": start_date,
        "ScheduledProcedureStepStartTime": start_time,
        "ScheduledProcedureStepDescription": scheduled.protocol.meaning,
        "ScheduledProtocolCodeSequence": code_items(scheduled.protocol),
        "ScheduledProcedureStepID": scheduled.step_id,
    }
    return {
        **_NOTHING_KNOWN,
        **patient_attributes(item.patient),
        "AccessionNumber": scheduled.accession_number,
        "ReferringPhysicianName": pn(item.referring_physician),
        "StudyInstanceUID": scheduled.study_instance_uid,
        "RequestingPhysician": pn(item.requesting_physician),
        "RequestedProcedureDescription": item.procedure.meaning,
        "RequestedProcedureCodeSequence": code_items(item.procedure),
        "AdmissionID": item.admission_id,
        "CurrentPatientLocation": item.location,
        "ScheduledProcedureStepSequence": [step],
        "RequestedProcedureID": scheduled.requested_procedure_id,
        "ReasonForTheRequestedProcedure": item.reason,
        "RequestedProcedurePriority": item.priority,
        "PlacerOrderNumberImagingServiceRequest": item.placer_order_number,
    }


def _item(dataset: DataSet) -> WorklistItem:
    steps = items(dataset, "ScheduledProcedureStepSequence")
    if len(steps) != 1:
        raise RemoteProtocolError("a worklist item has not one step in its ScheduledProcedureStepSequence")
    return WorklistItem(
        patient=patient(dataset),
        admission_id=text(dataset, "AdmissionID"),
        location=text(dataset, "CurrentPatientLocation"),
        referring_physician=person_name(text(dataset, "ReferringPhysicianName")),
        requesting_physician=person_name(text(dataset, "RequestingPhysician")),
        placer_order_number=text(dataset, "PlacerOrderNumberImagingServiceRequest"),
        reason=text(dataset, "ReasonForTheRequestedProcedure"),
        priority="STAT" if text(dataset, "RequestedProcedurePriority") in _URGENT else "ROUTINE",
        procedure=code(
            items(dataset, "RequestedProcedureCodeSequence"), description=text(dataset, "RequestedProcedureDescription")
        ),
        modality=text(steps[0], "Modality"),
        scheduled=_scheduled(dataset, steps[0]),
    )


def _scheduled(dataset: DataSet, step: DataSet) -> ScheduledProcedure:
    start = stamp(text(step, "ScheduledProcedureStepStartDate"), text(step, "ScheduledProcedureStepStartTime"))
    description = text(step, "ScheduledProcedureStepDescription")
    return ScheduledProcedure(
        accession_number=text(dataset, "AccessionNumber"),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        requested_procedure_id=text(dataset, "RequestedProcedureID"),
        step_id=text(step, "ScheduledProcedureStepID"),
        protocol=code(items(step, "ScheduledProtocolCodeSequence"), description),
        station_ae_title=text(step, "ScheduledStationAETitle"),
        start=start,
    )

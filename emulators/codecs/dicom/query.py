"""Query and retrieve at the study root (PS3.4 Annex C): C-FIND and C-MOVE at STUDY level."""

from collections.abc import Iterator, Sequence

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, Received, final, find_responses, matching_key
from emulators.codecs.dicom.uids import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from emulators.codecs.dicom.values import (
    da_tm,
    dates,
    patient,
    patient_attributes,
    refused,
    stamp,
    text,
    values,
)
from emulators.core.errors import RemoteProtocolError
from emulators.messages import canonical
from emulators.messages.imaging import from_uids
from emulators.messages.query import FindStudies, MoveResult, MoveStudy, StudiesFound, StudyMatch
from emulators.wire import commands
from emulators.wire.commands import SubOperations
from emulators.wire.dimse import C_FIND_RQ, C_MOVE_RQ, Command
from emulators.wire.status import DATA_SET_DOES_NOT_MATCH_SOP_CLASS, status_class

_KEYS: DataSet = {
    "StudyDate": "",
    "StudyTime": "",
    "AccessionNumber": "",
    "ModalitiesInStudy": "",
    "StudyDescription": "",
    "PatientName": "",
    "PatientID": "",
    "IssuerOfPatientID": "",
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyInstanceUID": "",
    "StudyID": "",
    "NumberOfStudyRelatedInstances": "",
}
_SUPPORTED_KEYS: DataSet = {**_KEYS, "InstanceAvailability": ""}
_MATCHING_KEYS = frozenset(("PatientID", "AccessionNumber", "StudyInstanceUID", "ModalitiesInStudy", "StudyDate"))


class FindService:
    message_type = FindStudies
    sop_class_uid = STUDY_ROOT_FIND
    command_field = C_FIND_RQ
    invalid_value = DATA_SET_DOES_NOT_MATCH_SOP_CLASS

    def encode_request(self, message: FindStudies, message_id: int) -> Encoded:
        identifier: DataSet = {
            **_KEYS,
            "QueryRetrieveLevel": "STUDY",
            "StudyDate": message.study_date,
            "AccessionNumber": message.accession_number,
            "ModalitiesInStudy": message.modality,
            "PatientID": message.patient_id,
            "StudyInstanceUID": message.study_instance_uid,
        }
        return commands.c_find_rq(message_id, self.sop_class_uid), identifier

    def decode_request(self, command: Command, dataset: DataSet) -> FindStudies:
        _require_study_level(dataset)
        return FindStudies(
            patient_id=matching_key(dataset, "PatientID"),
            accession_number=matching_key(dataset, "AccessionNumber"),
            study_instance_uid=matching_key(dataset, "StudyInstanceUID"),
            modality=matching_key(dataset, "ModalitiesInStudy"),
            study_date=dates(matching_key(dataset, "StudyDate")),
        )

    def encode_answer(
        self, answer: StudiesFound, request: Command, requested: DataSet, retrieve_ae_title: str
    ) -> Iterator[Encoded]:
        """Level and Retrieve AE Title are returned whether asked for or not (PS3.4 C.4.1.1.3.2)."""
        always: DataSet = {"QueryRetrieveLevel": "STUDY"}
        if retrieve_ae_title:
            always["RetrieveAETitle"] = retrieve_ae_title
        matches = map(_identifier, answer.studies)
        for command, dataset in find_responses(request, requested, matches, answer.status, _SUPPORTED_KEYS, _MATCHING_KEYS):
            yield command, None if dataset is None else {**dataset, **always}

    def decode_answer(self, responses: Sequence[Received]) -> StudiesFound:
        status = final(responses).status
        found = [_match(dataset) for command, dataset in responses if status_class(command.status) == "pending"]
        return StudiesFound(tuple(found), status)


def _require_study_level(dataset: DataSet) -> None:
    level = text(dataset, "QueryRetrieveLevel")
    if level != "STUDY":
        raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, "QueryRetrieveLevel is not STUDY, the one that is supported")


def _identifier(match: StudyMatch) -> DataSet:
    date, time = da_tm(match.study_at)
    return {
        **_KEYS,
        **patient_attributes(match.patient),
        "StudyDate": date,
        "StudyTime": time,
        "AccessionNumber": match.accession_number,
        "InstanceAvailability": "ONLINE",
        "ModalitiesInStudy": match.modality,
        "StudyDescription": match.description,
        "StudyInstanceUID": match.study_instance_uid,
        "NumberOfStudyRelatedInstances": str(match.instances),
    }


def _match(dataset: DataSet) -> StudyMatch:
    """Of several modalities the first. An archive that does not count gives 0 instances."""
    count = text(dataset, "NumberOfStudyRelatedInstances") or "0"
    if len(count) > 12 or not (count.isascii() and count.isdecimal()):
        raise RemoteProtocolError("NumberOfStudyRelatedInstances is not a number")
    return StudyMatch(
        patient=patient(dataset),
        study_instance_uid=text(dataset, "StudyInstanceUID"),
        accession_number=text(dataset, "AccessionNumber"),
        study_at=stamp(text(dataset, "StudyDate"), text(dataset, "StudyTime")),
        modality=text(dataset, "ModalitiesInStudy"),
        description=text(dataset, "StudyDescription"),
        instances=int(count),
    )


class MoveService:
    message_type = MoveStudy
    sop_class_uid = STUDY_ROOT_MOVE
    command_field = C_MOVE_RQ
    invalid_value = DATA_SET_DOES_NOT_MATCH_SOP_CLASS

    def encode_request(self, message: MoveStudy, message_id: int) -> Encoded:
        """The identifier holds unique keys only (PS3.4 C.4.2.1.4.1)."""
        identifier: DataSet = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": message.study_instance_uid}
        return commands.c_move_rq(message_id, self.sop_class_uid, message.destination), identifier

    def decode_request(self, command: Command, dataset: DataSet) -> MoveStudy:
        _require_study_level(dataset)
        study = canonical.uid(matching_key(dataset, "StudyInstanceUID"), "StudyInstanceUID")
        return MoveStudy(study, command.text("MoveDestination"))

    def encode_answer(
        self, answer: MoveResult, request: Command, requested: DataSet, retrieve_ae_title: str
    ) -> Iterator[Encoded]:
        failed = "\\".join(answer.failed_instances)
        counters = SubOperations(answer.completed, answer.failed, answer.warned)
        command = commands.response(request, answer.status, has_dataset=bool(failed), sub_operations=counters)
        yield command, {"FailedSOPInstanceUIDList": failed} if failed else None

    def decode_answer(self, responses: Sequence[Received]) -> MoveResult:
        command = final(responses)
        failed = values(responses[-1][1], "FailedSOPInstanceUIDList")
        return MoveResult(
            completed=command.number("NumberOfCompletedSuboperations") or 0,
            failed=command.number("NumberOfFailedSuboperations") or 0,
            warned=command.number("NumberOfWarningSuboperations") or 0,
            status=command.status,
            failed_instances=from_uids(canonical.uid(uid, "FailedSOPInstanceUIDList") for uid in failed),
        )

"""Query and retrieve at patient and study root (PS3.4 Annex C): C-FIND, C-MOVE and C-GET."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, Received, Service, final, find_keys, find_responses
from emulators.codecs.dicom.uids import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from emulators.codecs.dicom.values import from_attributes, refused, text, to_attributes, values
from emulators.messages import canonical
from emulators.messages.attributes import Attributes
from emulators.messages.instance_set import from_uids
from emulators.messages.query import LEVELS, Find, Found, Get, Identifier, Move, MoveResult
from emulators.wire import commands
from emulators.wire.commands import SubOperations
from emulators.wire.dimse import C_FIND_RQ, C_GET_RQ, C_MOVE_RQ, Command
from emulators.wire.status import (
    CANCEL,
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    PENDING_WITH_UNSUPPORTED_KEYS,
    status_class,
)

_LEVEL = "QueryRetrieveLevel"
_RETRIEVE = "RetrieveAETitle"
_NO_KEYS = (_LEVEL, _RETRIEVE)
_LONGEST_VALUE = 0xFFFE


class _AtRoot:
    """A service at one of the information models; Query/Retrieve Level is not one of a message's keys."""

    invalid_value = DATA_SET_DOES_NOT_MATCH_SOP_CLASS

    def __init__(self, root: str, sop_class_uid: str) -> None:
        self.root = root
        self.sop_class_uid = sop_class_uid


def _identifier(message: Identifier) -> DataSet:
    return {**from_attributes(message.keys), _LEVEL: message.level}


def _level(dataset: DataSet) -> str:
    level = text(dataset, _LEVEL)
    if level not in LEVELS:
        raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, f"{_LEVEL} is missing or none", _LEVEL)
    return level


class FindService(_AtRoot):
    message_type = Find
    command_field = C_FIND_RQ

    def encode_request(self, message: Find, message_id: int) -> Encoded:
        return commands.c_find_rq(message_id, self.sop_class_uid), _identifier(message)

    def decode_request(self, command: Command, dataset: DataSet) -> Find:
        level = _level(dataset)
        return Find(find_keys(dataset).without(_NO_KEYS), level, self.root)

    def encode_answer(self, answer: Found, request: Command, requested: DataSet, retrieve_ae_title: str) -> Iterator[Encoded]:
        """Level and Retrieve AE Title are returned whether asked for or not (PS3.4 C.4.1.1.3.2)."""
        always: DataSet = {_LEVEL: text(requested, _LEVEL)}
        if retrieve_ae_title:
            always[_RETRIEVE] = retrieve_ae_title
        responses = find_responses(request, requested, answer.matches, {}, answer.status, answer.keys_supported)
        for command, dataset in responses:
            yield command, None if dataset is None else {**dataset, **always}

    def decode_answer(self, responses: Sequence[Received]) -> Found:
        status = final(responses).status
        pending = [(command, dataset) for command, dataset in responses if status_class(command.status) == "pending"]
        unsupported = any(command.status == PENDING_WITH_UNSUPPORTED_KEYS for command, _ in pending)
        return Found(tuple(_match(dataset) for _, dataset in pending), status, not unsupported)


def _match(dataset: DataSet) -> Attributes:
    return to_attributes(dataset).without(_NO_KEYS)


class _RetrieveService(_AtRoot):
    """What C-MOVE and C-GET share."""

    def encode_answer(
        self, answer: MoveResult, request: Command, requested: DataSet, retrieve_ae_title: str
    ) -> Iterator[Encoded]:
        """The number of remaining sub-operations stands in the response to a cancelled request only (PS3.4 C.4.2.1.6)."""
        failed = _listed(answer.failed_instances)
        remaining = answer.remaining if answer.status == CANCEL else None
        counters = SubOperations(answer.completed, answer.failed, answer.warned, remaining)
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
            remaining=command.number("NumberOfRemainingSuboperations") or 0,
        )


def _listed(uids: Iterable[str]) -> str:
    """As many UIDs as fit a value of VR UI in explicit VR (PS3.5 7.1.2); the counter has them all."""
    listed = "\\".join(uids)
    return listed if len(listed) <= _LONGEST_VALUE else listed[: listed.rindex("\\", 0, _LONGEST_VALUE)]


class MoveService(_RetrieveService):
    message_type = Move
    command_field = C_MOVE_RQ

    def encode_request(self, message: Move, message_id: int) -> Encoded:
        return commands.c_move_rq(message_id, self.sop_class_uid, message.destination), _identifier(message)

    def decode_request(self, command: Command, dataset: DataSet) -> Move:
        return Move(_match(dataset), _level(dataset), self.root, command.text("MoveDestination"))


class GetService(_RetrieveService):
    message_type = Get
    command_field = C_GET_RQ

    def encode_request(self, message: Get, message_id: int) -> Encoded:
        return commands.c_get_rq(message_id, self.sop_class_uid), _identifier(message)

    def decode_request(self, command: Command, dataset: DataSet) -> Get:
        return Get(_match(dataset), _level(dataset), self.root)


_ROOTS: tuple[Any, ...] = (
    FindService("PATIENT", PATIENT_ROOT_FIND),
    FindService("STUDY", STUDY_ROOT_FIND),
    MoveService("PATIENT", PATIENT_ROOT_MOVE),
    MoveService("STUDY", STUDY_ROOT_MOVE),
    GetService("PATIENT", PATIENT_ROOT_GET),
    GetService("STUDY", STUDY_ROOT_GET),
)
SERVICES: Mapping[tuple[type, str], Service] = {(service.message_type, service.root): service for service in _ROOTS}
"""By the type and the root of the message that requests it."""

"""Storage commitment (PS3.4 Annex J): CommitRequest as N-ACTION, CommitResult as N-EVENT-REPORT."""

from dataclasses import replace

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.service import Encoded, StatusService
from emulators.codecs.dicom.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from emulators.codecs.dicom.values import items, referenced, references, refused, require, text
from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.wire import commands
from emulators.wire.dimse import N_ACTION_RQ, N_EVENT_REPORT_RQ, Command
from emulators.wire.status import (
    INVALID_ARGUMENT_VALUE,
    NO_SUCH_ACTION,
    NO_SUCH_EVENT_TYPE,
    NO_SUCH_SOP_INSTANCE,
    PROCESSING_FAILURE,
)

REQUEST_COMMITMENT = 1  # action type
SUCCESSFUL, FAILURES_EXIST = 1, 2  # event types


class CommitRequestService(StatusService):
    message_type = CommitRequest
    sop_class_uid = STORAGE_COMMITMENT
    command_field = N_ACTION_RQ
    invalid_value = INVALID_ARGUMENT_VALUE

    def encode_request(self, message: CommitRequest, message_id: int) -> Encoded:
        if not message.instances:
            raise LocalProtocolError("a commitment request names no instance")
        command = commands.n_action_rq(message_id, self.sop_class_uid, STORAGE_COMMITMENT_INSTANCE, REQUEST_COMMITMENT)
        return command, {"TransactionUID": message.transaction_uid, "ReferencedSOPSequence": _items(message.references)}

    def decode_request(self, command: Command, dataset: DataSet) -> CommitRequest:
        _require_well_known_instance(command)
        if command.number("ActionTypeID") != REQUEST_COMMITMENT:
            raise refused(NO_SUCH_ACTION, "the action type is not 1, request storage commitment")
        require(dataset, ("TransactionUID", "ReferencedSOPSequence"))
        return CommitRequest(_transaction_uid(dataset), _references(items(dataset, "ReferencedSOPSequence")))


class CommitResultService(StatusService):
    message_type = CommitResult
    sop_class_uid = STORAGE_COMMITMENT
    command_field = N_EVENT_REPORT_RQ
    invalid_value = INVALID_ARGUMENT_VALUE

    def encode_request(self, message: CommitResult, message_id: int) -> Encoded:
        """Event type 2 leaves the Referenced SOP Sequence out where nothing was committed (type 1C)."""
        if not message.committed and not message.failed:
            raise LocalProtocolError("a commitment result names no instance")
        event_type = FAILURES_EXIST if message.failed else SUCCESSFUL
        dataset: DataSet = {"TransactionUID": message.transaction_uid}
        if message.committed:
            dataset["ReferencedSOPSequence"] = _items(message.committed)
        if message.failed:
            dataset["FailedSOPSequence"] = [
                {**item, "FailureReason": reference.failure_reason}
                for reference in message.failed
                for item in references(reference.sop_class_uid, reference.instances)
            ]
        command = commands.n_event_report_rq(message_id, self.sop_class_uid, STORAGE_COMMITMENT_INSTANCE, event_type)
        return command, dataset

    def decode_request(self, command: Command, dataset: DataSet) -> CommitResult:
        """The sequences count, whichever of the two event types came. An instance in both of them is refused."""
        _require_well_known_instance(command)
        if command.number("EventTypeID") not in (SUCCESSFUL, FAILURES_EXIST):
            raise refused(NO_SUCH_EVENT_TYPE, "the event type is neither 1 nor 2")
        require(dataset, ("TransactionUID",))
        committed, failed = items(dataset, "ReferencedSOPSequence"), items(dataset, "FailedSOPSequence")
        if not referenced([*committed, *failed]):
            raise refused(INVALID_ARGUMENT_VALUE, "the event names no instance")
        if failed and command.number("EventTypeID") == SUCCESSFUL:
            raise refused(PROCESSING_FAILURE, "an event of success names instances that failed")
        return CommitResult(_transaction_uid(dataset), _references(committed), _failures(failed))


def _items(found: tuple[Referenced, ...]) -> list[DataSet]:
    return [item for reference in found for item in references(reference.sop_class_uid, reference.instances)]


def _references(found: list[DataSet]) -> tuple[Referenced, ...]:
    """One per SOP class."""
    return tuple(Referenced(sop_class_uid, instances) for sop_class_uid, instances in referenced(found).items())


def _failures(found: list[DataSet]) -> tuple[Referenced, ...]:
    """One per reason and SOP class; without a reason it is 0110H, processing failure (PS3.3 C.14.1.1)."""
    alike: dict[tuple[int, str], list[DataSet]] = {}
    for item in found:
        reason = item.get("FailureReason")
        key = (reason if isinstance(reason, int) and reason else PROCESSING_FAILURE, text(item, "ReferencedSOPClassUID"))
        alike.setdefault(key, []).append(item)
    return tuple(replace(one, failure_reason=reason) for (reason, _), some in alike.items() for one in _references(some))


def _require_well_known_instance(command: Command) -> None:
    if command.sop_instance_uid != STORAGE_COMMITMENT_INSTANCE:
        raise refused(NO_SUCH_SOP_INSTANCE, "not the well-known instance of storage commitment")


def _transaction_uid(dataset: DataSet) -> str:
    return canonical.uid(text(dataset, "TransactionUID"), "TransactionUID")

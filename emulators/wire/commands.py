"""The DIMSE messages that the systems send, one constructor each (PS3.7 9.3 and 10.3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from emulators.core.errors import LocalProtocolError
from emulators.wire.dimse import (
    C_CANCEL_RQ,
    C_ECHO_RQ,
    C_FIND_RQ,
    C_GET_RQ,
    C_MOVE_RQ,
    C_STORE_RQ,
    DATA_SET_PRESENT,
    N_ACTION_RQ,
    N_CREATE_RQ,
    N_EVENT_REPORT_RQ,
    N_GET_RQ,
    N_SET_RQ,
    NO_DATA_SET,
    RESPONSE,
    Command,
    Value,
)

VERIFICATION = "1.2.840.10008.1.1"

PRIORITY_MEDIUM = 0
PRIORITY_HIGH = 1
PRIORITY_LOW = 2


@dataclass(frozen=True, slots=True)
class SubOperations:
    """The counters of C-MOVE and C-GET responses; ``remaining`` is None where it must be absent (final responses)."""

    completed: int
    failed: int = 0
    warning: int = 0
    remaining: int | None = None


def _command(command_field: int, has_dataset: bool, **elements: Value | None) -> Command:
    present = {keyword: value for keyword, value in elements.items() if value is not None}
    dataset_type = DATA_SET_PRESENT if has_dataset else NO_DATA_SET
    return Command({"CommandField": command_field, "CommandDataSetType": dataset_type, **present})


def c_echo_rq(message_id: int) -> Command:
    """C-ECHO-RQ, without data set."""
    return _command(C_ECHO_RQ, False, AffectedSOPClassUID=VERIFICATION, MessageID=message_id)


def c_store_rq(
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    priority: int = PRIORITY_MEDIUM,
    move_originator: tuple[str, int] | None = None,
) -> Command:
    """C-STORE-RQ, with data set. ``move_originator``: AE title and Message ID of the C-MOVE that it serves."""
    move_ae_title, move_message_id = move_originator or (None, None)
    return _command(
        C_STORE_RQ,
        True,
        AffectedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        Priority=priority,
        AffectedSOPInstanceUID=sop_instance_uid,
        MoveOriginatorApplicationEntityTitle=move_ae_title,
        MoveOriginatorMessageID=move_message_id,
    )


def c_find_rq(message_id: int, sop_class_uid: str, *, priority: int = PRIORITY_MEDIUM) -> Command:
    """C-FIND-RQ, with the identifier as data set."""
    return _command(C_FIND_RQ, True, AffectedSOPClassUID=sop_class_uid, MessageID=message_id, Priority=priority)


def c_get_rq(message_id: int, sop_class_uid: str, *, priority: int = PRIORITY_MEDIUM) -> Command:
    """C-GET-RQ, with the identifier as data set."""
    return _command(C_GET_RQ, True, AffectedSOPClassUID=sop_class_uid, MessageID=message_id, Priority=priority)


def c_move_rq(message_id: int, sop_class_uid: str, destination: str, *, priority: int = PRIORITY_MEDIUM) -> Command:
    """C-MOVE-RQ to the AE title ``destination``, with the identifier as data set."""
    return _command(
        C_MOVE_RQ,
        True,
        AffectedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        Priority=priority,
        MoveDestination=destination,
    )


def c_cancel_rq(message_id: int) -> Command:
    """C-CANCEL-RQ for the C-FIND, C-MOVE or C-GET with this Message ID, without data set; it is never answered."""
    return _command(C_CANCEL_RQ, False, MessageIDBeingRespondedTo=message_id)


def n_create_rq(
    message_id: int, sop_class_uid: str, sop_instance_uid: str | None = None, *, has_dataset: bool = True
) -> Command:
    """N-CREATE-RQ; without an instance UID the other side makes one."""
    return _command(
        N_CREATE_RQ,
        has_dataset,
        AffectedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        AffectedSOPInstanceUID=sop_instance_uid,
    )


def n_set_rq(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> Command:
    """N-SET-RQ, with the modification list as data set."""
    return _command(
        N_SET_RQ,
        True,
        RequestedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        RequestedSOPInstanceUID=sop_instance_uid,
    )


def n_get_rq(message_id: int, sop_class_uid: str, sop_instance_uid: str, attributes: Iterable[int] = ()) -> Command:
    """N-GET-RQ, without data set. ``attributes``: tags as group << 16 | element; none means all."""
    return _command(
        N_GET_RQ,
        False,
        RequestedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        RequestedSOPInstanceUID=sop_instance_uid,
        AttributeIdentifierList=tuple(attributes) or None,
    )


def n_action_rq(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, action_type_id: int, *, has_dataset: bool = True
) -> Command:
    """N-ACTION-RQ, with the action information as data set where there is one."""
    return _command(
        N_ACTION_RQ,
        has_dataset,
        RequestedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        RequestedSOPInstanceUID=sop_instance_uid,
        ActionTypeID=action_type_id,
    )


def n_event_report_rq(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, event_type_id: int, *, has_dataset: bool = True
) -> Command:
    """N-EVENT-REPORT-RQ, with the event information as data set where there is one."""
    return _command(
        N_EVENT_REPORT_RQ,
        has_dataset,
        AffectedSOPClassUID=sop_class_uid,
        MessageID=message_id,
        AffectedSOPInstanceUID=sop_instance_uid,
        EventTypeID=event_type_id,
    )


def response(
    request: Command,
    status: int,
    *,
    has_dataset: bool = False,
    sop_instance_uid: str | None = None,
    sub_operations: SubOperations | None = None,
    error_comment: str = "",
    error_id: int = 0,
    offending_elements: Iterable[int] = (),
    attribute_identifiers: Iterable[int] = (),
) -> Command:
    """The response to any request but C-CANCEL: it names the request's Message ID, SOP class and instance, action or event.

    ``sop_instance_uid``: of an instance that N-CREATE made. ``error_comment`` is cut to 64 characters (LO). ``error_id`` is 0
    where there is none. What is wrong is told by tags: as offending elements in C services, as attribute identifiers in N ones.
    A UID of the request that is not ASCII, and so cannot be a UID, is left out: both are optional (PS3.7 Tables 9.1-1, 10.1-1).
    Raises LocalProtocolError for C-CANCEL and for a response.
    """
    if request.is_response or request.field == C_CANCEL_RQ:
        raise LocalProtocolError(f"{request.name} is not answered")
    counters = sub_operations or SubOperations(0)
    return _command(
        request.field | RESPONSE,
        has_dataset,
        AffectedSOPClassUID=_repeatable(request.sop_class_uid),
        MessageIDBeingRespondedTo=request.message_id,
        Status=status,
        OffendingElement=tuple(offending_elements) or None,
        ErrorComment=error_comment[:64] or None,
        ErrorID=error_id or None,
        AffectedSOPInstanceUID=sop_instance_uid or _repeatable(request.sop_instance_uid),
        EventTypeID=request.number("EventTypeID"),
        AttributeIdentifierList=tuple(attribute_identifiers) or None,
        ActionTypeID=request.number("ActionTypeID"),
        NumberOfRemainingSuboperations=counters.remaining if sub_operations else None,
        NumberOfCompletedSuboperations=counters.completed if sub_operations else None,
        NumberOfFailedSuboperations=counters.failed if sub_operations else None,
        NumberOfWarningSuboperations=counters.warning if sub_operations else None,
    )


def _repeatable(uid: str) -> str | None:
    """A UID of a request, if a response can hold it."""
    return uid if uid and uid.isascii() else None

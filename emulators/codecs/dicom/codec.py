"""Messages to DIMSE commands and the bytes of data sets, and back: what a port calls.

The service of a message is found by its type, that of a request from a peer by SOP class and command field. The transfer
syntax is the one negotiated for the presentation context; both little endian ones are written and read.
C-STORE and C-ECHO need no message: see ``images`` for what a store takes from an image, and ``wire.commands``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from emulators.codecs.dicom import elements
from emulators.codecs.dicom.availability import AvailabilityService
from emulators.codecs.dicom.commitment import CommitRequestService, CommitResultService
from emulators.codecs.dicom.elements import Buffer
from emulators.codecs.dicom.query import SERVICES as QUERY_SERVICES
from emulators.codecs.dicom.service import Encoded, Service
from emulators.codecs.dicom.steps import StepEndedService, StepProgressedService, StepStartedService
from emulators.codecs.dicom.uids import IMPLICIT_VR_LITTLE_ENDIAN
from emulators.codecs.dicom.values import Refused, refused
from emulators.codecs.dicom.worklist import WorklistService
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages.query import Identifier
from emulators.wire.dimse import Command
from emulators.wire.status import NO_SUCH_SOP_CLASS, UNRECOGNIZED_OPERATION

_SERVICES: tuple[Service, ...] = (
    WorklistService(),
    StepStartedService(),
    StepProgressedService(),
    StepEndedService(),
    CommitRequestService(),
    CommitResultService(),
    AvailabilityService(),
    *QUERY_SERVICES.values(),
)
_BY_MESSAGE = {service.message_type: service for service in _SERVICES}
_BY_REQUEST = {(service.sop_class_uid, service.command_field): service for service in _SERVICES}
_SOP_CLASSES = frozenset(service.sop_class_uid for service in _SERVICES)

REQUESTS = frozenset(_BY_MESSAGE)
"""The types of all messages that a request of DICOM can be."""

EncodedBytes = tuple[Command, bytes | None]


def sop_classes(messages: Iterable[type]) -> tuple[str, ...]:
    """The SOP classes under which messages of these types are asked."""
    served = frozenset(messages)
    return tuple(dict.fromkeys(service.sop_class_uid for service in _SERVICES if service.message_type in served))


def abstract_syntax(message: object) -> str:
    """The SOP class to negotiate for a message. Raises LocalProtocolError for one that DICOM does not carry."""
    return _service(message).sop_class_uid


def encode_request(message: object, message_id: int, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN) -> EncodedBytes:
    """The request, and the bytes of its data set. Raises LocalProtocolError for a message that cannot be sent so."""
    return _bytes(_service(message).encode_request(message, message_id), transfer_syntax_uid)


def decode_request(command: Command, dataset: Buffer | None, transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN) -> Any:
    """The message of a request. Raises Refused, a RemoteProtocolError, whose ``status`` is the answer to give."""
    service = request_service(command)
    try:
        requested = elements.decode(dataset or b"", transfer_syntax_uid)
        return service.decode_request(command, requested)
    except Refused:
        raise
    except (RemoteProtocolError, LocalProtocolError) as error:
        raise refused(service.invalid_value, f"{command.name}: {error}") from None


def encode_answer(
    answer: object,
    request: Command,
    dataset: Buffer | None,
    transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN,
    retrieve_ae_title: str = "",
) -> Iterator[EncodedBytes]:
    """The responses to ``request``, which had this data set, one at a time, so that a C-CANCEL can stop them.

    ``retrieve_ae_title``: where the studies of a C-FIND can be had. Raises as ``decode_request`` and ``encode_request`` do.
    """
    service = request_service(request)
    requested = elements.decode(dataset or b"", transfer_syntax_uid)
    for response in service.encode_answer(answer, request, requested, retrieve_ae_title):
        yield _bytes(response, transfer_syntax_uid)


def decode_answer(
    message: object,
    responses: Iterable[tuple[Command, Buffer | None]],
    transfer_syntax_uid: str = IMPLICIT_VR_LITTLE_ENDIAN,
) -> Any:
    """The answer to ``message`` from all responses, the final one last. Raises RemoteProtocolError."""
    service = _service(message)
    received = [(command, elements.decode(dataset or b"", transfer_syntax_uid)) for command, dataset in responses]
    try:
        return service.decode_answer(received)
    except LocalProtocolError as error:
        raise RemoteProtocolError(f"the answer to {type(message).__name__}: {error}") from None


def request_service(command: Command) -> Service:
    """The service that a request asks for. Raises Refused: 0118H for an unknown SOP class, else 0211H."""
    service = _BY_REQUEST.get((command.sop_class_uid, command.field))
    if service is None:
        status = UNRECOGNIZED_OPERATION if command.sop_class_uid in _SOP_CLASSES else NO_SUCH_SOP_CLASS
        raise refused(status, f"{command.name} is not served for its SOP class")
    return service


def _service(message: object) -> Service:
    service = _BY_MESSAGE.get(type(message))
    if isinstance(message, Identifier):
        service = QUERY_SERVICES[type(message), message.root]
    if service is None:
        raise LocalProtocolError(f"DICOM carries no {type(message).__name__}")
    return service


def _bytes(encoded: Encoded, transfer_syntax_uid: str) -> EncodedBytes:
    command, dataset = encoded
    return command, None if dataset is None else elements.encode(dataset, transfer_syntax_uid)

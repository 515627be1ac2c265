"""What a DIMSE service is to the codec, and the matching of keys that all C-FIND services share."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.values import refused, text
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages import canonical
from emulators.messages.common import Status
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import (
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    PENDING,
    PENDING_WITH_UNSUPPORTED_KEYS,
    status_class,
)

Encoded = tuple[Command, DataSet | None]
Received = tuple[Command, DataSet]


class Service(Protocol):
    """One kind of request, its message, and what answers it. Values are read and written as data sets, not as bytes.

    ``decode_*`` may raise LocalProtocolError where a peer's value has no canonical form: ``codec`` makes it the peer's error,
    in a request with the status ``invalid_value``.
    """

    sop_class_uid: str
    command_field: int
    invalid_value: int

    @property
    def message_type(self) -> type: ...
    def encode_request(self, message: Any, message_id: int) -> Encoded: ...
    def decode_request(self, command: Command, dataset: DataSet) -> Any: ...
    def encode_answer(self, answer: Any, request: Command, requested: DataSet, retrieve_ae_title: str) -> Iterator[Encoded]: ...
    def decode_answer(self, responses: Sequence[Received]) -> Any: ...


class StatusService:
    """The answering half of the services that return a status and nothing else."""

    def encode_answer(self, answer: Status, request: Command, requested: DataSet, retrieve_ae_title: str) -> Iterator[Encoded]:
        yield commands.response(request, answer.code, error_comment=answer.comment), None

    def decode_answer(self, responses: Sequence[Received]) -> Status:
        command = final(responses)
        return Status(command.status, _comment(command.text("ErrorComment")))


def _comment(value: str) -> str:
    """A peer's comment is worth less than its status: one that is not canonical is dropped."""
    try:
        return canonical.ascii_text(value, 64, "ErrorComment")
    except LocalProtocolError:
        return ""


def final(responses: Sequence[Received]) -> Command:
    """The command of the last response, which must not be a pending one."""
    if not responses or status_class(responses[-1][0].status) == "pending":
        raise RemoteProtocolError("the responses end without a final one")
    return responses[-1][0]


# --- C-FIND ------------------------------------------------------------------------------------------------------------


def find_responses(
    request: Command, requested: DataSet, matches: Iterable[DataSet], status: int, supported: DataSet, matching: frozenset[str]
) -> Iterator[Encoded]:
    """A pending response per match with the keys that were requested, then the final one (PS3.4 C.4.1.1.3, K.4.1.1.3).

    ``supported`` holds every key that can be returned, with an item in each sequence; ``matching`` those that take a value.
    """
    is_supported = keys_are_supported(requested, supported, matching)
    pending = commands.response(request, PENDING if is_supported else PENDING_WITH_UNSUPPORTED_KEYS, has_dataset=True)
    for match in matches:
        yield pending, selected(match, requested)
    yield commands.response(request, status), None


def selected(match: DataSet, requested: DataSet) -> DataSet:
    """What was asked for and is there. A sequence asked for without item keys is given whole."""
    chosen: DataSet = {}
    for keyword, wanted in requested.items():
        value = match.get(keyword)
        if value is None:
            continue
        if isinstance(value, list) and isinstance(wanted, list) and wanted and wanted[0]:
            keys = wanted[0]
            value = [selected(item, keys) for item in value]
        chosen[keyword] = value
    return chosen


_NO_KEYS = frozenset(("QueryRetrieveLevel", "RetrieveAETitle", "TimezoneOffsetFromUTC"))


def keys_are_supported(requested: DataSet, supported: DataSet, matching: frozenset[str]) -> bool:
    """Whether every key asked for can be returned and every value given was matched; if not, the answer is FF01H."""
    for keyword, value in requested.items():
        if keyword in _NO_KEYS:
            continue
        known = supported.get(keyword)
        if known is None:
            return False
        if isinstance(value, list):
            if not all(keys_are_supported(item, known[0], matching) for item in value if isinstance(known, list)):
                return False
        elif value not in ("", "*") and keyword not in matching:
            return False
    return True


def matching_key(requested: DataSet, keyword: str) -> str:
    """The value of a key; ``*`` alone is universal matching (PS3.4 C.2.2.2.4). Several values are refused."""
    value = requested.get(keyword, "")
    if isinstance(value, str) and "\\" in value:
        raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, f"{keyword}: a key with several values is not supported")
    value = text(requested, keyword)
    return "" if value == "*" else value

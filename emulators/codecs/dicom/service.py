"""What a DIMSE service is to the codec, and what all C-FIND services share: reading keys, returning what was asked for."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.values import from_value, refused, to_attributes
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.messages import canonical
from emulators.messages.attributes import Attributes, vr
from emulators.messages.common import Status
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import (
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    PENDING,
    PENDING_WITH_UNSUPPORTED_KEYS,
    status_class,
)

_TIME_ZONE = "TimezoneOffsetFromUTC"
_NEVER_EMPTY = frozenset((_TIME_ZONE, "SpecificCharacterSet"))

_DATE = r"[0-9]{8}|[0-9]{4}\.[0-9]{2}\.[0-9]{2}"  # with dots: ACR-NEMA
_TIME = r"[0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:\.[0-9]{1,6})?)?)?"
_DATE_TIME = r"[0-9]{4,14}(?:\.[0-9]{1,6})?(?:[+-][0-9]{4})?"
_DATE_KEYS = {
    vr: re.compile(rf"{value}|(?:{value})-|(?:{value})?-(?:{value})")
    for vr, value in (("DA", _DATE), ("TM", _TIME), ("DT", _DATE_TIME))
}

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
        yield commands.response(request, answer.code, error_comment=answer.comment, error_id=answer.error_id), None

    def decode_answer(self, responses: Sequence[Received]) -> Status:
        command = final(responses)
        return Status(command.status, _comment(command.text("ErrorComment")), command.number("ErrorID") or 0)


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


def find_keys(requested: DataSet) -> Attributes:
    """The identifier of a C-FIND request.

    Refused with A900H: a sequence with several items (PS3.4 C.2.2.2.6), and a date or time that is none, because matching it
    would find nothing without a word.
    """
    for keyword, value in requested.items():
        if isinstance(value, list):
            if len(value) > 1:
                raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, f"{keyword} holds more than one item", keyword)
            find_keys(value[0] if value else {})
        elif isinstance(value, str) and value not in ("", "*") and not _is_understood(keyword, value):
            raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, f"{keyword} is no date or time, nor a range", keyword)
    return to_attributes(requested)


def _is_understood(keyword: str, value: str) -> bool:
    pattern = _DATE_KEYS.get(vr(keyword))
    return pattern is None or all(pattern.fullmatch(key) for key in value.replace(" ", "").split("\\"))


def find_responses(
    request: Command, requested: DataSet, matches: Iterable[Attributes], table: DataSet, status: int, keys_supported: bool
) -> Iterator[Encoded]:
    """A pending response per match with the keys that were requested, then the final one (PS3.4 C.4.1.1.3, K.4.1.1.3).

    ``table`` holds every key that is known, with an item in each sequence: what a match does not have of it is returned empty.
    """
    code = PENDING if keys_supported else PENDING_WITH_UNSUPPORTED_KEYS
    pending = commands.response(request, code, has_dataset=True)
    for match in matches:
        yield pending, selected(match, requested, table)
    yield commands.response(request, status), None


def selected(match: Attributes, requested: DataSet, table: DataSet) -> DataSet:
    """What was asked for and is there or in the table. A sequence asked for without item keys is given whole.

    The time zone is told where the match has one, asked for or not, and never empty (PS3.4 K.4.1.1.3.2).
    """
    values = dict(match)
    chosen: DataSet = {}
    for keyword, wanted in requested.items():
        value, known = values.get(keyword), table.get(keyword)
        if value is None:
            if known is not None:
                chosen[keyword] = [] if isinstance(known, list) else ""
        elif isinstance(value, tuple) and isinstance(wanted, list) and wanted and wanted[0]:
            inner = known[0] if isinstance(known, list) and known else {}
            chosen[keyword] = [selected(item, wanted[0], inner) for item in value]
        elif value or keyword not in _NEVER_EMPTY:
            chosen[keyword] = from_value(keyword, value)
    if values.get(_TIME_ZONE):
        chosen[_TIME_ZONE] = from_value(_TIME_ZONE, values[_TIME_ZONE])
    return chosen

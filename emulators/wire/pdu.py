"""The seven PDUs of the upper layer (PS3.8 9.3): values, their bytes, and the cutter that finds them in a byte stream.

A PDU is: type (1 byte), reserved (1), length of the rest (4, big-endian), body. ``decode`` raises MalformedPdu and nothing
else, whatever the bytes; ``encode`` writes what it is given, right or wrong, so that a tester can be wrong on purpose.
"""

import struct
from dataclasses import dataclass, field

from emulators.core.errors import LocalProtocolError
from emulators.wire.items import (
    DEFAULT_MAX_PDU_LENGTH,
    REASON_UNRECOGNIZED_PDU,
    ContextResult,
    MalformedPdu,
    ProposedContext,
    UserInformation,
    decode_context_result,
    decode_proposed_context,
    decode_text,
    decode_user_information,
    encode_context_result,
    encode_item,
    encode_proposed_context,
    encode_text,
    encode_user_information,
    malformed,
    read_items,
)

Buffer = bytes | bytearray | memoryview

APPLICATION_CONTEXT_NAME = "1.2.840.10008.3.1.1.1"

# The first octet of each PDU.
ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA_TF, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

# An A-ASSOCIATE PDU above this is refused unread: 128 contexts of 60 transfer syntaxes and large identities stay below.
ASSOCIATE_LENGTH_MAX = 1 << 20
# Even where we announced no limit, a P-DATA-TF above this is refused: it is assembled in memory.
P_DATA_LENGTH_MAX = 1 << 26

_HEADER = struct.Struct(">BxI")
_HEADER_LENGTH = 6
_PDV_HEADER = struct.Struct(">IBB")
_NO_BYTES = memoryview(b"")

# Message control header, PS3.8 Annex E.2.
CONTROL_COMMAND = 0x01
CONTROL_LAST = 0x02


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ (PS3.8 Table 9-11). AE titles without leading and trailing spaces, at most 16 characters."""

    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[ProposedContext, ...]
    user_information: UserInformation
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = 1
    # The 64 bytes of both titles and the reserved field as they came: an A-ASSOCIATE-AC sends them back (Table 9-17).
    titles_received: bytes = field(default=b"", compare=False, repr=False)

    @property
    def titles(self) -> bytes:
        """The 64 bytes of both AE titles and the reserved field."""
        return self.titles_received or encode_ae_title(self.called_ae_title) + encode_ae_title(self.calling_ae_title) + bytes(
            32
        )


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """A-ASSOCIATE-AC (PS3.8 Table 9-17). ``titles``: the 64 bytes of the request, sent back and not tested."""

    titles: bytes
    contexts: tuple[ContextResult, ...]
    user_information: UserInformation
    application_context_name: str = APPLICATION_CONTEXT_NAME
    protocol_version: int = 1


@dataclass(frozen=True, slots=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""

    result: int
    source: int
    reason: int

    @property
    def is_permanent(self) -> bool:
        """Whether trying again without a change is pointless."""
        return self.result == 1

    @property
    def meaning(self) -> str:
        """Result, source and reason in the words of the standard."""
        result = {1: "rejected permanent", 2: "rejected transient"}.get(self.result, f"result {self.result}")
        return f"{result}: {REJECT_REASONS.get((self.source, self.reason), f'source {self.source}, reason {self.reason}')}"


REJECT_REASONS = {
    (1, 1): "no reason given (service user)",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognized",
    (1, 7): "called AE title not recognized",
    (2, 1): "no reason given (ACSE)",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}


@dataclass(frozen=True, slots=True)
class DataValue:
    """One presentation data value (PDV) of a P-DATA-TF: a fragment of a command set or of a data set.

    ``data`` points into the receiver's buffer: it is valid until the next ``Association.receive``, and the next
    owner copies what it keeps.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """P-DATA-TF (PS3.8 Table 9-22)."""

    values: tuple[DataValue, ...]


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A-RELEASE-RQ (PS3.8 Table 9-24)."""


@dataclass(frozen=True, slots=True)
class ReleaseReply:
    """A-RELEASE-RP (PS3.8 Table 9-25)."""


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 Table 9-26). Source 0 is the service user, 2 the service provider."""

    source: int
    reason: int


Pdu = AssociateRequest | AssociateAccept | AssociateReject | DataTransfer | ReleaseRequest | ReleaseReply | Abort


def encode_ae_title(title: str) -> bytes:
    """16 bytes, padded with spaces. Raises LocalProtocolError where it is longer, blank or not ASCII."""
    encoded = encode_text(title)
    if len(encoded) > 16 or not encoded.strip():
        raise LocalProtocolError(f"AE title {title!r} does not have 1 to 16 characters")
    return encoded.ljust(16)


def encode(pdu: Pdu) -> bytes:
    """The whole PDU. P-DATA-TF with payload to send goes through ``fragmentation.fragment``, which does not copy it."""
    match pdu:
        case AssociateRequest():
            contexts = b"".join(map(encode_proposed_context, pdu.contexts))
            return _frame(ASSOCIATE_RQ, _encode_associate(pdu, contexts))
        case AssociateAccept():
            contexts = b"".join(map(encode_context_result, pdu.contexts))
            return _frame(ASSOCIATE_AC, _encode_associate(pdu, contexts))
        case AssociateReject():
            return _frame(ASSOCIATE_RJ, bytes((0, pdu.result, pdu.source, pdu.reason)))
        case DataTransfer():
            return _frame(P_DATA_TF, b"".join(map(_encode_data_value, pdu.values)))
        case ReleaseRequest():
            return _frame(RELEASE_RQ, bytes(4))
        case ReleaseReply():
            return _frame(RELEASE_RP, bytes(4))
        case Abort():
            return _frame(ABORT, bytes((0, 0, pdu.source, pdu.reason)))


def _frame(pdu_type: int, body: bytes) -> bytes:
    return _HEADER.pack(pdu_type, len(body)) + body


def _encode_associate(pdu: AssociateRequest | AssociateAccept, contexts: bytes) -> bytes:
    application_context = encode_item(0x10, encode_text(pdu.application_context_name))
    head = struct.pack(">Hxx", pdu.protocol_version) + pdu.titles
    return head + application_context + contexts + encode_user_information(pdu.user_information)


def _encode_data_value(value: DataValue) -> bytes:
    control = value.is_command * CONTROL_COMMAND + value.is_last * CONTROL_LAST
    return _PDV_HEADER.pack(len(value.data) + 2, value.context_id, control) + value.data


def decode(pdu_type: int, body: memoryview) -> Pdu:
    """The PDU with this type and body (without the 6 bytes of the header). Raises MalformedPdu."""
    match pdu_type:
        case 4:
            return decode_data_transfer(body)
        case 1:
            return _decode_associate_request(body)
        case 2:
            return _decode_associate_accept(body)
        case 3:
            return AssociateReject(*_four_bytes(body)[1:])
        case 5:
            return ReleaseRequest()
        case 6:
            return ReleaseReply()
        case 7:
            return Abort(*_four_bytes(body)[2:])
    raise _unrecognized(pdu_type)


def _unrecognized(pdu_type: int) -> MalformedPdu:
    return MalformedPdu(f"PDU type {pdu_type:02X}H is unknown", REASON_UNRECOGNIZED_PDU)


def _four_bytes(body: memoryview) -> bytes:
    if len(body) != 4:
        raise malformed(f"a PDU of fixed length has {len(body)} bytes instead of 4")
    return bytes(body)


def decode_data_transfer(body: memoryview) -> DataTransfer:
    """The PDVs of a P-DATA-TF, their payload not copied. Raises MalformedPdu; a P-DATA-TF holds at least one PDV."""
    values = []
    position = 0
    while position < len(body):
        if position + 6 > len(body):
            raise malformed("the header of a PDV item is cut")
        length, context_id, control = _PDV_HEADER.unpack_from(body, position)
        end = position + 4 + length
        if length < 2 or end > len(body):
            raise malformed(f"a PDV item of {length} bytes does not fit its P-DATA-TF")
        data = body[position + 6 : end]
        values.append(DataValue(context_id, bool(control & CONTROL_COMMAND), bool(control & CONTROL_LAST), data))
        position = end
    if not values:
        raise malformed("a P-DATA-TF without a PDV")
    return DataTransfer(tuple(values))


def _associate_head(body: memoryview) -> tuple[int, memoryview, memoryview]:
    """Protocol version, the 64 bytes of the titles, and the items."""
    if len(body) < 68:
        raise malformed(f"an A-ASSOCIATE PDU of {len(body)} bytes is too short")
    return body[0] << 8 | body[1], body[4:68], body[68:]


def _decode_associate_request(body: memoryview) -> AssociateRequest:
    version, titles, items = _associate_head(body)
    application_context = ""
    contexts: dict[int, ProposedContext] = {}
    user_information = UserInformation(DEFAULT_MAX_PDU_LENGTH, "")
    for item_type, data in read_items(items):
        if item_type == 0x10:
            application_context = decode_text(data)
        elif item_type == 0x20:
            context = decode_proposed_context(data)
            if context.context_id in contexts:
                raise malformed(f"presentation context id {context.context_id} comes twice")
            contexts[context.context_id] = context
        elif item_type == 0x50:
            user_information = decode_user_information(data)
    return AssociateRequest(
        called_ae_title=decode_text(titles[:16]),
        calling_ae_title=decode_text(titles[16:32]),
        contexts=tuple(contexts.values()),
        user_information=user_information,
        application_context_name=application_context,
        protocol_version=version,
        titles_received=bytes(titles),
    )


def _decode_associate_accept(body: memoryview) -> AssociateAccept:
    version, titles, items = _associate_head(body)
    application_context = ""
    contexts: list[ContextResult] = []
    user_information = UserInformation(DEFAULT_MAX_PDU_LENGTH, "")
    for item_type, data in read_items(items):
        if item_type == 0x10:
            application_context = decode_text(data)
        elif item_type == 0x21:
            contexts.append(decode_context_result(data))
        elif item_type == 0x50:
            user_information = decode_user_information(data)
    return AssociateAccept(bytes(titles), tuple(contexts), user_information, application_context, version)


class PduCutter:
    """Cuts a received byte stream into PDUs, copying only a PDU that spans two or more pieces, and that once.

    ``feed`` a piece, then call ``next_pdu`` until it gives None; only then feed the next piece. A body that was given
    stays valid until the next ``feed``: a PDU that spans pieces is assembled in one of two buffers, used in turns.
    The header is judged as soon as its 6 bytes are there, so an absurd length never costs memory.
    """

    def __init__(self) -> None:
        self.max_p_data_length = ASSOCIATE_LENGTH_MAX  # bytes of a P-DATA-TF body; set once the association is made
        self._piece = _NO_BYTES
        self._position = 0
        self._assembly = memoryview(bytearray(_HEADER_LENGTH))
        self._spare = memoryview(bytearray(_HEADER_LENGTH))
        self._filled = 0  # bytes of the unfinished PDU in _assembly, its header included

    def feed(self, piece: Buffer) -> None:
        """Take the next piece of the stream. Raises LocalProtocolError where the last one is not used up."""
        if self._position < len(self._piece):
            raise LocalProtocolError("received bytes were handed in before the events of the last ones were taken")
        self._piece = memoryview(piece)
        self._position = 0

    def discard(self) -> None:
        """Forget all that was fed."""
        self._piece = _NO_BYTES
        self._position = self._filled = 0

    def next_pdu(self) -> tuple[int, memoryview] | None:
        """Type and body of the next whole PDU, or None where more bytes are needed. Raises MalformedPdu."""
        start = self._position
        if self._filled or len(self._piece) - start < _HEADER_LENGTH:
            return self._assemble()
        pdu_type, length = self._read_header(self._piece, start)
        end = start + _HEADER_LENGTH + length
        if end > len(self._piece):
            return self._assemble()
        self._position = end
        return pdu_type, self._piece[start + _HEADER_LENGTH : end]

    def _assemble(self) -> tuple[int, memoryview] | None:
        if not self._take_up_to(_HEADER_LENGTH):
            return None
        pdu_type, length = self._read_header(self._assembly, 0)
        total = _HEADER_LENGTH + length
        if len(self._assembly) < total:
            header = self._assembly[: self._filled]
            self._assembly = memoryview(bytearray(total))
            self._assembly[: self._filled] = header
        if not self._take_up_to(total):
            return None
        body = self._assembly[_HEADER_LENGTH:total]
        self._assembly, self._spare = self._spare, self._assembly
        self._filled = 0
        return pdu_type, body

    def _take_up_to(self, wanted: int) -> bool:
        """Copy from the piece until ``wanted`` bytes of the PDU are assembled; whether they are."""
        count = min(wanted - self._filled, len(self._piece) - self._position)
        if count > 0:
            self._assembly[self._filled : self._filled + count] = self._piece[self._position : self._position + count]
            self._filled += count
            self._position += count
        return self._filled >= wanted

    def _read_header(self, data: memoryview, position: int) -> tuple[int, int]:
        pdu_type, length = _HEADER.unpack_from(data, position)
        if not ASSOCIATE_RQ <= pdu_type <= ABORT:
            raise _unrecognized(pdu_type)
        if pdu_type == P_DATA_TF:
            limit = self.max_p_data_length
        elif pdu_type in (ASSOCIATE_RQ, ASSOCIATE_AC):
            limit = ASSOCIATE_LENGTH_MAX
        else:
            limit = 4
        if length > limit:
            raise malformed(f"a PDU of type {pdu_type:02X}H announces {length} bytes, {limit} are allowed")
        return pdu_type, length

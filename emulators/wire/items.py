"""The variable items of A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 9.3.2, 9.3.3, Annex D; PS3.7 Annex D.3.3).

An item is: type (1 byte), reserved (1), length (2, big-endian), body. Reserved bytes are sent as zero and never tested.
Unknown items are skipped, and sub-items may come in any order (PS3.8 9.3.1).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from emulators.core.errors import LocalProtocolError, RemoteProtocolError

# Reasons of an A-ABORT by the service provider, PS3.8 Table 9-26.
REASON_NOT_SPECIFIED = 0
REASON_UNRECOGNIZED_PDU = 1
REASON_UNEXPECTED_PDU = 2
REASON_INVALID_PARAMETER_VALUE = 6

ITEM_ABSTRACT_SYNTAX = 0x30
ITEM_TRANSFER_SYNTAX = 0x40
ITEM_MAX_LENGTH = 0x51
ITEM_IMPLEMENTATION_CLASS_UID = 0x52
ITEM_ASYNCHRONOUS_WINDOW = 0x53
ITEM_ROLE_SELECTION = 0x54
ITEM_IMPLEMENTATION_VERSION_NAME = 0x55
ITEM_EXTENDED_NEGOTIATION = 0x56
ITEM_USER_IDENTITY = 0x58
ITEM_USER_IDENTITY_RESPONSE = 0x59

# What we assume of a peer that leaves out the mandatory Maximum Length item (51H).
DEFAULT_MAX_PDU_LENGTH = 16384

_ITEM_HEADER = struct.Struct(">BxH")
_LENGTH = struct.Struct(">H")


class MalformedPdu(RemoteProtocolError):
    """The peer's PDU cannot be read. Args: what is wrong (one line), the A-ABORT reason of PS3.8 Table 9-26."""

    @property
    def abort_reason(self) -> int:
        """Reason/Diag. of the A-ABORT that answers it."""
        reason: int = self.args[1]
        return reason


def malformed(what: str) -> MalformedPdu:
    """A PDU with a parameter that cannot be (reason 6, invalid PDU parameter value)."""
    return MalformedPdu(what, REASON_INVALID_PARAMETER_VALUE)


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """Presentation context item 20H of a request. The id is odd, 1 to 255."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContextResult:
    """Presentation context item 21H of an answer. Result: see PS3.8 Table 9-18; the transfer syntax counts only with 0."""

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """Sub-item 54H: the roles of the association requestor for one SOP class, proposed or accepted (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """Sub-item 56H: service class application information of one SOP class, not interpreted here (PS3.7 D.3.3.5)."""

    sop_class_uid: str
    information: bytes


@dataclass(frozen=True, slots=True)
class AsynchronousWindow:
    """Sub-item 53H: outstanding operations, 0 for any number (PS3.7 D.3.3.3)."""

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """Sub-item 58H (PS3.7 D.3.3.7).

    Types: 1 username, 2 username and passcode, 3 Kerberos ticket, 4 SAML assertion, 5 JSON web token.
    """

    identity_type: int
    primary: bytes = field(repr=False)  # a ticket or token is a secret too
    secondary: bytes = field(default=b"", repr=False)
    response_requested: bool = False


@dataclass(frozen=True, slots=True)
class UserInformation:
    """Item 50H of a request or an answer. ``max_pdu_length`` in bytes, 0 for no limit; it binds the receiver of this item."""

    max_pdu_length: int
    implementation_class_uid: str
    implementation_version_name: str = ""
    asynchronous_window: AsynchronousWindow | None = None
    roles: tuple[RoleSelection, ...] = ()
    extended_negotiation: tuple[ExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None  # in a request only
    user_identity_response: bytes | None = None  # 59H, in an answer only


# --- writing


def encode_text(value: str) -> bytes:
    """A UID or a name as ASCII. Raises LocalProtocolError on anything else."""
    try:
        return value.encode("ascii")
    except UnicodeEncodeError:
        raise LocalProtocolError("a UID or name in an A-ASSOCIATE PDU is not ASCII") from None


def encode_item(item_type: int, body: bytes) -> bytes:
    """One item. Raises LocalProtocolError where the body does not fit a 16-bit length."""
    if len(body) > 0xFFFF:
        raise LocalProtocolError(f"item {item_type:02X}H of {len(body)} bytes does not fit its 16-bit length")
    return _ITEM_HEADER.pack(item_type, len(body)) + body


def _counted(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def encode_proposed_context(context: ProposedContext) -> bytes:
    """Item 20H."""
    body = bytes((context.context_id, 0, 0, 0)) + encode_item(ITEM_ABSTRACT_SYNTAX, encode_text(context.abstract_syntax))
    for transfer_syntax in context.transfer_syntaxes:
        body += encode_item(ITEM_TRANSFER_SYNTAX, encode_text(transfer_syntax))
    return encode_item(0x20, body)


def encode_context_result(context: ContextResult) -> bytes:
    """Item 21H."""
    body = bytes((context.context_id, 0, context.result, 0))
    return encode_item(0x21, body + encode_item(ITEM_TRANSFER_SYNTAX, encode_text(context.transfer_syntax)))


def encode_user_information(user: UserInformation) -> bytes:
    """Item 50H, its sub-items in ascending order of their type."""
    sub_items: list[tuple[int, bytes]] = [
        (ITEM_MAX_LENGTH, struct.pack(">I", user.max_pdu_length)),
        (ITEM_IMPLEMENTATION_CLASS_UID, encode_text(user.implementation_class_uid)),
    ]
    if user.asynchronous_window is not None:
        window = user.asynchronous_window
        sub_items.append((ITEM_ASYNCHRONOUS_WINDOW, struct.pack(">HH", window.invoked, window.performed)))
    sub_items += (
        (ITEM_ROLE_SELECTION, _counted(encode_text(role.sop_class_uid)) + bytes((role.scu, role.scp))) for role in user.roles
    )
    if user.implementation_version_name:
        sub_items.append((ITEM_IMPLEMENTATION_VERSION_NAME, encode_text(user.implementation_version_name)))
    sub_items += (
        (ITEM_EXTENDED_NEGOTIATION, _counted(encode_text(extended.sop_class_uid)) + extended.information)
        for extended in user.extended_negotiation
    )
    if user.user_identity is not None:
        identity = user.user_identity
        flags = bytes((identity.identity_type, identity.response_requested))
        sub_items.append((ITEM_USER_IDENTITY, flags + _counted(identity.primary) + _counted(identity.secondary)))
    if user.user_identity_response is not None:
        sub_items.append((ITEM_USER_IDENTITY_RESPONSE, _counted(user.user_identity_response)))
    return encode_item(0x50, b"".join(encode_item(item_type, body) for item_type, body in sub_items))


# --- reading


def decode_text(data: memoryview) -> str:
    """A UID or a name without its padding; never fails, because what it names is compared, not trusted."""
    return bytes(data).decode("latin-1").strip("\0 ")


def read_items(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and body of each item in turn. Raises MalformedPdu where an item reaches beyond ``data``."""
    position = 0
    while position < len(data):
        if position + 4 > len(data):
            raise malformed("the header of an item is cut")
        item_type, length = _ITEM_HEADER.unpack_from(data, position)
        end = position + 4 + length
        if end > len(data):
            raise malformed(f"item {item_type:02X}H of {length} bytes reaches beyond what holds it")
        yield item_type, data[position + 4 : end]
        position = end


def _read_counted(data: memoryview, position: int, item_type: int) -> tuple[memoryview, int]:
    """A field led by its 16-bit length, and the position after it."""
    start = position + 2
    if start > len(data):
        raise malformed(f"sub-item {item_type:02X}H is cut")
    end = start + _LENGTH.unpack_from(data, position)[0]
    if end > len(data):
        raise malformed(f"a field of sub-item {item_type:02X}H reaches beyond it")
    return data[start:end], end


def _require(data: memoryview, length: int, item_type: int) -> memoryview:
    if len(data) != length:
        raise malformed(f"sub-item {item_type:02X}H has {len(data)} bytes instead of {length}")
    return data


def decode_proposed_context(body: memoryview) -> ProposedContext:
    """Item 20H. Raises MalformedPdu on a cut item, an even id or no abstract syntax."""
    if len(body) < 4:
        raise malformed("presentation context item 20H is cut")
    abstract_syntax = ""
    transfer_syntaxes = []
    for item_type, sub_item in read_items(body[4:]):
        if item_type == ITEM_ABSTRACT_SYNTAX:
            abstract_syntax = decode_text(sub_item)
        elif item_type == ITEM_TRANSFER_SYNTAX:
            transfer_syntaxes.append(decode_text(sub_item))
    if body[0] % 2 == 0:
        raise malformed(f"presentation context id {body[0]} is not odd")
    if not abstract_syntax:
        raise malformed(f"presentation context {body[0]} has no abstract syntax")
    return ProposedContext(body[0], abstract_syntax, tuple(transfer_syntaxes))


def decode_context_result(body: memoryview) -> ContextResult:
    """Item 21H. Raises MalformedPdu on a cut item."""
    if len(body) < 4:
        raise malformed("presentation context item 21H is cut")
    transfer_syntax = ""
    for item_type, sub_item in read_items(body[4:]):
        if item_type == ITEM_TRANSFER_SYNTAX:
            transfer_syntax = decode_text(sub_item)
    return ContextResult(body[0], body[2], transfer_syntax)


def decode_user_information(body: memoryview) -> UserInformation:
    """Item 50H. Raises MalformedPdu on a sub-item that cannot be read; unknown ones are skipped."""
    max_pdu_length = DEFAULT_MAX_PDU_LENGTH
    class_uid = version_name = ""
    window: AsynchronousWindow | None = None
    roles: list[RoleSelection] = []
    extended: list[ExtendedNegotiation] = []
    identity: UserIdentity | None = None
    response: bytes | None = None
    for item_type, data in read_items(body):
        if item_type == ITEM_MAX_LENGTH:
            (max_pdu_length,) = struct.unpack(">I", _require(data, 4, item_type))
        elif item_type == ITEM_IMPLEMENTATION_CLASS_UID:
            class_uid = decode_text(data)
        elif item_type == ITEM_IMPLEMENTATION_VERSION_NAME:
            version_name = decode_text(data)
        elif item_type == ITEM_ASYNCHRONOUS_WINDOW:
            window = AsynchronousWindow(*struct.unpack(">HH", _require(data, 4, item_type)))
        elif item_type == ITEM_ROLE_SELECTION:
            uid, end = _read_counted(data, 0, item_type)
            flags = _require(data[end:], 2, item_type)
            roles.append(RoleSelection(decode_text(uid), flags[0] == 1, flags[1] == 1))
        elif item_type == ITEM_EXTENDED_NEGOTIATION:
            uid, end = _read_counted(data, 0, item_type)
            extended.append(ExtendedNegotiation(decode_text(uid), bytes(data[end:])))
        elif item_type == ITEM_USER_IDENTITY:
            identity = _decode_user_identity(data)
        elif item_type == ITEM_USER_IDENTITY_RESPONSE:
            response = bytes(_read_counted(data, 0, item_type)[0])
    return UserInformation(max_pdu_length, class_uid, version_name, window, tuple(roles), tuple(extended), identity, response)


def _decode_user_identity(data: memoryview) -> UserIdentity:
    if len(data) < 2:
        raise malformed("sub-item 58H is cut")
    primary, end = _read_counted(data, 2, ITEM_USER_IDENTITY)
    secondary, _ = _read_counted(data, end, ITEM_USER_IDENTITY)
    return UserIdentity(data[0], bytes(primary), bytes(secondary), data[1] == 1)

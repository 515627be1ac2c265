"""A-ASSOCIATE PDUs item by item (PS3.8 9.3.2, 9.3.3): written as no good sender would, and read as they came."""

import struct
from collections.abc import Iterable, Iterator, Sequence

from emulators.wire.items import (
    ITEM_ABSTRACT_SYNTAX,
    ITEM_IMPLEMENTATION_CLASS_UID,
    ITEM_MAX_LENGTH,
    ITEM_TRANSFER_SYNTAX,
    read_items,
)
from emulators.wire.pdu import ASSOCIATE_RQ, AssociateRequest

HEAD_BYTES = 68  # protocol version, titles, reserved: what stands before the items
RESERVED_AFTER_TITLES = 32

SubItem = tuple[int, bytes]


def item(item_type: int, body: bytes, reserved: int = 0) -> bytes:
    """One item or sub-item; ``reserved``: what its second byte holds."""
    return struct.pack(">BBH", item_type, reserved, len(body)) + body


def sub_items_of(request: AssociateRequest) -> list[SubItem]:
    """The two sub-items that every request has."""
    user = request.user_information
    return [
        (ITEM_MAX_LENGTH, struct.pack(">I", user.max_pdu_length)),
        (ITEM_IMPLEMENTATION_CLASS_UID, user.implementation_class_uid.encode()),
    ]


def written(
    request: AssociateRequest, *, sub_items: Sequence[SubItem] | None = None, items: Iterable[SubItem] = (), reserved: int = 0
) -> bytes:
    """The A-ASSOCIATE-RQ with these ``sub_items`` in its user information instead of the two that it needs, with these
    ``items`` more, and with ``reserved`` in every reserved byte."""
    contexts = b"".join(
        item(
            0x20,
            bytes((context.context_id, *(reserved,) * 3))
            + item(ITEM_ABSTRACT_SYNTAX, context.abstract_syntax.encode(), reserved)
            + b"".join(item(ITEM_TRANSFER_SYNTAX, one.encode(), reserved) for one in context.transfer_syntaxes),
            reserved,
        )
        for context in request.contexts
    )
    chosen = sub_items_of(request) if sub_items is None else sub_items
    user_information = b"".join(item(kind, body, reserved) for kind, body in chosen)
    body = (
        struct.pack(">HBB", request.protocol_version, reserved, reserved)
        + request.titles[:RESERVED_AFTER_TITLES]
        + bytes((reserved,)) * RESERVED_AFTER_TITLES
        + item(0x10, request.application_context_name.encode(), reserved)
        + b"".join(item(kind, one, reserved) for kind, one in items)
        + contexts
        + item(0x50, user_information, reserved)
    )
    return struct.pack(">BBI", ASSOCIATE_RQ, reserved, len(body)) + body


def with_sub_item(pdu: bytes, sub_item: SubItem) -> bytes:
    """An A-ASSOCIATE PDU with one sub-item more, the first in its user information."""
    body = memoryview(pdu)[6:]
    items = (item(kind, (item(*sub_item) if kind == 0x50 else b"") + bytes(one)) for kind, one in read_items(body[HEAD_BYTES:]))
    whole = bytes(body[:HEAD_BYTES]) + b"".join(items)
    return pdu[:2] + struct.pack(">I", len(whole)) + whole


def context_results(body: bytes) -> Iterator[tuple[int, int, list[str]]]:
    """Of an A-ASSOCIATE-AC that was read before: id, result and transfer syntaxes of each context item (21H)."""
    for kind, context in read_items(memoryview(body)[HEAD_BYTES:]):
        if kind == 0x21:
            syntaxes = [_text(one) for sub_kind, one in read_items(context[4:]) if sub_kind == ITEM_TRANSFER_SYNTAX]
            yield context[0], context[2], syntaxes


def user_sub_items(body: bytes) -> dict[int, list[bytes]]:
    """Of an A-ASSOCIATE-RQ or -AC that was read before: the sub-items of its user information, by type."""
    found: dict[int, list[bytes]] = {}
    for kind, information in read_items(memoryview(body)[HEAD_BYTES:]):
        if kind == 0x50:
            for sub_kind, one in read_items(information):
                found.setdefault(sub_kind, []).append(bytes(one))
    return found


def _text(data: memoryview) -> str:
    return bytes(data).decode("latin-1").rstrip("\0")

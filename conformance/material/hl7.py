"""HL7 messages that the cases send: rows of fields, with identifiers of the trial, and plain acknowledgements.

Built on emulators.wire.er7 alone, so that a case says in its own rows what it sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulators.core.errors import RemoteProtocolError
from emulators.wire.er7 import Field, Row, encode, header, row

SENT_AT = "20250303101500"
"""MSH-7 and other times of what is sent; the same in every run."""


@dataclass(frozen=True, slots=True)
class Addressing:
    """MSH-3 to MSH-6 and the version of a conversation."""

    sender: str
    sender_facility: str
    receiver: str
    receiver_facility: str
    version: str = "2.5.1"


def msh(addressing: Addressing, message_type: str, control_id: str, fields: Mapping[int, Field] | None = None) -> Row:
    """MSH; ``message_type`` such as ``ADT^A04^ADT_A01``; ``fields`` replaces or adds by number."""
    return row(
        "MSH",
        {
            3: addressing.sender,
            4: addressing.sender_facility,
            5: addressing.receiver,
            6: addressing.receiver_facility,
            7: SENT_AT,
            9: tuple(message_type.split("^")),
            10: control_id,
            11: "P",
            12: addressing.version,
            **(fields or {}),
        },
    )


def message(rows: Sequence[Row]) -> bytes:
    """The payload; text that does not fit MSH-18 is written as it stands in UTF-8 only where MSH-18 says so."""
    return encode(rows)


def acknowledgement(received: bytes, code: str, *, control_id: str = "", text: str = "") -> bytes | None:
    """ACK to a message in original mode; None where its MSH cannot be read. ``control_id`` answers another message."""
    try:
        head = header(received)
    except RemoteProtocolError:
        return None
    own = f"ACK{head.component(10, 1)}"[:20]
    rows: list[Row] = [
        row(
            "MSH",
            {
                3: head.component(5, 1),
                4: head.component(6, 1),
                5: head.component(3, 1),
                6: head.component(4, 1),
                7: SENT_AT,
                9: ("ACK", head.component(9, 2), "ACK"),
                10: own,
                11: head.component(11, 1),
                12: head.component(12, 1),
            },
        ),
        row("MSA", {1: code, 2: control_id or head.component(10, 1), 3: text}),
    ]
    return encode(rows, encoding="utf-8")

"""One HL7 connection: is a message answered, by an acknowledgement, and for that message.

What is sent is an application status query, NMQ^N01 (HL7 chapter 14): it changes nothing, and a system that does not know it
says so in its acknowledgement, which is all that is wanted.
"""

import socket
import time

from emulators.core.errors import RemoteProtocolError
from emulators.doctor.finding import ANSWER_LIMIT_S, CONNECT_LIMIT_S, Finding, Health, unreachable
from emulators.wire import er7
from emulators.wire.mllp import Deframer, Frame, frame


def examine(
    address: tuple[str, int],
    sending_application: str,
    receiving_application: str,
    facility: str,
    version: str,
    stamp: str,
    limits_s: tuple[float, float] = (CONNECT_LIMIT_S, ANSWER_LIMIT_S),
) -> Finding:
    """``stamp`` is MSH-7; ``limits_s`` to connect and to answer."""
    try:
        connection = socket.create_connection(address, timeout=limits_s[0])
    except OSError as error:
        return unreachable(error, address)
    with connection:
        connection.settimeout(limits_s[1])
        control_id = f"DOCTOR{stamp}"  # a used one could be refused
        query = _query(control_id, sending_application, receiving_application, facility, version, stamp)
        began = time.monotonic()
        try:
            connection.sendall(frame(query))
            payload, noise = _answer(connection)
        except TimeoutError:
            return Finding(
                Health.BROKEN, "no ACK", f"nothing came in {limits_s[1]:g} s: is it an HL7 port, and does it acknowledge?"
            )
        except OSError as error:
            return Finding(Health.BROKEN, "connection lost", f"the peer closed instead of answering ({error.strerror})")
    if payload is None:
        advice = "the peer sent something that is not MLLP: is it another protocol's port?" if noise else _CLOSED
        return Finding(Health.BROKEN, "no ACK", advice)
    return _judged(payload, control_id, (time.monotonic() - began) * 1000)


_CLOSED = "the peer closed the connection without an answer: it may not know the sending application, or this host"


def _query(control_id: str, sender: str, receiver: str, facility: str, version: str, stamp: str) -> bytes:
    """NMQ^N01 with an NCK that asks for the time (14.3.1)."""
    header: dict[int, er7.Field] = {
        3: sender,
        4: facility,
        5: receiver,
        6: facility,
        7: stamp,
        9: ("NMQ", "N01"),
        10: control_id,
        11: "P",
        12: version,
    }
    return er7.encode([er7.row("MSH", header), er7.row("NCK", {1: stamp})])


def _answer(connection: socket.socket) -> tuple[bytes | None, bool]:
    """The first frame, or None when the peer closed; and whether bytes came that were no frame."""
    deframer = Deframer()
    came = False
    while data := connection.recv(65_536):
        came = True
        for event in deframer.receive(data):
            if isinstance(event, Frame):
                return event.payload, False
    return None, came


def _judged(payload: bytes, query_id: str, took_ms: float) -> Finding:
    try:
        message = er7.parse(payload)
        msa = message.required("MSA")
    except RemoteProtocolError as error:
        return Finding(Health.BROKEN, "not an ACK", f"an answer came that cannot be read: {error}")
    code, control_id = msa.component(1, 1), msa.component(2, 1)
    if control_id != query_id:
        advice = "the acknowledgement is for another message (MSA-2): its senders will take it for their own"
        return Finding(Health.BROKEN, "ACK for another message", advice)
    if code in ("AA", "CA"):
        return Finding(Health.GOOD, f"{code} {took_ms:.1f} ms")
    if code in ("AR", "CR", "AE", "CE"):
        err = message.first("ERR")
        reason = (err.component(3, 1) or err.component(1, 4)) if err is not None else msa.component(6, 1)
        if reason in ("", "200", "201"):  # it reads HL7, and does not know this query
            return Finding(Health.GOOD, f"answered {took_ms:.1f} ms")
        return Finding(Health.BROKEN, f"NAK {code} {reason}", _NAKS.get(reason, "the peer refuses the header of the message"))
    return Finding(Health.BROKEN, "not an ACK", "MSA-1 is no acknowledgement code")


_NAKS = {
    "203": "the peer does not take this HL7 version: compare hl7_version",
    "202": "the peer does not take production messages (MSH-11 P)",
    "207": "the peer cannot take the message: does it know the sending application?",
}

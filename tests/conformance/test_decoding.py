"""Records of connections, made by hand, and what conformance/decoding.py reads in them."""

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from conformance.decoding import Item, ReadHl7, ReadMessage, ReadPdu, Unread, decoded
from conformance.taps import Protocol, Taps
from emulators.wire.commands import VERIFICATION, c_echo_rq, c_store_rq, response
from emulators.wire.dimse import encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.mllp import frame
from emulators.wire.negotiation import AcceptorPolicy, negotiate, propose
from emulators.wire.pdu import AssociateAccept, ReleaseReply, ReleaseRequest, encode

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
REQUEST = propose("THEM", "US", [(VERIFICATION, [EXPLICIT]), (CT, [EXPLICIT])])
ACCEPT = negotiate(REQUEST, AcceptorPolicy("THEM", {VERIFICATION: [EXPLICIT], CT: [EXPLICIT]}))


def items_of(*pieces: tuple[str, bytes], protocol: Protocol = "dicom") -> list[Item]:
    """Each piece a record of its own, from number 2 on: ``>`` to the product, ``<`` from it."""
    taps = Taps(StringIO())
    tap = taps.open("some.case", protocol, "tester", "modality", "127.0.0.1:1")
    for way, data in pieces:
        (tap.sent if way == ">" else tap.received)(data)
    tap.closed("by the tester")
    [(_, items)] = decoded(taps.connections, taps.records)
    return items


def messages(*pieces: tuple[str, bytes]) -> list[ReadMessage]:
    return [item for item in items_of(*pieces) if isinstance(item, ReadMessage)]


def sent(context_id: int, command: bytes, data: bytes | None = None) -> bytes:
    return b"".join(map(bytes, fragment(context_id, command, None if data is None else [data], 4096)))


def opening() -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    assert isinstance(ACCEPT, AssociateAccept)
    return (">", encode(REQUEST)), ("<", encode(ACCEPT))


def test_pdus_and_the_messages_in_them_name_their_records() -> None:
    echo = c_echo_rq(7)
    request, accept = opening()
    store = sent(3, encode_command(c_store_rq(8, CT, "1.2.3")), bytes(10_000))
    items = items_of(
        (">", request[1][:9]),
        (">", request[1][9:]),
        accept,
        (">", sent(1, encode_command(echo)) + store[:100]),
        (">", store[100:]),
        ("<", sent(1, encode_command(response(echo, 0)))),
        (">", encode(ReleaseRequest())),
        ("<", encode(ReleaseReply())),
    )
    seen = [(item.name, item.way == "to product", item.records) for item in items]
    assert seen == [
        ("A-ASSOCIATE-RQ", True, (2, 3)),
        ("A-ASSOCIATE-AC", False, (4,)),
        ("P-DATA-TF", True, (5,)),
        ("C-ECHO-RQ", True, (5,)),
        ("P-DATA-TF", True, (5, 6)),
        ("P-DATA-TF", True, (6,)),
        ("P-DATA-TF", True, (6,)),
        ("P-DATA-TF", True, (6,)),
        ("C-STORE-RQ", True, (5, 6)),
        ("P-DATA-TF", False, (7,)),
        ("C-ECHO-RSP", False, (7,)),
        ("A-RELEASE-RQ", True, (8,)),
        ("A-RELEASE-RP", False, (9,)),
    ]
    stored = next(item for item in items if isinstance(item, ReadMessage) and item.name == "C-STORE-RQ")
    assert (stored.abstract_syntax, stored.transfer_syntax, stored.data) == (CT, EXPLICIT, bytes(10_000))
    assert not any(item.fault for item in items if not isinstance(item, ReadHl7))


def test_a_data_set_that_no_command_announces_is_a_fault() -> None:
    [echo, rest] = messages(*opening(), ("<", sent(1, encode_command(c_echo_rq(1)), b"data")))
    assert (echo.fault, echo.data) == ("", None)
    assert (rest.fault, rest.data, rest.command) == ("a data set that no command announces", b"data", None)


def test_an_announced_data_set_that_does_not_come_is_a_fault() -> None:
    store, echo = encode_command(c_store_rq(1, CT, "1.2.3")), encode_command(c_echo_rq(2))
    [first, second] = messages(*opening(), ("<", sent(3, store) + sent(1, echo)))
    assert first.fault == "the data set that the command announces does not come"
    assert (second.name, second.fault) == ("C-ECHO-RQ", "")


def test_a_command_set_that_cannot_be_read_is_kept_with_its_bytes() -> None:
    [message] = messages(*opening(), ("<", sent(1, b"\x08\0\0\0\0\0\0\0")))
    assert message.command is None
    assert message.command_bytes == b"\x08\0\0\0\0\0\0\0"
    assert "group 0000H" in message.fault


def test_what_is_cut_is_left_over() -> None:
    items = items_of(*opening(), (">", sent(3, encode_command(c_store_rq(1, CT, "1.2.3")), bytes(100))[:-20]))
    [message, cut] = [item for item in items if isinstance(item, Unread)]
    assert "ended inside the message" in message.fault
    assert "no whole PDU" in cut.fault


def test_an_unknown_pdu_is_kept_with_what_is_wrong() -> None:
    [pdu] = items_of((">", b"\x99\0\0\0\0\x04abcd"))
    assert isinstance(pdu, ReadPdu)
    assert (pdu.name, pdu.body, pdu.pdu) == ("PDU of type 99H", b"abcd", None)
    assert "unknown" in pdu.fault


def test_hl7_messages_are_taken_out_of_their_frames() -> None:
    both = frame(b"MSH|1") + frame(b"MSH|2")
    first, second, answer, noise = items_of(
        (">", both[:4]), (">", both[4:]), (">", b"x"), ("<", frame(b"ACK")), protocol="mllp"
    )[:4]
    assert [(one.payload, one.records) for one in (first, second, answer) if isinstance(one, ReadHl7)] == [
        (b"MSH|1", (2, 3)),
        (b"MSH|2", (3,)),
        (b"ACK", (5,)),
    ]
    assert isinstance(noise, Unread)
    assert noise.records == (4,)


@given(st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=60))), st.sampled_from(["dicom", "mllp"]))
def test_it_never_raises(pieces: list[tuple[str, bytes]], protocol: Protocol) -> None:
    items_of(*pieces, protocol=protocol)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_it_does_not_matter_how_the_bytes_were_cut(garbage: bytes, size: int) -> None:
    stream = sent(1, encode_command(c_echo_rq(1))) + sent(3, encode_command(c_store_rq(2, CT, "1.2")), garbage) + garbage
    pieces = [("<", stream[start : start + size]) for start in range(0, len(stream), size)]

    def told(items: list[Item]) -> list[tuple[str, bytes]]:
        return [(item.name, item.body if isinstance(item, ReadPdu) else b"") for item in items]

    assert told(items_of(*opening(), *pieces)) == told(items_of(*opening(), ("<", stream)))

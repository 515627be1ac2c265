"""PDUs against golden bytes, hostile bytes and any cut of the stream."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError
from emulators.wire.items import (
    AsynchronousWindow,
    ContextResult,
    ExtendedNegotiation,
    MalformedPdu,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from emulators.wire.pdu import (
    ASSOCIATE_LENGTH_MAX,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    DataTransfer,
    DataValue,
    Pdu,
    PduCutter,
    ReleaseReply,
    ReleaseRequest,
    decode,
    encode,
)
from tests.wire import golden_dicom as golden
from tests.wire.golden_checks_pdus import DCMTK_INFORMATION, IMPLICIT, PYNETDICOM_ACCEPT, PYNETDICOM_REQUEST, read

# Golden bytes that are read as the value and written from it.
GOLDEN: list[tuple[bytes, Pdu]] = [
    (golden.PYNETDICOM_ASSOCIATE_RQ, PYNETDICOM_REQUEST),
    (golden.PYNETDICOM_ASSOCIATE_AC, PYNETDICOM_ACCEPT),
    (
        golden.DCMTK_ECHO_ASSOCIATE_AC,
        AssociateAccept(b"STORE_SCP       ECHO_SCU        " + bytes(32), (ContextResult(1, 0, IMPLICIT),), DCMTK_INFORMATION),
    ),
    (golden.DCMTK_REFUSED, AssociateReject(1, 1, 1)),
    (golden.DCMTK_WRONG_CALLED_AE_TITLE, AssociateReject(1, 1, 7)),
    (golden.DCMTK_RELEASE_RQ, ReleaseRequest()),
    (golden.DCMTK_RELEASE_RP, ReleaseReply()),
    (golden.DCMTK_ABORT, Abort(0, 0)),
    (golden.PYNETDICOM_ABORT, Abort(2, 2)),
]


@pytest.mark.parametrize(("data", "value"), GOLDEN, ids=[type(value).__name__ for _, value in GOLDEN])
def test_golden_pdus_are_read_and_written(data: bytes, value: Pdu) -> None:
    assert read(data) == value
    assert encode(value) == data


def test_associate_request_of_dcmtk_is_read_and_only_its_reserved_byte_is_written_differently() -> None:
    request = read(golden.DCMTK_ECHO_ASSOCIATE_RQ)
    assert request == AssociateRequest(
        "STORE_SCP", "ECHO_SCU", (ProposedContext(1, "1.2.840.10008.1.1", (IMPLICIT,)),), DCMTK_INFORMATION
    )
    reserved = golden.DCMTK_ECHO_ASSOCIATE_RQ.index(b"\x01\x00\xff\x00")
    expected = bytearray(golden.DCMTK_ECHO_ASSOCIATE_RQ)
    expected[reserved + 2] = 0
    assert encode(request) == expected


def test_user_identity_of_dcmtk_is_read() -> None:
    request = read(golden.DCMTK_USER_IDENTITY_ASSOCIATE_RQ)
    assert isinstance(request, AssociateRequest)
    assert request.user_information.user_identity == UserIdentity(2, b"user", b"secret")
    assert "secret" not in repr(request)


@pytest.mark.parametrize("name", ["DCMTK_ECHO_RQ", "DCMTK_STORE_RQ_DATA_SET", "DCMTK_MOVE_RSP_FINAL"])
def test_data_transfer_of_dcmtk_is_read_and_written(name: str) -> None:
    data: bytes = getattr(golden, name)
    transfer = read(data)
    assert isinstance(transfer, DataTransfer)
    (value,) = transfer.values
    assert value.is_command == (name != "DCMTK_STORE_RQ_DATA_SET")
    assert value.is_last
    assert value.data == data[12:]
    assert encode(transfer) == data


# --- tolerance


def test_unknown_items_reserved_bytes_and_order_of_sub_items_do_not_matter() -> None:
    sub_items = [
        b"\x7f\xff\x00\x03abc",
        b"\x55\xff\x00\x04NAME",
        b"\x52\xff\x00\x051.2.3",
        b"\x51\xff\x00\x04\x00\x00\x40\x00",
    ]
    user_information = b"".join(sub_items)
    context = b"\x01\xff\xff\xff" + b"\x40\xff\x00\x05" + b"1.2.5" + b"\x7f\xff\x00\x00" + b"\x30\xff\x00\x05" + b"1.2.4"
    items = (
        b"\x50\xff" + struct.pack(">H", len(user_information)) + user_information
        + b"\x7f\xff\x00\x02??"
        + b"\x20\xff" + struct.pack(">H", len(context)) + context
        + b"\x10\xff\x00\x15" + b"1.2.840.10008.3.1.1.1"
    )  # fmt: skip
    body = b"\x00\x01\xff\xff" + b"  CALLED".ljust(16) + b" CALLING ".ljust(16) + b"\xff" * 32 + items
    assert decode(1, memoryview(body)) == AssociateRequest(
        "CALLED", "CALLING", (ProposedContext(1, "1.2.4", ("1.2.5",)),), UserInformation(16384, "1.2.3", "NAME")
    )


def test_an_accept_sends_back_the_64_bytes_of_the_request() -> None:
    titles = b"  CALLED        " + b" CALLING        " + b"\x07" * 32
    request = decode(1, memoryview(b"\x00\x01\x00\x00" + titles))
    assert isinstance(request, AssociateRequest)
    assert request.called_ae_title == "CALLED"
    assert encode(AssociateAccept(request.titles, (), DCMTK_INFORMATION))[10:74] == titles


# --- faults of the peer


@pytest.mark.parametrize(
    ("pdu_type", "body"),
    [
        (1, bytes(67)),
        (1, bytes(68) + b"\x10\x00\x00"),
        (1, bytes(68) + b"\x10\x00\x00\x09short"),
        (1, bytes(68) + b"\x20\x00\x00\x02\x01\x00"),
        (1, bytes(68) + b"\x20\x00\x00\x04\x01\x00\x00\x00"),
        (1, bytes(68) + b"\x20\x00\x00\x09\x02\x00\x00\x00\x30\x00\x00\x011"),
        (1, bytes(68) + 2 * b"\x20\x00\x00\x09\x01\x00\x00\x00\x30\x00\x00\x011"),
        (1, bytes(68) + b"\x50\x00\x00\x07\x51\x00\x00\x03\x00\x00\x00"),
        (1, bytes(68) + b"\x50\x00\x00\x06\x53\x00\x00\x02\x00\x00"),
        (1, bytes(68) + b"\x50\x00\x00\x06\x54\x00\x00\x02\x00\x09"),
        (1, bytes(68) + b"\x50\x00\x00\x05\x58\x00\x00\x01\x02"),
        (2, bytes(68) + b"\x21\x00\x00\x02\x01\x00"),
        (2, bytes(68) + b"\x50\x00\x00\x05\x59\x00\x00\x01\x00"),
        (3, bytes(3)),
        (4, b""),
        (4, b"\x00\x00\x00\x02\x01"),
        (4, b"\x00\x00\x00\x01\x01" + b"\x00\x00\x00\x02\x01\x03"),
        (4, b"\x00\x00\x00\x09\x01\x03abcdef"),
        (7, bytes(5)),
    ],
)
def test_a_body_that_cannot_be_is_malformed_with_reason_6(pdu_type: int, body: bytes) -> None:
    with pytest.raises(MalformedPdu) as caught:
        decode(pdu_type, memoryview(body))
    assert caught.value.abort_reason == 6
    rebuilt = type(caught.value)(*caught.value.args)
    assert rebuilt.abort_reason == 6


@given(st.integers(1, 7), st.binary(max_size=300))
def test_random_bodies_raise_nothing_but_malformed_pdu(pdu_type: int, body: bytes) -> None:
    with contextlib.suppress(MalformedPdu):
        decode(pdu_type, memoryview(body))


@given(st.data())
def test_flipped_bytes_of_a_golden_request_raise_nothing_but_malformed_pdu(data: st.DataObject) -> None:
    body = bytearray(golden.PYNETDICOM_ASSOCIATE_RQ[6:])
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedPdu):
        decode(1, memoryview(body))


# --- faults of our own


@pytest.mark.parametrize("title", ["", "   ", "SEVENTEEN_LETTERS", "ÄRZTE"])
def test_an_ae_title_that_cannot_be_written_is_a_local_error(title: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode(AssociateRequest(title, "CALLING", (), DCMTK_INFORMATION))


def test_an_item_beyond_its_16_bit_length_is_a_local_error() -> None:
    information = UserInformation(0, "1.2", user_identity=UserIdentity(4, bytes(65535)))
    with pytest.raises(LocalProtocolError):
        encode(AssociateRequest("CALLED", "CALLING", (), information))


# --- round trips

uids = st.text("0123456789.", min_size=1, max_size=64)
titles = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=16)
user_information = st.builds(
    UserInformation,
    st.integers(0, 2**32 - 1),
    uids,
    titles,
    st.none() | st.builds(AsynchronousWindow, st.integers(0, 65535), st.integers(0, 65535)),
    st.lists(st.builds(RoleSelection, uids, st.booleans(), st.booleans()), max_size=3).map(tuple),
    st.lists(st.builds(ExtendedNegotiation, uids, st.binary(max_size=9)), max_size=3).map(tuple),
    st.none() | st.builds(UserIdentity, st.integers(1, 5), st.binary(max_size=9), st.binary(max_size=9), st.booleans()),
    st.none() | st.binary(max_size=9),
)
proposed = st.lists(
    st.builds(
        ProposedContext,
        st.integers(0, 127).map(lambda index: 2 * index + 1),
        uids,
        st.lists(uids, min_size=1, max_size=4).map(tuple),
    ),
    max_size=5,
    unique_by=lambda context: context.context_id,
).map(tuple)
results = st.lists(st.builds(ContextResult, st.integers(0, 255), st.integers(0, 4), uids), max_size=5).map(tuple)
values = st.builds(DataValue, st.integers(0, 255), st.booleans(), st.booleans(), st.binary(max_size=40).map(memoryview))
byte = st.integers(0, 255)
pdus: st.SearchStrategy[Pdu] = st.one_of(
    st.builds(AssociateRequest, titles, titles, proposed, user_information, uids, st.integers(0, 65535)),
    st.builds(AssociateAccept, st.binary(min_size=64, max_size=64), results, user_information),
    st.builds(AssociateReject, byte, byte, byte),
    st.builds(DataTransfer, st.lists(values, min_size=1, max_size=4).map(tuple)),
    st.just(ReleaseRequest()),
    st.just(ReleaseReply()),
    st.builds(Abort, byte, byte),
)


@given(pdus)
def test_every_pdu_survives_writing_and_reading(pdu: Pdu) -> None:
    assert read(encode(pdu)) == pdu


@given(st.lists(pdus, max_size=5), st.data())
def test_any_cut_of_the_stream_gives_the_same_pdus(sent: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    cutter, received = PduCutter(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        cutter.feed(stream[start:end])
        bodies = []  # judged only after the whole piece: a body must outlive the PDUs behind it
        while (found := cutter.next_pdu()) is not None:
            bodies.append(found)
        received += [encode(decode(*found)) for found in bodies]
    assert received == [encode(pdu) for pdu in sent]


# --- the cutter


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("99 00 00000004", 1),
        ("00 00 00000004", 1),
        ("04 00 ffffffff", 6),
        ("01 00 ffffffff", 6),
        ("01 00 00100001", 6),
        ("05 00 00000005", 6),
    ],
)
def test_a_header_is_judged_before_its_body_has_come(header: str, reason: int) -> None:
    whole = bytes.fromhex(header)
    cutter = PduCutter()
    cutter.feed(whole[:5])
    assert cutter.next_pdu() is None
    cutter.feed(whole[5:])
    with pytest.raises(MalformedPdu) as caught:
        cutter.next_pdu()
    assert caught.value.abort_reason == reason


def test_a_data_transfer_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    cutter = PduCutter()
    cutter.max_p_data_length = 100
    cutter.feed(struct.pack(">BxI", 4, 100) + bytes(100) + struct.pack(">BxI", 4, 101))
    assert cutter.next_pdu() is not None
    with pytest.raises(MalformedPdu):
        cutter.next_pdu()
    assert ASSOCIATE_LENGTH_MAX > 128 * 64 * 60


def test_feeding_before_the_last_piece_is_used_up_is_a_local_error() -> None:
    cutter = PduCutter()
    cutter.feed(golden.DCMTK_ABORT)
    with pytest.raises(LocalProtocolError):
        cutter.feed(golden.DCMTK_ABORT)


def test_payload_inside_one_piece_is_not_copied() -> None:
    piece = bytearray(golden.DCMTK_STORE_RQ_DATA_SET)
    cutter = PduCutter()
    cutter.feed(piece)
    found = cutter.next_pdu()
    assert found is not None
    assert found[1].obj is piece

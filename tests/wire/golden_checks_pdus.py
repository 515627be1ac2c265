"""PDUs of the upper layer and their items against golden bytes."""

from dataclasses import replace

from emulators.wire.items import (
    AsynchronousWindow,
    ContextResult,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UserIdentity,
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
    read_items,
)
from emulators.wire.pdu import (
    Abort,
    AssociateAccept,
    AssociateRequest,
    DataTransfer,
    DataValue,
    Pdu,
    PduCutter,
    ReleaseReply,
    ReleaseRequest,
    decode,
    decode_data_transfer,
    encode,
    encode_ae_title,
)
from tests.wire.golden_check import golden

CT, COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.22"
COMMITMENT, STUDY_FIND = "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.1.2.2.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"

DCMTK_INFORMATION = UserInformation(16384, "1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367")

PYNETDICOM_REQUEST = AssociateRequest(
    "CALLED",
    "CALLING",
    (ProposedContext(1, CT, (EXPLICIT, IMPLICIT)), ProposedContext(3, COMMITMENT, (IMPLICIT,))),
    UserInformation(
        32768,
        "1.2.826.0.1.3680043.9.3811.3.0.4",
        "PYNETDICOM_304",
        AsynchronousWindow(3, 2),
        (RoleSelection(COMMITMENT, scu=True, scp=True),),
        (ExtendedNegotiation(STUDY_FIND, b"\x01\x01\x00"),),
        UserIdentity(2, b"user", b"secret", response_requested=True),
    ),
)

PYNETDICOM_ACCEPT = AssociateAccept(
    PYNETDICOM_REQUEST.titles,
    (ContextResult(1, 0, IMPLICIT), ContextResult(3, 3, IMPLICIT)),
    replace(
        PYNETDICOM_REQUEST.user_information,
        asynchronous_window=AsynchronousWindow(1, 1),
        user_identity=None,
        user_identity_response=b"token",
    ),
)


def read(data: bytes) -> Pdu:
    """The one PDU in these bytes."""
    cutter = PduCutter()
    cutter.feed(data)
    found = cutter.next_pdu()
    assert found is not None
    assert cutter.next_pdu() is None
    return decode(*found)


def read_request(data: bytes) -> AssociateRequest:
    """The A-ASSOCIATE-RQ in these bytes."""
    request = read(data)
    assert isinstance(request, AssociateRequest)
    return request


@golden(
    "PYNETDICOM_ASSOCIATE_RQ PYNETDICOM_ASSOCIATE_AC",
    holds="""pdu.encode pdu.decode pdu.AssociateRequest pdu.AssociateRequest.titles pdu.AssociateAccept
    pdu.PduCutter pdu.PduCutter.feed pdu.PduCutter.next_pdu items.UserInformation items.AsynchronousWindow
    items.RoleSelection items.ExtendedNegotiation items.UserIdentity items.ProposedContext items.ContextResult""",
)
def association_of_pynetdicom(request_pdu: bytes, accept_pdu: bytes) -> None:
    for value, data in ((PYNETDICOM_REQUEST, request_pdu), (PYNETDICOM_ACCEPT, accept_pdu)):
        assert read(data) == value
        assert encode(value) == data


@golden(
    "PYNETDICOM_ASSOCIATE_RQ PYNETDICOM_ASSOCIATE_AC",
    holds="""items.read_items items.encode_item items.encode_text items.decode_text pdu.encode_ae_title
    items.decode_proposed_context items.encode_proposed_context items.decode_context_result items.encode_context_result
    items.decode_user_information items.encode_user_information""",
)
def items_of_pynetdicom(request_pdu: bytes, accept_pdu: bytes) -> None:
    assert encode_ae_title("CALLED") + encode_ae_title("CALLING") == request_pdu[10:42]
    for data in (request_pdu, accept_pdu):
        name, *_ = found = list(read_items(memoryview(data)[74:]))
        assert name[0] == 0x10
        assert decode_text(name[1]) == "1.2.840.10008.3.1.1.1"
        assert encode_text("1.2.840.10008.3.1.1.1") == bytes(name[1])
        assert b"".join(encode_item(item_type, bytes(body)) for item_type, body in found) == data[74:]
    request, accept = list(read_items(memoryview(request_pdu)[74:])), list(read_items(memoryview(accept_pdu)[74:]))
    assert [item_type for item_type, _ in request + accept] == [0x10, 0x20, 0x20, 0x50, 0x10, 0x21, 0x21, 0x50]
    proposed = decode_proposed_context(request[1][1])
    assert proposed == ProposedContext(1, CT, (EXPLICIT, IMPLICIT))
    assert encode_proposed_context(proposed)[4:] == request[1][1]
    result = decode_context_result(accept[2][1])
    assert result == ContextResult(3, 3, IMPLICIT)
    assert encode_context_result(result)[4:] == accept[2][1]
    for information in (request[3][1], accept[3][1]):
        assert encode_user_information(decode_user_information(information))[4:] == information
    assert decode_user_information(request[3][1]).user_identity == UserIdentity(2, b"user", b"secret", True)
    assert decode_user_information(accept[3][1]).user_identity_response == b"token"


@golden("PYNETDICOM_COMMON_EXTENDED_ASSOCIATE_RQ", holds="items.ExtendedNegotiation items.decode_user_information")
def common_extended_negotiation_is_skipped_and_what_follows_is_read(request_pdu: bytes) -> None:
    """57H is not needed to answer: PS3.7 D.3.3.6 has no answer to it."""
    assert read_request(request_pdu) == AssociateRequest(
        "CALLED",
        "CALLING",
        (ProposedContext(1, COMPREHENSIVE_SR, (EXPLICIT,)),),
        UserInformation(
            16382,
            "1.2.826.0.1.3680043.9.3811.3.0.4",
            extended_negotiation=(ExtendedNegotiation(COMPREHENSIVE_SR, b"\x02\x00\x03\x00\x01\x00"),),
        ),
    )


@golden("PYNETDICOM_TWO_VALUES_PDU DCMTK_ECHO_RQ", holds="pdu.DataTransfer pdu.DataValue pdu.decode_data_transfer")
def data_values(two_values: bytes, echo: bytes) -> None:
    transfer = decode_data_transfer(memoryview(two_values)[6:])
    first, second = transfer.values
    assert (first.context_id, first.is_command, first.is_last, len(first.data)) == (1, True, False, 20)
    assert (second.context_id, second.is_command, second.is_last, len(second.data)) == (1, True, True, 48)
    assert encode(transfer) == two_values
    assert encode(DataTransfer((DataValue(1, True, True, memoryview(echo)[12:]),))) == echo
    assert read(echo) == DataTransfer((DataValue(1, True, True, memoryview(echo)[12:]),))


@golden("DCMTK_RELEASE_RQ DCMTK_RELEASE_RP DCMTK_ABORT PYNETDICOM_ABORT", holds="pdu.ReleaseRequest pdu.ReleaseReply pdu.Abort")
def pdus_of_fixed_length(release_rq: bytes, release_rp: bytes, abort: bytes, provider_abort: bytes) -> None:
    values: list[tuple[Pdu, bytes]] = [
        (ReleaseRequest(), release_rq),
        (ReleaseReply(), release_rp),
        (Abort(0, 0), abort),
        (Abort(2, 2), provider_abort),
    ]
    for value, data in values:
        assert read(data) == value
        assert encode(value) == data


@golden("DCMTK_ECHO_ASSOCIATE_RQ DCMTK_ECHO_ASSOCIATE_AC", holds="pdu.PduCutter.discard")
def what_is_discarded_leaves_no_trace(request_pdu: bytes, accept_pdu: bytes) -> None:
    cutter = PduCutter()
    cutter.feed(request_pdu[:100])
    assert cutter.next_pdu() is None
    cutter.discard()
    cutter.feed(accept_pdu)
    found = cutter.next_pdu()
    assert found is not None
    assert (found[0], bytes(found[1])) == (2, accept_pdu[6:])

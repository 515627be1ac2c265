"""The protocol machine: every cell of PS3.8 Table 9-10, both ends joined, limits, and hostile streams."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.fsm import TRANSITION_TABLE as PYNETDICOM_TABLE

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.wire.association_events import (
    Aborted,
    AssociationAccepted,
    AssociationRejected,
    AssociationRequested,
    CloseTransport,
    Event,
    Released,
    ReleaseRequested,
    StartArtim,
)
from emulators.wire.items import UserInformation
from emulators.wire.negotiation import LOCAL_LIMIT_EXCEEDED, negotiate, propose
from emulators.wire.pdu import (
    Abort,
    AssociateReject,
    DataTransfer,
    DataValue,
    ReleaseReply,
    ReleaseRequest,
    encode,
)
from emulators.wire.upper_layer import EVENTS, STATES, TRANSITIONS, Association
from tests.wire import golden_dicom as golden
from tests.wire.fake_wire import (
    CT_CONTEXT,
    POLICY,
    REFUSED_CONTEXT,
    VERIFICATION_CONTEXT,
    accept,
    acceptor_in_sta2,
    established,
    hand_over,
    outgoing,
    request,
    requestor_in_sta5,
)

PROPOSAL = request()
RELEASE_RQ, RELEASE_RP = encode(ReleaseRequest()), encode(ReleaseReply())
DATA = encode(DataTransfer((DataValue(CT_CONTEXT, True, True, memoryview(b"x")),)))


# --- one association in each state, and one cause for each event


def sta3() -> Association:
    association = acceptor_in_sta2()
    association.receive(encode(PROPOSAL))
    list(association.events())
    return association


def sta4() -> Association:
    association = Association()
    association.request(PROPOSAL)
    return association


def sta7(is_requestor: bool = True) -> Association:
    association = established()[0 if is_requestor else 1]
    association.release()
    return association


def after(association: Association, received: bytes) -> Association:
    association.receive(received)
    list(association.events())
    return association


def sta11() -> Association:
    association = after(sta7(), RELEASE_RQ)
    association.respond_to_release()
    return association


def sta13() -> Association:
    association = established()[0]
    association.abort()
    return association


IN_STATE: dict[str, Callable[[], Association]] = {
    "Sta1": Association,
    "Sta2": acceptor_in_sta2,
    "Sta3": sta3,
    "Sta4": sta4,
    "Sta5": requestor_in_sta5,
    "Sta6": lambda: established()[0],
    "Sta7": sta7,
    "Sta8": lambda: after(established()[1], RELEASE_RQ),
    "Sta9": lambda: after(sta7(), RELEASE_RQ),
    "Sta10": lambda: after(sta7(is_requestor=False), RELEASE_RQ),
    "Sta11": sta11,
    "Sta12": lambda: after(after(sta7(is_requestor=False), RELEASE_RQ), RELEASE_RP),
    "Sta13": sta13,
}


def confirm_transport(association: Association) -> None:
    association.is_requestor = True
    association.transport_connected()


def indicate_transport(association: Association) -> None:
    association.is_requestor = False
    association.transport_connected()


CAUSE: dict[str, Callable[[Association], None]] = {
    "Evt1": lambda association: association.request(PROPOSAL),
    "Evt2": confirm_transport,
    "Evt3": lambda association: association.receive(encode(accept(PROPOSAL))),
    "Evt4": lambda association: association.receive(encode(LOCAL_LIMIT_EXCEEDED)),
    "Evt5": indicate_transport,
    "Evt6": lambda association: association.receive(encode(PROPOSAL)),
    "Evt7": lambda association: association.respond(accept(PROPOSAL)),
    "Evt8": lambda association: association.respond(LOCAL_LIMIT_EXCEEDED),
    "Evt9": lambda association: association.send_data(CT_CONTEXT, b"xy"),
    "Evt10": lambda association: association.receive(DATA),
    "Evt11": lambda association: association.release(),
    "Evt12": lambda association: association.receive(RELEASE_RQ),
    "Evt13": lambda association: association.receive(RELEASE_RP),
    "Evt14": lambda association: association.respond_to_release(),
    "Evt15": lambda association: association.abort(),
    "Evt16": lambda association: association.receive(encode(Abort(2, 1))),
    "Evt17": lambda association: association.transport_closed(),
    "Evt18": lambda association: association.artim_expired(),
    "Evt19": lambda association: association.receive(bytes.fromhex("990000000004")),
}
LOCAL_EVENTS = {"Evt1", "Evt2", "Evt5", "Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15"}

# PS3.8 Tables 9-6 to 9-9: next states, first bytes of the PDUs sent, names of the events.
EFFECT: dict[str, tuple[set[str], list[int], list[str]]] = {
    "AE-1": ({"Sta4"}, [], ["ConnectTransport"]),
    "AE-2": ({"Sta5"}, [1], []),
    "AE-3": ({"Sta6"}, [], ["AssociationAccepted"]),
    "AE-4": ({"Sta1"}, [], ["AssociationRejected", "CloseTransport"]),
    "AE-5": ({"Sta2"}, [], ["StartArtim"]),
    "AE-6": ({"Sta3"}, [], ["StopArtim", "AssociationRequested"]),
    "AE-7": ({"Sta6"}, [2], []),
    "AE-8": ({"Sta13"}, [3], ["StartArtim"]),
    "DT-1": ({"Sta6"}, [4], []),
    "DT-2": ({"Sta6"}, [], ["DataValue"]),
    "AR-1": ({"Sta7"}, [5], []),
    "AR-2": ({"Sta8"}, [], ["ReleaseRequested"]),
    "AR-3": ({"Sta1"}, [], ["Released", "CloseTransport"]),
    "AR-4": ({"Sta13"}, [6], ["StartArtim"]),
    "AR-5": ({"Sta1"}, [], ["StopArtim"]),
    "AR-6": ({"Sta7"}, [], ["DataValue"]),
    "AR-7": ({"Sta8"}, [4], []),
    "AR-8": ({"Sta9", "Sta10"}, [], ["ReleaseRequested"]),
    "AR-9": ({"Sta11"}, [6], []),
    "AR-10": ({"Sta12"}, [], ["Released"]),
    "AA-1": ({"Sta13"}, [7], ["Aborted", "StartArtim"]),
    "AA-2": ({"Sta1"}, [], ["StopArtim", "CloseTransport"]),
    "AA-3": ({"Sta1"}, [], ["Aborted", "CloseTransport"]),
    "AA-4": ({"Sta1"}, [], ["Aborted"]),
    "AA-5": ({"Sta1"}, [], ["StopArtim"]),
    "AA-6": ({"Sta13"}, [], []),
    "AA-7": ({"Sta13"}, [7], []),
    "AA-8": ({"Sta13"}, [7], ["Aborted", "StartArtim"]),
}
CELLS = [(event, state) for event in EVENTS for state in STATES]


def fresh(state: str) -> Association:
    """An association in this state, with nothing left to send and no event left."""
    association = IN_STATE[state]()
    list(association.events())
    association.take_outgoing()
    assert association.state == state
    return association


def sent_types(association: Association) -> list[int]:
    """The first octet of each PDU that is outgoing."""
    data, types = outgoing(association), []
    while data:
        types.append(data[0])
        data = data[6 + int.from_bytes(data[2:6], "big") :]
    return types


def test_the_table_agrees_with_the_one_of_pynetdicom() -> None:
    assert TRANSITIONS == PYNETDICOM_TABLE


@pytest.mark.parametrize(("event", "state"), [cell for cell in CELLS if cell in TRANSITIONS])
def test_a_cell_with_an_action_does_what_the_action_says(event: str, state: str) -> None:
    action = TRANSITIONS[event, state]
    next_states, types, names = EFFECT[action]
    if action == "AA-1" and event == "Evt15":
        names = ["StartArtim"]  # the local user knows of its own abort
    association = fresh(state)
    CAUSE[event](association)
    assert [type(event).__name__ for event in association.events()] == names
    assert association.state in next_states
    assert sent_types(association) == types
    assert association.is_over == (association.state == "Sta1")


@pytest.mark.parametrize(("event", "state"), [cell for cell in CELLS if cell not in TRANSITIONS])
def test_a_blank_cell_is_a_local_error_or_nothing_at_all(event: str, state: str) -> None:
    association = fresh(state)
    if event in LOCAL_EVENTS:
        with pytest.raises(LocalProtocolError):
            CAUSE[event](association)
    else:
        CAUSE[event](association)
    assert list(association.events()) == []
    assert association.take_outgoing() == []
    assert association.state == state


def test_an_association_that_is_over_cannot_be_used_again() -> None:
    association = fresh("Sta5")
    association.transport_closed()
    list(association.events())
    assert association.is_over
    with pytest.raises(LocalProtocolError):
        association.request(PROPOSAL)


# --- both ends


def test_associate_send_and_release() -> None:
    requestor, acceptor = established()
    assert set(requestor.contexts) == set(acceptor.contexts) == {CT_CONTEXT, VERIFICATION_CONTEXT}
    requestor.send_data(CT_CONTEXT, b"command!", [b"data", b"set."])
    received = [event for event in hand_over(outgoing(requestor), acceptor) if isinstance(event, DataValue)]
    assert [(value.is_command, value.is_last, bytes(value.data)) for value in received] == [
        (True, True, b"command!"),
        (False, True, b"dataset."),
    ]
    requestor.release()
    assert hand_over(outgoing(requestor), acceptor) == [ReleaseRequested(is_collision=False), StartArtim()]
    assert hand_over(outgoing(acceptor), requestor) == [Released(), CloseTransport()]
    acceptor.transport_closed()
    assert requestor.is_over
    assert acceptor.is_over


def test_a_release_collision_ends_on_both_sides() -> None:
    requestor, acceptor = established()
    requestor.release()
    acceptor.release()
    from_requestor, from_acceptor = outgoing(requestor), outgoing(acceptor)
    assert hand_over(from_requestor, acceptor) == [ReleaseRequested(is_collision=True)]
    assert not acceptor.release_response_is_due
    assert hand_over(from_acceptor, requestor) == [ReleaseRequested(is_collision=True)]
    assert hand_over(outgoing(requestor), acceptor) == [Released()]
    assert acceptor.release_response_is_due
    acceptor.respond_to_release()
    assert hand_over(outgoing(acceptor), requestor) == [Released(), CloseTransport()]
    acceptor.transport_closed()
    assert requestor.is_over
    assert acceptor.is_over


def test_a_refused_association_is_told_and_closed() -> None:
    requestor = fresh("Sta5")
    assert hand_over(golden.DCMTK_WRONG_CALLED_AE_TITLE, requestor) == [
        AssociationRejected(AssociateReject(1, 1, 7)),
        CloseTransport(),
    ]


@pytest.mark.parametrize(("version", "is_accepted"), [(1, True), (3, True), (2, False), (0, False)])
def test_only_bit_0_of_the_protocol_version_counts(version: int, is_accepted: bool) -> None:
    acceptor = acceptor_in_sta2()
    wire = bytearray(encode(PROPOSAL))
    wire[6:8] = struct.pack(">H", version)
    hand_over(bytes(wire), acceptor)
    sent = outgoing(acceptor)
    assert sent[0] == (2 if is_accepted else 3)
    assert is_accepted or sent == encode(AssociateReject(1, 2, 2))


def test_the_ends_of_dcmtk_are_understood_whole() -> None:
    requestor = Association()
    requestor.request(propose("QR", "FIND_SCU", [("1.2.840.10008.5.1.4.1.2.2.1", ["1.2.840.10008.1.2.1"])]))
    requestor.transport_connected()
    events = hand_over(golden.DCMTK_FIND_SERVER_STREAM[:-10], requestor)
    assert [type(event).__name__ for event in events[1:]] == ["AssociationAccepted", "DataValue", "DataValue", "DataValue"]
    requestor.release()
    assert hand_over(golden.DCMTK_FIND_SERVER_STREAM[-10:], requestor) == [Released(), CloseTransport()]


# --- faults of the peer


def only_abort(association: Association, received: bytes) -> Aborted:
    """Hand the bytes over and give the one Aborted event."""
    aborted = [event for event in hand_over(received, association) if isinstance(event, Aborted)]
    assert len(aborted) == 1
    return aborted[0]


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (encode(PROPOSAL), 2),
        (RELEASE_RP, 2),
        (encode(accept(PROPOSAL)), 2),
        (bytes.fromhex("990000000004"), 1),
        (bytes.fromhex("0400ffffffff"), 6),
        (bytes.fromhex("040000000000"), 6),
        (bytes.fromhex("04000000000800000009010301020304"), 6),
        (bytes.fromhex("040000000008 00000004 0203 0102"), 6),
        (encode(DataTransfer((DataValue(REFUSED_CONTEXT, True, True, memoryview(b"xy")),))), 6),
    ],
)
def test_what_the_peer_may_not_send_is_answered_with_an_abort_of_the_provider(received: bytes, reason: int) -> None:
    acceptor = established()[1]
    aborted = only_abort(acceptor, received)
    assert (aborted.source, aborted.reason, aborted.by) == (2, reason, "local")
    assert outgoing(acceptor) == encode(Abort(2, reason))


def test_before_an_association_the_abort_is_that_of_the_user() -> None:
    acceptor = acceptor_in_sta2()
    aborted = only_abort(acceptor, DATA)
    assert aborted == Aborted(0, 0, "local", "P-DATA-TF received in Sta2: transport connection open, awaiting A-ASSOCIATE-RQ")
    assert outgoing(acceptor) == encode(Abort(0, 0))


def test_a_data_transfer_above_our_limit_is_refused_before_it_has_come() -> None:
    requestor, acceptor = established(requestor_max_pdu_length=4096)
    assert only_abort(requestor, struct.pack(">BxI", 4, 4098)).reason == 6
    assert hand_over(struct.pack(">BxI", 4, POLICY.max_pdu_length), acceptor) == []
    assert acceptor.state == "Sta6"


def test_after_a_broken_pdu_nothing_more_is_read() -> None:
    acceptor = established()[1]
    only_abort(acceptor, bytes.fromhex("990000000004") + encode(Abort(0, 0)))
    outgoing(acceptor)
    assert hand_over(DATA * 3 + RELEASE_RQ, acceptor) == []
    assert acceptor.take_outgoing() == []
    acceptor.artim_expired()
    assert CloseTransport() in list(acceptor.events())
    assert acceptor.is_over


def test_a_truncated_pdu_is_forgotten_when_the_connection_ends() -> None:
    acceptor = established()[1]
    assert hand_over(DATA[:-1], acceptor) == []
    acceptor.transport_closed()
    assert list(acceptor.events()) == [Aborted(2, 0, "transport", "transport connection closed")]
    assert acceptor.is_over


def test_an_abort_of_the_peer_is_told_with_its_source() -> None:
    assert hand_over(golden.PYNETDICOM_ABORT, established()[1])[0] == Aborted(2, 2, "peer", "A-P-ABORT received")
    assert hand_over(golden.DCMTK_ABORT, established()[1])[0] == Aborted(0, 0, "peer", "A-ABORT received")


def test_data_still_comes_while_a_release_is_under_way_and_may_be_answered() -> None:
    requestor, acceptor = established()
    requestor.release()
    acceptor.send_data(CT_CONTEXT, b"late")
    values = hand_over(outgoing(acceptor), requestor)
    assert [type(value) for value in values] == [DataValue]
    acceptor.receive(outgoing(requestor))
    list(acceptor.events())
    assert acceptor.is_established
    acceptor.send_data(CT_CONTEXT, b"later")


# --- faults of our own


def test_data_on_a_refused_context_is_a_local_error() -> None:
    requestor = established()[0]
    with pytest.raises(LocalProtocolError, match="not accepted"):
        requestor.send_data(REFUSED_CONTEXT, b"xy")


def test_events_must_be_taken_before_more_is_received() -> None:
    acceptor = established()[1]
    acceptor.receive(DATA)
    with pytest.raises(LocalProtocolError):
        acceptor.receive(DATA)


@pytest.mark.parametrize(
    "syntaxes", [[], [("1.2", ["1.3"])] * 129, [("1.2", [])], [("1.2", ["Ü"])]], ids=["none", "129", "no syntax", "not ASCII"]
)
def test_a_request_that_may_not_be_sent_is_a_local_error(syntaxes: list[tuple[str, list[str]]]) -> None:
    association = Association()
    with pytest.raises(LocalProtocolError):
        association.request(propose("CALLED", "CALLING", syntaxes))
    assert association.state == "Sta1"


# --- limits in both directions


@given(
    limit=st.one_of(st.integers(8, 300), st.sampled_from([0, 4096, 16384, 65536])),
    parts=st.lists(st.binary(max_size=400), max_size=4),
    command=st.binary(min_size=2, max_size=200),
)
def test_no_pdu_is_above_the_limit_of_the_peer_and_the_message_arrives(limit: int, parts: list[bytes], command: bytes) -> None:
    requestor, acceptor = established(requestor_max_pdu_length=limit)
    acceptor.send_data(CT_CONTEXT, command, parts)
    sent = outgoing(acceptor)
    position, lengths = 0, []
    while position < len(sent):
        lengths.append(int.from_bytes(sent[position + 2 : position + 6], "big"))
        position += 6 + lengths[-1]
    assert not limit or max(lengths) <= limit
    values = [event for event in hand_over(sent, requestor) if isinstance(event, DataValue)]
    assert b"".join(value.data for value in values if value.is_command) == command
    assert b"".join(value.data for value in values if not value.is_command) == b"".join(parts)
    assert [value.is_last for value in values].count(True) == 2
    assert values[-1].is_last


@pytest.mark.parametrize("limit", [1, 7])
def test_a_peer_limit_without_room_for_data_is_its_error(limit: int) -> None:
    acceptor = established(requestor_max_pdu_length=limit)[1]
    with pytest.raises(RemoteProtocolError, match="no room"):
        acceptor.send_data(CT_CONTEXT, b"xy")
    assert acceptor.state == "Sta6"


def test_a_peer_without_maximum_length_item_gets_at_most_16_kib() -> None:
    wire = encode(PROPOSAL)
    item = wire.index(b"\x51\x00\x00\x04")
    stripped = bytearray(wire[:item] + b"\x7f" + wire[item + 1 :])
    acceptor = acceptor_in_sta2()
    hand_over(bytes(stripped), acceptor)
    assert acceptor.peer_max_pdu_length == 16384


def test_payload_is_not_copied_on_its_way_out() -> None:
    requestor = established()[0]
    pixels = bytearray(100_000)
    requestor.send_data(CT_CONTEXT, b"xy", [b"head", memoryview(pixels)])
    views = [part for part in requestor.take_outgoing() if isinstance(part, memoryview) and part.obj is pixels]
    assert sum(map(len, views)) == len(pixels)


# --- hostile streams

CLIENT_STREAM = (
    encode(PROPOSAL)
    + encode(DataTransfer((DataValue(1, True, False, memoryview(b"ab")), DataValue(1, True, True, memoryview(b"c")))))
    + encode(DataTransfer((DataValue(1, False, True, memoryview(bytes(3000))),)))
    + DATA
    + RELEASE_RQ
)


def facts(events: list[Event]) -> list[object]:
    """Events as values that outlive the buffers."""
    return [
        (event.context_id, event.is_command, event.is_last, len(event.data)) if isinstance(event, DataValue) else event
        for event in events
    ]


@given(st.lists(st.integers(0, len(CLIENT_STREAM)), max_size=10).map(sorted), st.sampled_from([b"", b"\x99", DATA, RELEASE_RP]))
def test_any_split_of_the_stream_gives_the_same_events_and_answers(cuts: list[int], tail: bytes) -> None:
    stream = CLIENT_STREAM + tail + bytes(8)
    whole, pieces = acceptor_in_sta2(), acceptor_in_sta2()
    expected = facts(hand_over(stream, whole))
    events: list[Event] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += hand_over(stream[start:end], pieces)
    assert facts(events) == expected
    assert outgoing(pieces) == outgoing(whole)
    assert pieces.state == whole.state


def test_a_stream_of_single_bytes_gives_the_same_events() -> None:
    expected = facts(hand_over(CLIENT_STREAM, acceptor_in_sta2()))
    assert facts(hand_over(CLIENT_STREAM, acceptor_in_sta2(), piece_length=1)) == expected
    assert any(isinstance(event, AssociationRequested) for event in expected)


@given(st.sampled_from(sorted(STATES)), st.lists(st.binary(max_size=200), max_size=5))
def test_random_bytes_never_raise_and_send_nothing_but_aborts(state: str, pieces: list[bytes]) -> None:
    association = fresh(state)
    for piece in pieces:
        association.receive(piece)
        list(association.events())
    assert set(sent_types(association)) <= {7}


@given(st.data())
def test_damaged_streams_never_raise(data: st.DataObject) -> None:
    stream = bytearray(CLIENT_STREAM)
    for _ in range(data.draw(st.integers(1, 6))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    hand_over(bytes(stream), acceptor_in_sta2(), data.draw(st.integers(1, 4000)))


def test_an_answer_given_while_events_are_taken_counts_before_the_pdus_behind_it() -> None:
    acceptor = acceptor_in_sta2()
    names = [type(event).__name__ for event in hand_over(CLIENT_STREAM, acceptor)]
    assert names == ["StopArtim", "AssociationRequested", *["DataValue"] * 4, "ReleaseRequested", "StartArtim"]


def test_the_user_information_of_both_ends_is_told() -> None:
    acceptor = sta3()
    answer = negotiate(PROPOSAL, POLICY)
    acceptor.respond(answer)
    accepted = hand_over(outgoing(acceptor), fresh("Sta5"))[0]
    assert isinstance(accepted, AssociationAccepted)
    assert isinstance(accepted.accept.user_information, UserInformation)
    assert accepted.accept == answer

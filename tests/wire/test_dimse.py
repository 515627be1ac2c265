"""Command sets against golden bytes, messages from any fragments, and hostile peers."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.status import code_to_category

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.wire import commands, dimse, status
from emulators.wire.commands import SubOperations
from emulators.wire.dimse import Command, Message, MessageAssembler, decode_command, encode_command, fragment, send_message
from emulators.wire.pdu import DataValue
from tests.wire import golden_dicom as golden
from tests.wire.fake_wire import CT_CONTEXT, established, hand_over, outgoing
from tests.wire.golden_checks_messages import FIND, GET, MOVE, MPPS, like_pynetdicom, messages_of, values_of

# --- golden command sets

OURS = like_pynetdicom()
C_STORE, C_ECHO = OURS["C-STORE-RQ"], OURS["C-ECHO-RQ"]


def test_every_golden_command_has_its_constructor() -> None:
    assert set(OURS) == set(golden.PYNETDICOM_COMMANDS)


@pytest.mark.parametrize("name", sorted(OURS))
def test_commands_are_written_and_read_as_pynetdicom_does(name: str) -> None:
    assert encode_command(OURS[name]) == golden.PYNETDICOM_COMMANDS[name]
    assert decode_command(golden.PYNETDICOM_COMMANDS[name]) == OURS[name]
    assert OURS[name].name == name


DCMTK_SC = "1.2.840.10008.5.1.4.1.1.7"
OURS_AS_DCMTK = {
    "DCMTK_ECHO_RQ": commands.c_echo_rq(1),
    "DCMTK_ECHO_RSP": commands.response(commands.c_echo_rq(1), 0),
    "DCMTK_STORE_RQ_COMMAND": commands.c_store_rq(1, DCMTK_SC, "1.2.3.4.5.6.7"),
    "DCMTK_STORE_RSP": commands.response(commands.c_store_rq(1, DCMTK_SC, "1.2.3.4.5.6.7"), 0),
    "DCMTK_MOVE_RQ": commands.c_move_rq(1, MOVE, "MOVE_DST"),
    "DCMTK_MOVE_RSP_FINAL": commands.response(commands.c_move_rq(1, MOVE, "MOVE_DST"), 0, sub_operations=SubOperations(1)),
    "DCMTK_GET_RQ": commands.c_get_rq(1, GET),
    "DCMTK_GET_RSP_FINAL": commands.response(commands.c_get_rq(1, GET), 0, sub_operations=SubOperations(1)),
}


@pytest.mark.parametrize("name", sorted(OURS_AS_DCMTK))
def test_whole_pdus_with_commands_are_written_as_dcmtk_does(name: str) -> None:
    wire: bytes = getattr(golden, name)
    (value,) = values_of(wire)
    assert decode_command(value.data) == OURS_AS_DCMTK[name]
    assert b"".join(fragment(value.context_id, encode_command(OURS_AS_DCMTK[name]), None, 16384)) == wire


def test_pending_counters_of_dcmtk_are_read() -> None:
    command = decode_command(values_of(golden.DCMTK_MOVE_RSP_PENDING)[0].data)
    assert (command.status, command.is_response, command.message_id) == (0xFF00, True, 1)
    assert [command.number(f"NumberOf{kind}Suboperations") for kind in ("Remaining", "Completed", "Failed", "Warning")] == [
        0, 1, 0, 0
    ]  # fmt: skip


def test_a_store_of_two_pdus_is_written_as_pynetdicom_does() -> None:
    dataset = bytes.fromhex("08001600020000003100")
    buffers = fragment(1, encode_command(C_STORE), [dataset[:3], dataset[3:]], 0)
    assert b"".join(buffers) == golden.PYNETDICOM_STORE_RQ_PDUS


def test_the_messages_of_findscu_and_dcmqrscp_are_assembled() -> None:
    (query,) = messages_of(values_of(golden.DCMTK_FIND_CLIENT_STREAM))
    assert (query.command.name, query.command.sop_class_uid) == ("C-FIND-RQ", FIND)
    assert query.dataset is not None
    assert query.dataset.endswith(bytes.fromhex("2000 0d00") + b"UI\0\0")
    answers = messages_of(values_of(golden.DCMTK_FIND_SERVER_STREAM))
    assert [(answer.command.status, answer.dataset is not None) for answer in answers] == [(0xFF00, True), (0, False)]


# --- command sets


def test_the_group_length_counts_what_follows_and_tags_ascend() -> None:
    for command in OURS.values():
        wire = encode_command(command)
        assert struct.unpack_from("<HHII", wire) == (0, 0, 4, len(wire) - 12)
        position, numbers = 0, []
        while position < len(wire):
            _, number, length = struct.unpack_from("<HHI", wire, position)
            numbers.append(number)
            assert length % 2 == 0
            position += 8 + length
        assert numbers == sorted(set(numbers))


numbers = st.integers(0, 0xFFFF)
uids = st.text("0123456789.", min_size=1, max_size=64)
any_value: dict[str, st.SearchStrategy[dimse.Value]] = {
    "US": numbers,
    "UI": uids,
    "AE": st.text("ABC_", min_size=1, max_size=16),
    "LO": st.text("abc", min_size=1),
    "AT": st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple),
}
REQUIRED = ["CommandField", "CommandDataSetType", "MessageID", "MessageIDBeingRespondedTo", "Status"]
any_elements = st.fixed_dictionaries(
    dict.fromkeys(REQUIRED, numbers),
    optional={
        keyword: any_value[representation]
        for keyword, (_, representation) in dimse._ELEMENTS.items()
        if keyword not in REQUIRED
    },
)


@given(any_elements)
def test_every_command_survives_writing_and_reading(elements: dict[str, dimse.Value]) -> None:
    elements["CommandField"] = 0x8001
    assert decode_command(encode_command(Command(elements))) == Command(elements)


@pytest.mark.parametrize(
    "elements",
    [
        {"Nonsense": 1},
        {"MessageID": 65536},
        {"MessageID": "1"},
        {"ErrorComment": "é"},
        {"AffectedSOPClassUID": 5},
        {"OffendingElement": 5},
    ],
)
def test_a_command_that_cannot_be_written_is_a_local_error(elements: dict[str, dimse.Value]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_command(Command(elements))


def element(number: int, value: bytes, group: int = 0) -> bytes:
    return struct.pack("<HHI", group, number, len(value)) + value


ECHO = golden.PYNETDICOM_COMMANDS["C-ECHO-RQ"]


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"", "CommandField is missing"),
        (ECHO[:-1], "reaches beyond the end"),
        (ECHO + b"\0\0\0", "header of the last element is cut"),
        (ECHO + element(0x0110, b"\1\0"), "MessageID comes twice"),
        (ECHO + element(0x0700, b"\1\0\0\0"), "Priority has 4 bytes instead of 2"),
        (ECHO + element(0x0901, b"\1\0\0"), "OffendingElement has 3 bytes"),
        (ECHO + element(0x0010, b"x", group=8), "not of group 0000H"),
        (ECHO + struct.pack("<HHI", 0, 0x0902, 0xFFFFFFFF), "reaches beyond the end"),
        (element(0x0100, b"\x30\0"), "CommandDataSetType is missing"),
        (element(0x0100, b"\x30\0") + element(0x0800, b"\1\1"), "C-ECHO-RQ: MessageID is missing"),
        (element(0x0100, b"\x01\x80") + element(0x0800, b"\1\1") + element(0x0120, b"\1\0"), "C-STORE-RSP: Status is missing"),
    ],
)
def test_a_hostile_command_set_is_one_clear_line(wire: bytes, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message) as caught:
        decode_command(wire)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", [field for field in dimse.COMMAND_NAMES if field < 0x8000])
def test_each_request_is_refused_without_what_it_requires(field: int) -> None:
    with pytest.raises(RemoteProtocolError, match="is missing"):
        decode_command(element(0x0100, struct.pack("<H", field)) + element(0x0800, b"\1\1"))


def test_unknown_empty_and_unordered_elements_and_a_wrong_group_length_are_tolerated() -> None:
    wire = element(0x0800, b"\1\1") + element(0x0002, b"1.2.840.10008.1.1\0") + element(0x5010, b"old!") + element(0x0902, b"")
    command = decode_command(element(0, b"\0\0\0\0") + wire + element(0x0110, b"\7\0") + element(0x0100, b"\x30\0"))
    assert command == C_ECHO


def test_an_operation_nobody_knows_is_read_so_that_it_can_be_refused() -> None:
    command = decode_command(element(0x0100, b"\x99\0") + element(0x0110, b"\7\0") + element(0x0800, b"\1\1"))
    assert command.name == "command 0099H"
    assert commands.response(command, status.UNRECOGNIZED_OPERATION).field == 0x8099


@given(st.binary(max_size=120))
def test_random_command_sets_raise_nothing_but_remote_errors(tail: bytes) -> None:
    for wire in (tail, ECHO + tail):
        with contextlib.suppress(RemoteProtocolError):
            decode_command(wire)


@pytest.mark.parametrize("request_command", [commands.c_cancel_rq(7), OURS["C-STORE-RSP"]])
def test_what_is_never_answered_gets_no_response(request_command: Command) -> None:
    with pytest.raises(LocalProtocolError):
        commands.response(request_command, status.SUCCESS)


def test_a_uid_that_is_not_ascii_is_not_repeated_in_the_response() -> None:
    request = commands.c_store_rq(7, "1.2.840.10008.1.1", "2.25.7")
    received = decode_command(encode_command(request).replace(b"2.25.7", b"2.\xff5.7"))
    answer = decode_command(encode_command(commands.response(received, status.CANNOT_UNDERSTAND)))
    assert (answer.message_id, answer.status) == (7, status.CANNOT_UNDERSTAND)
    assert (answer.sop_class_uid, answer.sop_instance_uid) == ("1.2.840.10008.1.1", "")


def test_a_response_names_a_created_instance_and_cuts_its_comment() -> None:
    answer = commands.response(commands.n_create_rq(7, MPPS), 0, sop_instance_uid="1.2.9", error_comment="x" * 99)
    assert answer.sop_instance_uid == "1.2.9"
    assert answer["ErrorComment"] == "x" * 64


# --- messages


def value(data: bytes, *, is_command: bool = False, is_last: bool = True, context_id: int = CT_CONTEXT) -> DataValue:
    return DataValue(context_id, is_command, is_last, memoryview(data))


STORE = encode_command(C_STORE)


@given(st.binary(max_size=3000), st.integers(8, 600), st.integers(1, 5), st.booleans())
def test_any_fragmentation_gives_the_message(dataset: bytes, limit: int, parts: int, to_sink: bool) -> None:
    step = len(dataset) // parts + 1
    pieces = [dataset[start : start + step] for start in range(0, len(dataset), step)]
    stream = b"".join(fragment(CT_CONTEXT, STORE, pieces, limit))
    written = bytearray()
    assembler = MessageAssembler((lambda context_id, command: written.extend) if to_sink else None)
    values = values_of(stream)
    assert all(len(found.data) % 2 == 0 for found in values if not found.is_last)
    messages = [message for found in values if (message := assembler.feed(found)) is not None]
    assert messages == [Message(CT_CONTEXT, C_STORE, None if to_sink else bytearray(dataset))]
    assert bytes(written) == (dataset if to_sink else b"")


def test_legal_oddities_of_fragments_are_accepted() -> None:
    two_bytes = [value(STORE[i : i + 2], is_command=True, is_last=i + 2 >= len(STORE)) for i in range(0, len(STORE), 2)]
    empty_last = [value(b"data", is_last=False), value(b"")]
    first, second = messages_of([*two_bytes, *empty_last, value(STORE, is_command=True), value(b"")])
    assert first.dataset == bytearray(b"data")
    assert second.dataset == bytearray()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([value(b"data")], "before its command is complete"),
        ([value(STORE[:9], is_command=True, is_last=False), value(b"data")], "before its command is complete"),
        ([value(STORE, is_command=True), value(STORE, is_command=True)], "before the data set is complete"),
        ([value(STORE, is_command=True), value(b"data", context_id=3)], "mixed with context 3"),
        ([value(STORE[:9], is_command=True, is_last=False), value(STORE[9:], is_command=True, context_id=3)], "mixed"),
        ([value(ECHO, is_command=True), value(b"data")], "before its command is complete"),
        ([value(bytes(65537), is_command=True, is_last=False)], "longer than 65536"),
    ],
)
def test_breaks_of_the_order_of_fragments_are_errors_of_the_peer(values: list[DataValue], message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        messages_of(values)


def test_messages_on_different_contexts_may_follow_each_other() -> None:
    echo = value(ECHO, is_command=True, context_id=3)
    store = [value(STORE, is_command=True), value(b"data")]
    assert [message.context_id for message in messages_of([echo, *store, echo])] == [3, CT_CONTEXT, 3]


def test_every_data_set_type_but_0101h_announces_a_data_set() -> None:
    present = {0x0000: True, 0x0001: True, 0x0102: True, 0xFEFE: True, 0x0101: False}
    for dataset_type, expected in present.items():
        assert (
            decode_command(
                STORE.replace(element(0x0800, b"\1\0"), element(0x0800, struct.pack("<H", dataset_type)))
            ).has_dataset
            == expected
        )


def test_a_data_set_in_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dimse, "DATASET_LENGTH_MAX", 10)
    with pytest.raises(RemoteProtocolError, match="longer than 10"):
        messages_of([value(STORE, is_command=True), value(b"123456", is_last=False), value(b"123456")])


def test_a_sink_is_asked_for_once_per_data_set_and_may_be_declined() -> None:
    asked = []

    def open_sink(context_id: int, command: Command) -> None:
        asked.append((context_id, command.name))

    assembler = MessageAssembler(open_sink)
    for found in [value(ECHO, is_command=True), value(STORE, is_command=True), value(b"da", is_last=False), value(b"ta")]:
        message = assembler.feed(found)
    assert asked == [(CT_CONTEXT, "C-STORE-RQ")]
    assert message == Message(CT_CONTEXT, C_STORE, bytearray(b"data"))


def test_a_message_goes_from_one_end_to_the_other() -> None:
    requestor, acceptor = established()
    dataset = bytes(range(256)) * 400
    send_message(requestor, CT_CONTEXT, C_STORE, [dataset[:1000], memoryview(dataset)[1000:]])
    acceptor.receive(outgoing(requestor))
    messages = messages_of([event for event in acceptor.events() if isinstance(event, DataValue)])
    assert messages == [Message(CT_CONTEXT, C_STORE, bytearray(dataset))]
    send_message(acceptor, CT_CONTEXT, commands.response(C_STORE, status.SUCCESS))
    (answer,) = messages_of([event for event in hand_over(outgoing(acceptor), requestor) if isinstance(event, DataValue)])
    assert answer.command.status == 0


@pytest.mark.parametrize(("command", "dataset"), [(C_STORE, None), (C_ECHO, [b"data"])])
def test_a_command_that_does_not_fit_its_data_set_is_a_local_error(command: Command, dataset: list[bytes] | None) -> None:
    requestor = established()[0]
    with pytest.raises(LocalProtocolError, match="Command Data Set Type"):
        send_message(requestor, CT_CONTEXT, command, dataset)


# --- status codes


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x0000, "success"),
        (0xFF00, "pending"),
        (0xFF01, "pending"),
        (0xFE00, "cancel"),
        (0xB000, "warning"),
        (0xB007, "warning"),
        (0x0107, "warning"),
        (0x0110, "failure"),
        (0xA700, "failure"),
        (0xC123, "failure"),
        (0x1234, "failure"),
    ],
)
def test_status_codes_have_a_class_and_a_meaning(code: int, expected: str) -> None:
    assert status.status_class(code) == expected
    assert status.status_meaning(code).startswith(f"{code:04X}H ")


def test_status_codes_have_the_class_that_pynetdicom_gives_them() -> None:
    known = {code: category for code in range(0x10000) if (category := code_to_category(code)) != "Unknown"}
    assert len(known) > 0x3000
    assert {code: status.status_class(code) for code in known} == {code: name.lower() for code, name in known.items()}


def test_ranges_of_status_codes_share_a_meaning() -> None:
    assert status.status_meaning(0xA7AB) == "A7ABH refused: out of resources"
    assert status.status_meaning(0xC123) == "C123H error: cannot understand, or unable to process"
    assert status.status_meaning(0x1234) == "1234H failure"

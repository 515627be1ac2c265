"""DIMSE against golden bytes: command sets and their constructors, fragments, whole messages."""

from collections.abc import Sequence

from emulators.wire import commands, dimse, status
from emulators.wire.association_events import AssociationAccepted, CloseTransport, ConnectTransport, Released
from emulators.wire.commands import SubOperations
from emulators.wire.dimse import Command, Message, MessageAssembler, decode_command, encode_command, send_message
from emulators.wire.fragmentation import fragment
from emulators.wire.negotiation import propose
from emulators.wire.pdu import DataTransfer, DataValue, PduCutter, decode
from emulators.wire.upper_layer import Association
from tests.wire.golden_check import differs_in_reserved_byte, golden, pdus
from tests.wire.golden_checks_associations import BIG_ENDIAN, SECONDARY_CAPTURE, as_dcmtk, sent
from tests.wire.golden_checks_pdus import COMMITMENT, CT, EXPLICIT, IMPLICIT

FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
WORKLIST = "1.2.840.10008.5.1.4.31"
MPPS, COMMITMENT_INSTANCE = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1.1"
FILM_SESSION, FILM_BOX, IMAGE_BOX, PRINTER = (f"1.2.840.10008.5.1.1.{number}" for number in (1, 2, 4, 16))
PRINTER_INSTANCE = "1.2.840.10008.5.1.1.17"
SESSION_INSTANCE, FILM_BOX_INSTANCE, IMAGE_BOX_INSTANCE = (
    f"1.2.276.0.7230010.3.1.4.8323328.11519.1795355678.{number}" for number in (369714, 369718, 369719)
)


def values_of(stream: bytes) -> list[DataValue]:
    """The PDVs in the P-DATA-TF PDUs of a stream."""
    cutter = PduCutter()
    cutter.feed(stream)
    values: list[DataValue] = []
    while (found := cutter.next_pdu()) is not None:
        transfer = decode(*found)
        if isinstance(transfer, DataTransfer):
            values += transfer.values
    return values


def messages_of(values: Sequence[DataValue]) -> list[Message]:
    """The messages that these PDVs make."""
    assembler = MessageAssembler()
    return [message for value in values if (message := assembler.feed(value)) is not None]


# --- command sets


def like_pynetdicom() -> dict[str, Command]:
    """What PYNETDICOM_COMMANDS hold, from our constructors."""
    c_store = commands.c_store_rq(7, CT, "1.2.3.4", priority=2, move_originator=("MOVER", 9))
    c_find = commands.c_find_rq(7, FIND, priority=2)
    c_move = commands.c_move_rq(7, MOVE, "DEST", priority=1)
    c_get = commands.c_get_rq(7, GET, priority=2)
    c_echo = commands.c_echo_rq(7)
    n_create = commands.n_create_rq(7, MPPS, "1.2.3.4")
    n_set = commands.n_set_rq(7, MPPS, "1.2.3.4")
    n_action = commands.n_action_rq(7, COMMITMENT, COMMITMENT_INSTANCE, 1)
    n_event_report = commands.n_event_report_rq(7, COMMITMENT, COMMITMENT_INSTANCE, 2)
    return {
        "C-STORE-RQ": c_store,
        "C-STORE-RSP": commands.response(c_store, status.OUT_OF_RESOURCES),
        "C-FIND-RQ": c_find,
        "C-FIND-RSP": commands.response(c_find, status.PENDING, has_dataset=True),
        "C-MOVE-RQ": c_move,
        "C-MOVE-RSP": commands.response(c_move, status.PENDING, sub_operations=SubOperations(2, 1, 0, remaining=3)),
        "C-GET-RQ": c_get,
        "C-GET-RSP": commands.response(c_get, 0xB000, has_dataset=True, sub_operations=SubOperations(2, 1, 0)),
        "C-CANCEL-RQ": commands.c_cancel_rq(7),
        "C-ECHO-RQ": c_echo,
        "C-ECHO-RSP": commands.response(c_echo, status.SUCCESS),
        "N-CREATE-RQ": n_create,
        "N-CREATE-RSP": commands.response(n_create, status.DUPLICATE_SOP_INSTANCE),
        "N-SET-RQ": n_set,
        "N-SET-RSP": commands.response(n_set, status.PROCESSING_FAILURE),
        "N-ACTION-RQ": n_action,
        "N-ACTION-RSP": commands.response(n_action, status.SUCCESS),
        "N-EVENT-REPORT-RQ": n_event_report,
        "N-EVENT-REPORT-RSP": commands.response(n_event_report, status.SUCCESS),
        "N-GET-RQ": commands.n_get_rq(7, MPPS, "1.2.3.4", [0x0008_0060, 0x0040_0252]),
    }


def further_like_pynetdicom() -> dict[str, Command]:
    """What PYNETDICOM_FURTHER_COMMANDS hold."""
    n_set = commands.n_set_rq(7, MPPS, "1.2.3.4")
    failed = commands.response(n_set, status.PROCESSING_FAILURE, error_comment="No longer in progress")
    n_delete = Command(
        {
            "CommandField": dimse.N_DELETE_RQ,
            "CommandDataSetType": dimse.NO_DATA_SET,
            "RequestedSOPClassUID": FILM_SESSION,
            "MessageID": 7,
            "RequestedSOPInstanceUID": "1.2.3.4",
        }
    )
    return {
        "N-GET-RSP": commands.response(commands.n_get_rq(7, MPPS, "1.2.3.4"), status.SUCCESS, has_dataset=True),
        "N-DELETE-RQ": n_delete,
        "N-DELETE-RSP": commands.response(n_delete, status.NO_SUCH_SOP_INSTANCE),
        "N-SET-RSP with error ID and comment": Command({**failed.elements, "ErrorID": 0xA710}),
        "C-STORE-RSP with offending elements": commands.response(
            commands.c_store_rq(7, CT, "1.2.3.4"),
            status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
            error_comment="Not this class",
            offending_elements=[0x0008_0018, 0x0008_0016],
        ),
        "C-MOVE-RSP with failed sub-operations": commands.response(
            commands.c_move_rq(7, MOVE, "DEST"), status.MOVE_DESTINATION_UNKNOWN, sub_operations=SubOperations(0, 3, 0)
        ),
    }


@golden(
    "PYNETDICOM_COMMANDS PYNETDICOM_FURTHER_COMMANDS",
    holds="""dimse.encode_command dimse.decode_command dimse.Command dimse.Command.name dimse.Command.field
    dimse.Command.is_response dimse.Command.message_id dimse.Command.number commands.c_store_rq commands.c_find_rq
    commands.c_get_rq commands.c_move_rq commands.c_echo_rq commands.c_cancel_rq commands.n_create_rq commands.n_set_rq
    commands.n_get_rq commands.n_action_rq commands.n_event_report_rq commands.response commands.SubOperations""",
)
def commands_of_pynetdicom(usual: dict[str, bytes], further: dict[str, bytes]) -> None:
    for ours, theirs in ((like_pynetdicom(), usual), (further_like_pynetdicom(), further)):
        assert set(ours) == set(theirs)
        for name, wire in theirs.items():
            command = decode_command(wire)
            assert command == ours[name]
            assert encode_command(ours[name]) == wire
            assert command.name == name.split()[0]
            assert command.is_response == ("RSP" in name)
            assert command.message_id == 7
            assert command.number("CommandField") == command.field


@golden(
    "DCMTK_ECHO_RQ DCMTK_ECHO_RSP DCMTK_STORE_RQ_COMMAND DCMTK_STORE_RSP DCMTK_MOVE_RQ DCMTK_GET_RQ DCMTK_CANCEL_RQ",
    holds="""dimse.Command.text dimse.Command.status dimse.Command.has_dataset dimse.Command.sop_class_uid
    dimse.Command.sop_instance_uid fragmentation.fragment""",
)
def commands_of_dcmtk(
    echo: bytes, echo_rsp: bytes, store: bytes, store_rsp: bytes, move: bytes, get: bytes, cancel: bytes
) -> None:
    c_store = commands.c_store_rq(1, SECONDARY_CAPTURE, "1.2.3.4.5.6.7")
    for command, wire in (
        (commands.c_echo_rq(1), echo),
        (commands.response(commands.c_echo_rq(1), 0), echo_rsp),
        (c_store, store),
        (commands.response(c_store, 0), store_rsp),
        (commands.c_move_rq(1, MOVE, "MOVE_DST"), move),
        (commands.c_get_rq(1, GET), get),
        (commands.c_cancel_rq(1), cancel),
    ):
        (value,) = values_of(wire)
        assert decode_command(value.data) == command
        assert b"".join(fragment(value.context_id, encode_command(command), None, 16384)) == wire
    read = decode_command(values_of(store)[0].data)
    assert (read.has_dataset, read.sop_class_uid, read.sop_instance_uid) == (True, SECONDARY_CAPTURE, "1.2.3.4.5.6.7")
    assert decode_command(values_of(move)[0].data).text("MoveDestination") == "MOVE_DST"
    assert decode_command(values_of(store_rsp)[0].data).status == 0


@golden(
    """DCMTK_MOVE_RSP_PENDING DCMTK_MOVE_RSP_FINAL DCMTK_MOVE_REFUSED_RSP DCMTK_GET_RSP_PENDING DCMTK_GET_RSP_FINAL
    DCMTK_WORKLIST_ERROR_RSP""",
    holds="commands.response commands.SubOperations dimse.Command.status",
)
def counters_and_errors_of_dcmtk(
    move_pending: bytes, move_final: bytes, move_refused: bytes, get_pending: bytes, get_final: bytes, worklist_error: bytes
) -> None:
    move, get = commands.c_move_rq(1, MOVE, "MOVE_DST"), commands.c_get_rq(1, GET)
    invalid = commands.response(
        commands.c_find_rq(1, WORKLIST),
        status.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
        error_comment="Invalid value for an attribute with VR=DA",
        offending_elements=[0x0040_0002],
    )
    for expected, wire in (
        (commands.response(move, 0xFF00, sub_operations=SubOperations(1, remaining=0)), move_pending),
        (commands.response(move, 0, sub_operations=SubOperations(1)), move_final),
        (commands.response(move, 0xA801, sub_operations=SubOperations(0)), move_refused),
        (commands.response(get, 0xFF00, sub_operations=SubOperations(1, remaining=0)), get_pending),
        (commands.response(get, 0, sub_operations=SubOperations(1)), get_final),
        (invalid, worklist_error),
    ):
        (value,) = values_of(wire)
        command = decode_command(value.data)
        assert command == expected
        assert command.status == expected["Status"]
        assert encode_command(expected) == value.data


@golden(
    "DCMTK_PRINT_MESSAGES",
    holds="commands.n_get_rq commands.n_create_rq commands.n_set_rq commands.n_action_rq commands.response",
)
def normalized_services_of_dcmtk(messages: dict[str, bytes]) -> None:
    """dcmprscp leaves the class and instance out of most responses, where they are optional (PS3.7 10.3): ours has them."""
    n_get = commands.n_get_rq(1, PRINTER, PRINTER_INSTANCE)
    n_create = commands.n_create_rq(2, FILM_SESSION, has_dataset=False)
    n_set = commands.n_set_rq(4, IMAGE_BOX, IMAGE_BOX_INSTANCE)
    n_action = commands.n_action_rq(5, FILM_BOX, FILM_BOX_INSTANCE, 1, has_dataset=False)
    n_delete = decode_command(values_of(messages["N-DELETE-RQ"])[0].data)
    requests = {"N-GET": n_get, "N-CREATE": n_create, "N-SET": n_set, "N-ACTION": n_action, "N-DELETE": n_delete}
    for name, wire in messages.items():
        (value,) = values_of(wire)
        command = decode_command(value.data)
        assert command.name == name
        assert encode_command(command) == value.data
        request = requests[name.rpartition("-")[0]]
        if command.is_response:
            created = SESSION_INSTANCE if name == "N-CREATE-RSP" else None
            ours = commands.response(request, 0, has_dataset=command.has_dataset, sop_instance_uid=created)
            assert {**ours.elements, **command.elements} == ours.elements
        else:
            assert command == request
    assert (n_delete.sop_class_uid, n_delete.sop_instance_uid) == (FILM_BOX, FILM_BOX_INSTANCE)


# --- fragments and messages


def assert_assembled(stream: bytes, command: Command, dataset: bytes) -> None:
    """The stream holds this one message, assembled in memory and into a sink."""
    values = values_of(stream)
    context_id = values[0].context_id
    assert messages_of(values) == [Message(context_id, command, bytearray(dataset))]
    written = bytearray()
    assembler = MessageAssembler(lambda context_id, command: written.extend)
    assert [assembler.feed(value) for value in values][-1] == Message(context_id, command, None)
    assert written == dataset


@golden(
    "DCMTK_FRAGMENTED_STORE PYNETDICOM_FRAGMENTED_STORE PYNETDICOM_TWO_VALUES_PDU",
    holds="fragmentation.fragment dimse.MessageAssembler dimse.MessageAssembler.feed dimse.Message",
)
def fragments(dcmtk: bytes, pynetdicom: bytes, two_values: bytes) -> None:
    """storescu counts the 6 bytes of the PDU header to the maximum length of 4096, so that its PDUs have 4090."""
    dataset = b"".join(pdu[12:] for pdu in pdus(dcmtk)[1:])
    c_store = commands.c_store_rq(1, SECONDARY_CAPTURE, "1.2.3.4.5.6.7")
    assert_assembled(dcmtk, c_store, dataset)
    assert b"".join(fragment(1, encode_command(c_store), [dataset], 4090)) == dcmtk
    dataset = bytes(range(150))
    c_store = commands.c_store_rq(7, CT, "1.2.3.4", priority=2)
    assert_assembled(pynetdicom, c_store, dataset)
    assert b"".join(fragment(5, encode_command(c_store), [dataset], 64)) == pynetdicom
    assert messages_of(values_of(two_values)) == [Message(1, commands.c_echo_rq(7), None)]


@golden(
    "DCMTK_STORE_SUB_OPERATION DCMTK_STORE_SUB_OPERATION_RSP",
    holds="commands.c_store_rq commands.response fragmentation.fragment dimse.Message",
)
def a_sub_operation_of_dcmtk(store: bytes, answer: bytes) -> None:
    c_store = commands.c_store_rq(1, SECONDARY_CAPTURE, "1.2.3.4.5.6.70", move_originator=("MOVE_SCU", 1))
    dataset = pdus(store)[1][12:]
    assert messages_of(values_of(store)) == [Message(0x9D, c_store, bytearray(dataset))]
    assert b"".join(fragment(0x9D, encode_command(c_store), [dataset[:50], dataset[50:]], 16384)) == store
    assert messages_of(values_of(answer)) == [Message(0x9D, commands.response(c_store, 0), None)]
    assert b"".join(fragment(0x9D, encode_command(commands.response(c_store, 0)), None, 16384)) == answer


@golden(
    "DCMTK_FIND_CLIENT_STREAM DCMTK_FIND_SERVER_STREAM DCMTK_WORKLIST_CLIENT_STREAM DCMTK_WORKLIST_SERVER_STREAM",
    holds="dimse.send_message dimse.MessageAssembler.feed commands.c_find_rq commands.response",
)
def queries_are_asked_as_findscu_does(find: bytes, find_answer: bytes, worklist: bytes, worklist_answer: bytes) -> None:
    for asked, answered, sop_class, titles in (
        (find, find_answer, FIND, ("QR", "FIND_SCU")),
        (worklist, worklist_answer, WORKLIST, ("WL_SCP", "CT_ONE")),
    ):
        association_rq, *_ = pdus(asked)
        association_ac, *_ = pdus(answered)
        query = commands.c_find_rq(1, sop_class)
        (message,) = messages_of(values_of(asked))
        assert message.command == query
        assert message.dataset is not None
        requestor = Association()
        requestor.request(as_dcmtk(propose(*titles, [(sop_class, [EXPLICIT, BIG_ENDIAN, IMPLICIT])], max_pdu_length=16384)))
        requestor.transport_connected()
        assert differs_in_reserved_byte(sent(requestor), association_rq, contexts=1)
        requestor.receive(association_ac)
        assert [type(event) for event in requestor.events()] == [ConnectTransport, AssociationAccepted]
        send_message(requestor, 1, query, [message.dataset])
        requestor.release()
        assert association_rq + sent(requestor) == asked
        requestor.receive(answered[len(association_ac) :])
        *values, released, closed = requestor.events()
        assert (released, closed) == (Released(), CloseTransport())
        answers = messages_of([value for value in values if isinstance(value, DataValue)])
        assert [(answer.command, answer.dataset is not None) for answer in answers] == [
            (commands.response(query, status.PENDING, has_dataset=True), True),
            (commands.response(query, status.SUCCESS), False),
        ]

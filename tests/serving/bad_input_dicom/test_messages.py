"""Bad messages on a good association: refused with their status, passed over, or the end of their association."""

from collections.abc import Mapping

import pytest

from emulators.codecs.dicom.uids import CT_IMAGE, STUDY_ROOT_FIND
from emulators.wire.commands import VERIFICATION, c_cancel_rq, c_echo_rq, c_find_rq, c_store_rq, n_action_rq, n_get_rq, response
from emulators.wire.dimse import Command, encode_command
from emulators.wire.pdu import Abort
from tests.serving.bad_input_dicom.pieces import ECHO, with_values, without
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.raw_dicom import ask, message

NO_COMMANDS: Mapping[str, bytes] = {
    "noise": bytes(range(1, 60)),
    "an element that is cut": ECHO[:-3],
    "an element of another group": b"\x08\x00\x05\x00\x02\x00\x00\x00AB" + ECHO,
    "no Command Field": encode_command(without(c_echo_rq(1), "CommandField")),
    "no Message ID": encode_command(without(c_echo_rq(1), "MessageID")),
    "no SOP class": encode_command(without(c_echo_rq(1), "AffectedSOPClassUID")),
    "no Command Data Set Type": encode_command(without(c_echo_rq(1), "CommandDataSetType")),
    "a Message ID of 4 bytes": ECHO.replace(b"\x10\x01\x02\x00\x00\x00\x01\x00", b"\x10\x01\x04\x00\x00\x00\x01\x00\x00\x00"),
    "more than 64 kB": ECHO + bytes(1 << 17),
}


@pytest.mark.parametrize("bad", NO_COMMANDS)
def test_a_command_that_cannot_be_read_aborts_its_association(role: Role, bad: str) -> None:
    with role.associated(VERIFICATION) as connection:
        connection.send(message(NO_COMMANDS[bad]))
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)


def test_a_data_set_before_its_command_and_two_messages_mixed_abort_their_association(role: Role) -> None:
    data_first = message(b"", b"ab")[12:]
    command_on_1, command_on_3 = message(ECHO)[:-1], message(ECHO, context_id=3)
    mixed = command_on_1[:11] + b"\x01" + message(ECHO)[12:] + command_on_3  # not the last fragment
    for sent in (data_first, mixed):
        with role.associated(VERIFICATION, VERIFICATION) as connection:
            connection.send(sent)
            (abort,) = connection.rest()
            assert isinstance(abort, Abort)


def test_what_is_no_request_is_passed_over(role: Role) -> None:
    with role.associated(VERIFICATION) as connection:
        connection.send_message(c_cancel_rq(999))
        connection.send_message(response(c_echo_rq(7), 0x0000))
        answer = ask(connection, c_echo_rq(65_535))
        assert (answer.name, answer.message_id, answer.status) == ("C-ECHO-RSP", 65_535, 0x0000)
        connection.release()


NOT_OF_VERIFICATION: Mapping[str, tuple[Command, bytes | None, int]] = {
    "C-FIND": (c_find_rq(1, VERIFICATION), b"", 0x0211),
    "N-ACTION": (n_action_rq(1, VERIFICATION, "2.25.1", 1), b"", 0x0211),
    "N-GET": (n_get_rq(1, VERIFICATION, "2.25.1"), None, 0x0211),
    "C-STORE": (c_store_rq(1, VERIFICATION, "2.25.1"), b"", 0x0211),
    "an unknown operation": (with_values(c_echo_rq(1), CommandField=0x0042), None, 0x0211),
    "C-ECHO of another SOP class": (with_values(c_echo_rq(1), AffectedSOPClassUID=CT_IMAGE), None, 0x0122),
    "C-STORE of another SOP class": (c_store_rq(1, CT_IMAGE, "2.25.1"), b"", 0x0122),
    "C-FIND of another SOP class": (c_find_rq(1, STUDY_ROOT_FIND), b"", 0x0122),
}


@pytest.mark.parametrize("operation", NOT_OF_VERIFICATION)
def test_an_operation_that_its_context_is_not_for_is_refused_and_the_association_goes_on(role: Role, operation: str) -> None:
    command, dataset, status = NOT_OF_VERIFICATION[operation]
    with role.associated(VERIFICATION) as connection:
        assert ask(connection, command, dataset).status == status
        assert ask(connection, c_echo_rq(2)).status == 0x0000
        connection.release()

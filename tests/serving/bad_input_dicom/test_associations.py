"""Bad associations: rejected with a reason, aborted or forgotten; what stalls or is cut holds up nobody."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND
from emulators.wire.commands import VERIFICATION, c_echo_rq
from emulators.wire.items import ProposedContext
from emulators.wire.negotiation import MAX_PDU_LENGTH
from emulators.wire.pdu import Abort, AssociateAccept, AssociateReject, encode
from tests.serving.bad_input_dicom.pieces import ECHO, ULTRASOUND
from tests.serving.bad_input_dicom.systems import Role, all_roles
from tests.serving.raw_dicom import RawConnection, ask, message, proposal


def answer_to(role: Role, **changes: Any) -> Any:
    """What comes back for a request for an association with these changes."""
    with RawConnection(role.address) as connection:
        return connection.request(replace(proposal(role.called, role.calling), **changes))


REJECTED: Mapping[str, tuple[dict[str, Any], AssociateReject]] = {
    "a wrong called AE title": ({"called_ae_title": "NOT_YOU"}, AssociateReject(1, 1, 7)),
    "a called AE title in lower case": ({"called_ae_title": "radris"}, AssociateReject(1, 1, 7)),
    "an unknown calling AE title": ({"calling_ae_title": "STRANGER01"}, AssociateReject(1, 1, 3)),
    "another application context": ({"application_context_name": "1.2.3"}, AssociateReject(1, 1, 2)),
    "no application context": ({"application_context_name": ""}, AssociateReject(1, 1, 2)),
    "another protocol version": ({"protocol_version": 2}, AssociateReject(1, 2, 2)),
}


@pytest.mark.parametrize("bad", REJECTED)
def test_an_association_that_is_not_for_us_is_rejected_with_its_reason(role: Role, bad: str) -> None:
    changes, rejection = REJECTED[bad]
    assert answer_to(role, **changes) == rejection


def test_a_rejection_stands_in_the_log_in_words(pacs: Role) -> None:
    with RawConnection(pacs.address) as connection:
        connection.request(proposal("NOT_YOU", pacs.calling))
        connection.leave()
        assert connection.rest() == []  # it has closed, and so it has said why
    reason = "rejected permanent: called AE title not recognized"
    assert f"pacs: the association with 'US1' has ended: {reason}" in pacs.served.log.read_text()


def test_an_unknown_sop_class_or_transfer_syntax_spoils_no_other_context(role: Role) -> None:
    contexts = (
        ProposedContext(1, VERIFICATION, (EXPLICIT_VR_LITTLE_ENDIAN,)),
        ProposedContext(3, "1.2.3.4.5", (EXPLICIT_VR_LITTLE_ENDIAN,)),
        ProposedContext(5, VERIFICATION, ("1.2.3.4",)),
        ProposedContext(7, "1.2.840.10008.5.1.4.1.1.9999", (EXPLICIT_VR_LITTLE_ENDIAN,)),
    )
    accept = answer_to(role, contexts=contexts)
    assert isinstance(accept, AssociateAccept)
    assert {context.context_id: context.result for context in accept.contexts} == {1: 0, 3: 3, 5: 4, 7: 3}


A_REQUEST = encode(proposal("RADPACS", "US1"))
BEFORE_AN_ASSOCIATION: Mapping[str, bytes] = {
    "a PDU of 4 GiB": b"\x01\x00\xff\xff\xff\xff" + bytes(100),
    "a PDU of an unknown type": b"\x99\x00\x00\x00\x00\x04abcd",
    "an empty request": b"\x01\x00\x00\x00\x00\x00",
    "a request whose items do not fit it": A_REQUEST[:2] + (len(A_REQUEST) - 16).to_bytes(4) + A_REQUEST[6:-10],
    "data": b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x03",
    "an answer": b"\x02" + A_REQUEST[1:],
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HL7": b"\x0bMSH|^~\\&|EHR\r\x1c\r",
    "zeroes": bytes(1000),
}


@pytest.mark.parametrize("garbage", BEFORE_AN_ASSOCIATION)
def test_garbage_before_an_association_is_aborted_at_once(role: Role, garbage: str) -> None:
    with RawConnection(role.address) as connection:
        connection.send(BEFORE_AN_ASSOCIATION[garbage])
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)
    assert f"{role.name}: a DICOM connection has ended: " in role.served.log.read_text()


P_DATA_LONGER_THAN_ANNOUNCED = b"\x04\x00" + (MAX_PDU_LENGTH + 4096).to_bytes(4)
ON_AN_ASSOCIATION: Mapping[str, tuple[bytes, int | None]] = {
    "a PDU of 4 GiB": (b"\x04\x00\xff\xff\xff\xff" + bytes(1 << 20), None),
    "a PDU longer than announced": (P_DATA_LONGER_THAN_ANNOUNCED + bytes(MAX_PDU_LENGTH), None),
    "a PDU of an unknown type": (b"\x99\x00\x00\x00\x00\x04abcd", 1),
    "a second request": (A_REQUEST, 2),
    "a release response": (b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00", 2),
    "no value": (b"\x04\x00\x00\x00\x00\x00", None),
    "a value longer than its PDU": (b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x09\x01\x03", None),
    "a value without control header": (b"\x04\x00\x00\x00\x00\x05\x00\x00\x00\x01\x01", None),
    "a context that was not proposed": (message(ECHO, context_id=5), None),
    "a context of an even number": (message(ECHO, context_id=2), None),
    "a context that was refused": (message(ECHO, context_id=3), None),
}


@pytest.mark.parametrize("nonsense", ON_AN_ASSOCIATION)
def test_nonsense_on_an_association_aborts_it(role: Role, nonsense: str) -> None:
    sent, reason = ON_AN_ASSOCIATION[nonsense]
    with role.associated(VERIFICATION, "1.2.3.4.5") as connection:
        connection.send(sent)
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)
        assert abort.source == 2  # service provider
        assert reason is None or abort.reason == reason


def test_a_truncated_request_is_forgotten(role: Role) -> None:
    request = encode(proposal(role.called, role.calling))
    for length in (0, 1, 5, 6, 7, 74, len(request) // 2, len(request) - 1):
        with RawConnection(role.address) as connection:
            connection.send(request[:length])
            connection.leave()
            assert connection.rest() == []


def test_a_truncated_message_is_forgotten(role: Role) -> None:
    whole = message(ECHO)
    for length in (1, 6, 11, 12, 13, len(whole) - 1):
        with role.associated(VERIFICATION) as connection:
            connection.send(whole[:length])
            connection.leave()
            assert connection.rest() == []


def test_a_truncated_release_changes_nothing(role: Role) -> None:
    with role.associated(VERIFICATION) as connection:
        assert ask(connection, c_echo_rq(1)).status == 0x0000
        connection.send(b"\x05\x00\x00\x00\x00\x04\x00")
        connection.leave()
        assert connection.rest() == []


def test_connections_that_stall_hold_up_nobody(role: Role) -> None:
    request, store = encode(proposal(role.called, role.calling)), message(ECHO)
    with ExitStack() as stalled:
        for length in (0, 1, 6, 40, 100):
            connection = stalled.enter_context(RawConnection(role.address))
            connection.send(request[:length])
        for length in (0, 1, 6, 12, 40):
            connection = stalled.enter_context(role.associated(VERIFICATION))
            connection.send(store[:length])
        role.still_serves()


def test_associations_that_are_reset_or_aborted_leave_no_trace(role: Role) -> None:
    for number in range(30):
        with role.associated(VERIFICATION) as connection:
            connection.send(message(ECHO)[: number % 20])
            if number % 2:
                connection.send(encode(Abort(0, 0)))
            else:
                connection.reset()


@st.composite
def broken(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Some bytes of a conversation replaced by others."""
    start, length, others = draw(st.integers(0, 700)), draw(st.integers(0, 40)), draw(st.binary(max_size=40))
    return lambda conversation: conversation[:start] + others + conversation[start + length :]


@settings(max_examples=40)
@given(change=broken())
@pytest.mark.parametrize("name", [role.name for role in all_roles()])
def test_whatever_bytes_are_wrong_the_system_answers_and_goes_on(
    roles: Mapping[str, Role], name: str, change: Callable[[bytes], bytes]
) -> None:
    role = roles[name]
    contexts = (VERIFICATION, MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND, ULTRASOUND.sop_class_uid)
    conversation = encode(proposal(role.called, role.calling, contexts)) + message(ECHO) + message(ECHO)
    with RawConnection(role.address) as connection:
        connection.send(change(conversation))
        connection.leave()
        connection.rest()  # all of it PDUs
    role.still_serves()

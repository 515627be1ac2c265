"""The tester's release: a request of the product may cross it, an answer to nothing may not (PS3.8 Table 9-10, Sta7)."""

import socket
from collections.abc import Iterator
from io import StringIO

import pytest

from commands.certify.emulated_site import HOST, free_ports
from conformance.peers.acceptor import Acceptor, Behaviour
from conformance.peers.association import Association
from conformance.peers.conversation import Conversation
from conformance.peers.stream import ReceivedPdu, Stream
from conformance.taps import Taps
from conformance.trial import IMPLICIT, VERIFICATION
from conformance.verdict import Failure
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.negotiation import propose

REQUEST = commands.n_event_report_rq(1, VERIFICATION, "1.2.3", 1, has_dataset=False)


class SaysMore(Behaviour):
    """Sends something else before A-RELEASE-RP."""

    def __init__(self, more: Command) -> None:
        self._more = more

    def release(self, conversation: Conversation, received: ReceivedPdu) -> None:
        conversation.send(1, self._more)
        super().release(conversation, received)


@pytest.fixture
def acceptor() -> Iterator[Acceptor]:
    [port] = free_ports(1)
    opened = Acceptor("pacs", (HOST, port), Taps(StringIO()))
    yield opened
    opened.close()


def released(acceptor: Acceptor, more: Command) -> None:
    acceptor.behave(SaysMore(more))
    connection = socket.create_connection(acceptor.address)
    stream = Stream(connection, Taps(StringIO()).open("test", "dicom", "tester", "pacs", "there"), 5.0)
    with Association.establish(stream, propose("PACS", "CT1", [(VERIFICATION, (IMPLICIT,))]), 5.0):
        pass


def test_a_request_that_crosses_the_release_is_no_fault(acceptor: Acceptor) -> None:
    released(acceptor, REQUEST)


def test_an_answer_to_nothing_is_no_answer_to_the_release(acceptor: Acceptor) -> None:
    with pytest.raises(Failure, match="A-RELEASE-RP"):
        released(acceptor, commands.response(commands.c_echo_rq(7), 0))

"""The mutated inputs of each port, by number: the same number is the same bytes, at any time and on any machine.

An input is one exchange of the good traffic with one thing wrong. In DICOM that is the request for the association, or the
message on it; in HL7 the message, or its frame. Some peers leave when they have sent it, the others wait to be answered, or
for the system to end the connection.
"""

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, TRANSFER_SYNTAXES
from emulators.messages.common import Acknowledgement
from emulators.ports.sockets import Address
from emulators.wire import er7
from emulators.wire.dimse import Command, MessageAssembler, encode_command
from emulators.wire.mllp import END_BLOCK, START_BLOCK, Deframer, Frame, Truncated
from emulators.wire.negotiation import propose
from emulators.wire.pdu import AssociateAccept, DataTransfer, Pdu, ReleaseRequest, encode
from tests.serving import hostile_traffic as traffic
from tests.serving.hl7 import CODEC, LIMIT_S
from tests.serving.hostile_traffic import Identity, Operation
from tests.serving.mutated_dicom import OF_PDUS, OF_REQUESTS, ElementMutations
from tests.serving.mutated_hl7 import OF_FRAMES, OF_MESSAGES
from tests.serving.mutations import Mutation
from tests.serving.raw_dicom import RawConnection, message

TITLES: Mapping[str, tuple[str, str]] = {
    "ris": ("RADRIS", "CT1"),
    "pacs": ("RADPACS", "US1"),
    "workstation": ("RADWS", "RADPACS"),
    "teleradiology": ("TELERAD", "RADPACS"),
    "ct1": ("CT1", "RADPACS"),
}
"""The AE title of each system, and of one that may call it."""

RELEASE = encode(ReleaseRequest())


class Kind(NamedTuple):
    """What was good, in which part of it something is wrong, and what."""

    base: str
    part: str
    mutation: str


@dataclass(frozen=True, slots=True)
class DicomInput:
    """``before`` goes first and is good; then ``request``, and ``messages`` once that is accepted, or in any case, if the peer
    ``pushes``."""

    kind: Kind
    called: tuple[str, str]
    before: Sequence[Operation]
    syntax: str
    request: bytes
    messages: bytes
    leaves: bool
    pushes: bool


@dataclass(frozen=True, slots=True)
class Hl7Input:
    """``frames`` is how many whole messages there are in ``data`` before the first that is cut by another."""

    kind: Kind
    data: bytes
    leaves: bool
    frames: int


def _spoilt(draw: Random, mutations: Mapping[str, Mutation], good: bytes) -> tuple[str, bytes]:
    """By one of these mutations, which may have to be tried again until something is wrong."""
    while True:
        name = draw.choice(list(mutations))
        found = mutations[name](draw, good)
        if found != good:
            return name, found


# --- DICOM -------------------------------------------------------------------------------------------------------------


def association_request(operation: Operation, called: tuple[str, str], syntax: str) -> bytes:
    """For this operation alone, in this transfer syntax."""
    return encode(propose(*called, [(operation.command.sop_class_uid, [syntax])]))


def dicom_input(system: str, number: int) -> DicomInput:
    draw = Random(f"{system}-dicom-{number}")
    called, syntax = TITLES[system], draw.choice(TRANSFER_SYNTAXES)
    base = draw.choice(list(traffic.DICOM[system]))
    *before, spoilt = traffic.DICOM[system][base](Identity(f"{system}-dicom", number), syntax)
    request = association_request(spoilt, called, syntax)
    command, dataset = encode_command(spoilt.command), spoilt.dataset
    messages = message(command, dataset)
    leaves, pushes = draw.random() < 0.85, False
    # the data set is where most can be wrong
    part = draw.choice(["request", "PDUs", "command", *["data set"] * 3] if dataset else ["request", "PDUs", "command"])
    if part == "request":
        mutation, request = _spoilt(draw, OF_REQUESTS, request)
        pushes = leaves
    elif part == "PDUs":
        mutation, messages = _spoilt(draw, OF_PDUS, messages)
    elif part == "command":
        mutation, command = _spoilt(draw, ElementMutations(explicit=False).of_commands, command)
        messages = message(command, dataset)
    else:
        assert dataset is not None
        of_data_sets = ElementMutations(syntax == EXPLICIT_VR_LITTLE_ENDIAN).of_data_sets
        mutation, dataset = _spoilt(draw, of_data_sets, dataset)
        messages = message(command, dataset)
    messages += RELEASE * draw.randrange(2)
    return DicomInput(Kind(base, part, mutation), called, before, syntax, request, messages, leaves, pushes)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back until the connection was ended, the responses or acknowledgements, and how it ended."""

    answers: Sequence[Command | Acknowledgement]
    ending: str

    @property
    def is_positive(self) -> bool:
        """Whether something was taken: what says so is part of the ledger, and nothing else is."""
        return any(map(_is_positive, self.answers))


def _is_positive(answer: Command | Acknowledgement) -> bool:
    if isinstance(answer, Acknowledgement):
        return answer.code in ("AA", "CA")
    return answer.status == 0x0000 or answer.status >> 12 == 0xB


def converse_dicom(address: Address, sent: DicomInput) -> Heard:
    """Send the input, and read until the system closes. Raises TimeoutError where it does not, and RemoteProtocolError where
    something else than PDUs comes."""
    with RawConnection(address) as connection:
        connection.send(sent.request)
        if sent.pushes:
            connection.send(sent.messages)
            connection.leave()
        first = connection.next_pdu()
        if isinstance(first, AssociateAccept) and not sent.pushes:
            connection.send(sent.messages)
        if sent.leaves:
            connection.leave()
        received = [] if first is None else [first, *connection.rest()]
    answers = list(_commands(received))
    return Heard(answers, "answered" if answers else type(received[-1]).__name__ if received else "closed")


def _commands(received: Sequence[Pdu]) -> Sequence[Command]:
    assembler = MessageAssembler()
    values = [value for pdu in received if isinstance(pdu, DataTransfer) for value in pdu.values]
    return [found.command for value in values if (found := assembler.feed(value)) is not None]


def perform(address: Address, called: tuple[str, str], operation: Operation, syntax: str) -> None:
    """A good operation on an association of its own: its final response must be right."""
    with RawConnection(address) as connection:
        connection.send(association_request(operation, called, syntax))
        assert isinstance(connection.next_pdu(), AssociateAccept)
        connection.send(message(encode_command(operation.command), operation.dataset))
        while (answer := connection.response()).status >> 8 == 0xFF:
            pass  # a match
        assert (answer.field & 0x7FFF, answer.message_id) == (operation.command.field, operation.command.message_id)
        assert answer.status in operation.statuses, f"{operation.command.name}: {answer.status:04X}H"
        connection.release()


# --- HL7 ---------------------------------------------------------------------------------------------------------------


def hl7_input(system: str, number: int) -> Hl7Input:
    draw = Random(f"{system}-mllp-{number}")
    base = draw.choice(list(traffic.HL7[system]))
    good = traffic.HL7[system][base].bytes_of(Identity(f"{system}-mllp", number))
    if draw.random() < 0.8:
        part, (mutation, spoilt) = "message", _spoilt(draw, OF_MESSAGES, good)
        data = START_BLOCK + spoilt + END_BLOCK
    else:
        part, (mutation, data) = "frame", _spoilt(draw, OF_FRAMES, good)
    return Hl7Input(Kind(base, part, mutation), data, draw.random() < 0.5, _whole_frames(data))


def _whole_frames(data: bytes) -> int:
    count = 0
    for event in Deframer().receive(data):
        if isinstance(event, Truncated):
            break
        count += isinstance(event, Frame)
    return count


def converse_hl7(address: Address, sent: Hl7Input) -> Heard:
    """Send the input, and read every acknowledgement. Raises TimeoutError where one is missing and the connection goes on."""
    deframer, payloads = Deframer(), list[bytes]()
    waits = not sent.leaves and sent.frames > 0  # for what is cut there is no timer: its sender must leave
    ending = "closed"
    with socket.create_connection(address, timeout=LIMIT_S) as connection, suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(sent.data)
        if not waits:
            connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            payloads += [event.payload for event in deframer.receive(data) if isinstance(event, Frame)]
            if waits and len(payloads) >= sent.frames:
                break
    if payloads:
        ending = "answered"
    return Heard([_acknowledgement(payload) for payload in payloads], ending)


def _acknowledgement(payload: bytes) -> Acknowledgement:
    """Of either mode."""
    is_enhanced = er7.parse(payload).required("MSA").component(1, 1).startswith("C")
    return CODEC.decode_acknowledgement(payload, is_enhanced)

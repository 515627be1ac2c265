"""HL7: encoding and reading messages, by our codec, by its ER7 layer alone and by hl7apy; and round trips over MLLP.

Every message is of another patient, so that no cache helps: 5,000 in turn.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from emulators.codecs.hl7v2 import Hl7Codec, Hl7Message
from emulators.wire import er7
from emulators.wire.mllp import END_BLOCK, Deframer, frame
from loadtests.figures import Contestant, Figure, Group, per_second, race
from loadtests.products import LOOPBACK, need_package, own_receiver
from loadtests.receivers import mllp_receiver
from loadtests.senders import MllpSender
from loadtests.subjects import hl7_codec, report, scheduled_exam

VERSIONS = ("2.3.1", "2.5.1")
MESSAGES = 5000
QUICK_MESSAGES = 500
ROUNDS = 3  # one if quick, without one that is thrown away
ROUND_TRIPS = 500  # of one round
RECEIVE_BYTES = 65_536
UNIT = "messages/s"


def measure(quick: bool) -> list[Group]:
    """Two groups, messages and round trips; takes some 30 s, or 10 s if ``quick``."""
    count = QUICK_MESSAGES if quick else MESSAGES
    exams = [scheduled_exam(number) for number in range(count)]
    reports = [report(number) for number in range(count)]
    codings = [
        *_codings("ORM", exams),
        *_codings("ORU", reports),
    ]
    note = f"ORM^O01 with ZDS, ORU^R01 with a text of 20 lines; {count} messages of as many patients in turn, one process"
    return [
        Group("hl7", "HL7 encode and parse", note, race(codings, 1 if quick else ROUNDS, warm_up=not quick)),
        Group(
            "mllp",
            "MLLP round trips",
            f"ORM^O01 2.5.1 and its ACK, one connection, one message outstanding, {ROUND_TRIPS} a round; the receiver in a "
            "process of its own unless stated. Our client encodes and reads, our server reads and encodes",
            _round_trips(exams, quick),
        ),
    ]


# --- encode and parse --------------------------------------------------------------------------------------------------


def _codings(kind: str, messages: Sequence[Hl7Message]) -> Iterator[Contestant]:
    for version in VERSIONS:
        codec = hl7_codec(version)
        payloads = [codec.encode(message) for message in messages]
        name = f"{kind} {version}"
        theirs = f"{name}, parse: hl7apy"
        yield Contestant(Figure(theirs, UNIT), partial(_hl7apy_parses, payloads))
        yield _coding(f"{name}, parse: our codec", codec.decode, payloads, against=theirs)
        yield _coding(f"{name}, parse: er7 alone", er7.parse, payloads, against=theirs)
        theirs = f"{name}, encode: hl7apy"
        yield Contestant(Figure(theirs, UNIT), partial(_hl7apy_encodes, payloads))
        yield _coding(f"{name}, encode: our codec", codec.encode, messages, against=theirs)


def _coding(subject: str, work: Callable[[Any], object], values: Sequence[Any], against: str) -> Contestant:
    source = cycle(values)
    return Contestant(Figure(subject, UNIT, against=against), lambda: per_second(lambda: work(next(source))))


def _hl7apy_parses(payloads: Sequence[bytes]) -> float:
    parse = _hl7apy_parser()
    source = cycle(payloads)
    return per_second(lambda: parse(next(source).decode()))


def _hl7apy_encodes(payloads: Sequence[bytes]) -> float:
    message = _hl7apy_parser()(payloads[0].decode())
    return per_second(message.to_er7)


def _hl7apy_parser() -> Callable[[str], Any]:
    """hl7apy's reader in its usual setting: tolerant, with segment groups."""
    need_package("hl7apy")
    from hl7apy.parser import parse_message

    parser: Callable[[str], Any] = parse_message
    return parser


# --- round trips -------------------------------------------------------------------------------------------------------


def _round_trips(exams: Sequence[Hl7Message], quick: bool) -> tuple[Figure, ...]:
    codec = hl7_codec("2.5.1")
    unit = "round trips/s"
    floor = "bare sockets, a fixed ACK, nothing read"
    nowhere = Path()
    with (
        own_receiver("mllp", nowhere) as port,
        mllp_receiver(nowhere) as near_port,
        own_receiver("bare", nowhere) as bare_port,
    ):
        sender, near_sender = MllpSender("2.5.1", port), MllpSender("2.5.1", near_port)
        figures = race(
            [
                Contestant(Figure(floor, unit), partial(_bare_trips, bare_port, codec, exams)),
                Contestant(Figure("our client to our server", unit, against=floor), partial(_trips, sender, exams)),
                Contestant(Figure("- both in one process", unit, against=floor), partial(_trips, near_sender, exams)),
                Contestant(Figure("the deframer alone", UNIT), partial(_deframed, codec, exams)),
            ],
            1 if quick else ROUNDS,
            warm_up=not quick,
        )
        sender.close()
        near_sender.close()
    return figures


def _trips(sender: MllpSender, messages: Sequence[Hl7Message]) -> float:
    begin = time.perf_counter()
    for message in messages[:ROUND_TRIPS]:
        if sender.ask(message).code != "AA":
            raise ChildProcessError("a message was not accepted")
    return ROUND_TRIPS / (time.perf_counter() - begin)


def _bare_trips(port: int, codec: Hl7Codec, messages: Sequence[Hl7Message]) -> float:
    framed = [frame(codec.encode(message)) for message in messages[:ROUND_TRIPS]]
    with socket.create_connection((LOOPBACK, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter()
        for payload in framed:
            connection.sendall(payload)
            while not connection.recv(RECEIVE_BYTES).endswith(END_BLOCK):
                pass
        return ROUND_TRIPS / (time.perf_counter() - begin)


def _deframed(codec: Hl7Codec, messages: Sequence[Hl7Message]) -> float:
    """Frames out of a stream that comes in pieces of one message."""
    framed = cycle([frame(codec.encode(message)) for message in messages[:ROUND_TRIPS]])
    deframer = Deframer()
    return per_second(lambda: deframer.receive(next(framed)))

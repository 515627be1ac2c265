"""The MLLP framer: whole frames and nothing else, however TCP cut the bytes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError
from emulators.wire.mllp import Deframer, Event, Frame, Noise, Oversize, Truncated, frame
from tests.wire import golden_hl7

# few byte values, so that frame bytes meet in all ways
_HOSTILE = st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"a", b"bc", b"\n"]), max_size=40).map(b"".join)


def _events(*chunks: bytes, limit_bytes: int = 1000) -> list[Event]:
    deframer = Deframer(limit_bytes)
    events = [event for chunk in chunks for event in deframer.receive(chunk)]
    return events + deframer.transport_closed()


def _bytewise(data: bytes, limit_bytes: int) -> list[Event]:
    """The table of the module, one byte at a time: slow and plain."""
    events: list[Event] = []
    state, payload, noise = "outside", b"", 0
    for byte in [data[index : index + 1] for index in range(len(data))]:
        if byte == b"\x0b":
            if state == "inside":
                events.append(Truncated(len(payload)))
            if noise:
                events.append(Noise(noise))
            state, payload, noise = "inside", b"", 0
        elif state == "outside":
            noise += 1
        elif byte == b"\r" and payload.endswith(b"\x1c"):
            if state == "inside":
                events.append(Frame(payload[:-1]))
            state = "outside"
        else:
            payload += byte
            if state == "inside" and len(payload) - payload.endswith(b"\x1c") > limit_bytes:
                events.append(Oversize(limit_bytes))
                state = "skipping"
    if state == "inside":
        events.append(Truncated(len(payload)))
    if noise:
        events.append(Noise(noise))
    return events


def test_frame_of_hl7apy_is_read_and_written() -> None:
    (event,) = _events(golden_hl7.HL7APY_ORU_FRAME)
    assert event == Frame(golden_hl7.HL7APY_ORU_TEXT.encode() + b"\r")
    assert frame(event.payload) == golden_hl7.HL7APY_ORU_FRAME


def test_frame_of_python_hl7_is_read_and_written() -> None:
    (event,) = _events(golden_hl7.PYTHON_HL7_ORU_FRAME)
    assert isinstance(event, Frame)
    assert event.payload.startswith(b"MSH|")
    assert frame(event.payload) == golden_hl7.PYTHON_HL7_ORU_FRAME


def test_frames_in_one_segment_come_in_order() -> None:
    assert _events(b"\x0ba\x1c\r\x0b\x1c\r\x0bb\x1c\r") == [Frame(b"a"), Frame(b""), Frame(b"b")]


@settings(max_examples=500)
@given(data=_HOSTILE, cuts=st.lists(st.integers(0, 60)), limit_bytes=st.integers(0, 6))
def test_any_split_gives_the_events_of_the_table(data: bytes, cuts: list[int], limit_bytes: int) -> None:
    ends = [0, *sorted(cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(ends)]
    single_bytes = [data[index : index + 1] for index in range(len(data))]
    expected = _bytewise(data, limit_bytes)
    assert _events(data, limit_bytes=limit_bytes) == expected
    assert _events(*chunks, limit_bytes=limit_bytes) == expected
    assert _events(*single_bytes, limit_bytes=limit_bytes) == expected


@given(payload=_HOSTILE)
def test_framed_payload_comes_back_or_is_refused(payload: bytes) -> None:
    try:
        framed = frame(payload)
    except LocalProtocolError:
        assert b"\x0b" in payload or b"\x1c\r" in payload
    else:
        assert _events(framed) == [Frame(payload)]


@pytest.mark.parametrize("payload", [b"MSH|a\x1c\rb", b"\x0b"])
def test_payload_with_frame_bytes_is_refused(payload: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        frame(payload)


def test_unterminated_frame_is_never_handed_over_and_the_next_one_is() -> None:
    assert _events(b"\x0bfirst", b"\x0bsecond\x1c\r") == [Truncated(5), Frame(b"second")]


def test_close_inside_a_frame_is_truncation() -> None:
    assert _events(b"\x0bMSH|\x1c") == [Truncated(5)]


def test_end_block_without_cr_does_not_end_a_frame() -> None:
    assert _events(b"\x0ba\x1cb\x1c\r") == [Frame(b"a\x1cb")]


def test_end_block_may_come_in_two_pieces() -> None:
    assert _events(b"\x0ba\x1c", b"\r") == [Frame(b"a")]
    assert _events(b"\x0bab\x1c", b"\r", limit_bytes=2) == [Frame(b"ab")]
    assert _events(b"\x0babc\x1c", b"\r", limit_bytes=2) == [Oversize(2)]


def test_noise_is_counted_between_frames() -> None:
    assert _events(b"ab", b"c\x0bx\x1c\r", b"\r\n", b"\x0by\x1c\r", b"\r") == [
        Noise(3),
        Frame(b"x"),
        Noise(2),
        Frame(b"y"),
        Noise(1),
    ]


def test_oversize_frame_is_reported_before_its_end_and_the_next_one_is_read() -> None:
    deframer = Deframer(max_frame_bytes=4)
    assert deframer.receive(b"\x0b1234") == []
    assert deframer.receive(b"5") == [Oversize(4)]
    assert deframer.receive(b"6" * 1000) == []
    assert deframer.receive(b"\x1c\r\x0b1234\x1c\r") == [Frame(b"1234")]
    assert deframer.transport_closed() == []


def test_deframer_can_be_used_after_the_transport_closed() -> None:
    deframer = Deframer()
    deframer.receive(b"\x0bhalf")
    deframer.transport_closed()
    assert deframer.receive(b"\x0bx\x1c\r") == [Frame(b"x")]


class _CountingBuffer(bytearray):
    """A buffer that counts the bytes which ``find`` is asked to look at."""

    searched_bytes = 0

    def find(self, sub, start=0, end=None):  # type: ignore[no-untyped-def]
        stop = len(self) if end is None else end
        _CountingBuffer.searched_bytes += max(0, stop - start)
        return super().find(sub, start, stop)


def test_a_frame_of_12_mb_in_small_pieces_is_searched_once() -> None:
    size_bytes, piece_bytes = 12_000_000, 1460
    deframer = Deframer()
    deframer._buffer = _CountingBuffer()
    _CountingBuffer.searched_bytes = 0
    data = frame(b"x" * size_bytes)
    events = [
        event for start in range(0, len(data), piece_bytes) for event in deframer.receive(data[start : start + piece_bytes])
    ]
    assert [len(event.payload) for event in events if isinstance(event, Frame)] == [size_bytes]
    assert _CountingBuffer.searched_bytes < 3 * size_bytes

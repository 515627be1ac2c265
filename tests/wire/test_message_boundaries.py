"""Where messages begin and end in a stream of DICOM or MLLP, however it is cut and whatever it holds."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.wire import message_boundaries
from emulators.wire.message_boundaries import DicomSplitter, Framing, MllpSplitter, Piece, Splitter
from tests.wire import golden_dicom
from tests.wire.relay_bench import DICOM, MLLP, REQUEST, RESPONSE


def _boundaries(pieces: list[Piece]) -> list[tuple[str, int]]:
    """('begins' or 'ends', offset in the stream) of all messages."""
    found, offset = [], 0
    for piece in pieces:
        if piece.begins:
            found.append(("begins", offset))
        offset += len(piece.data)
        if piece.ends:
            found.append(("ends", offset))
    return found


def _split_all(splitter: Splitter, data: bytes, cuts: list[int]) -> list[Piece]:
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [piece for start, end in pairwise(ends) for piece in splitter.split(data[start:end])]


def test_messages_in_the_streams_of_dcmtk_findscu() -> None:
    client, server = DicomSplitter(), DicomSplitter()
    asked = client.split(golden_dicom.DCMTK_FIND_CLIENT_STREAM)
    answered = server.split(golden_dicom.DCMTK_FIND_SERVER_STREAM)
    begins = 6 + int.from_bytes(golden_dicom.DCMTK_FIND_CLIENT_STREAM[2:6], "big")  # after A-ASSOCIATE-RQ
    ends = len(golden_dicom.DCMTK_FIND_CLIENT_STREAM) - len(golden_dicom.DCMTK_RELEASE_RQ)
    assert _boundaries(asked) == [("begins", begins), ("ends", ends)]
    assert [kind for kind, _ in _boundaries(answered)] == ["begins", "ends"] * 2  # one pending, one final
    assert client.waiting == 3  # association, query, release
    assert server.waiting == -3


def test_command_and_data_set_are_one_message() -> None:
    splitter = DicomSplitter()
    pieces = splitter.split(DICOM.request + golden_dicom.DCMTK_ECHO_RQ)
    first, both = len(DICOM.request), len(DICOM.request) + len(golden_dicom.DCMTK_ECHO_RQ)
    assert _boundaries(pieces) == [("begins", 0), ("ends", first), ("begins", first), ("ends", both)]
    assert splitter.waiting == 2
    splitter = DicomSplitter()
    splitter.split(golden_dicom.DCMTK_STORE_RSP + golden_dicom.DCMTK_ECHO_RSP)
    assert splitter.waiting == -2


def test_fragments_of_pynetdicom_are_one_message() -> None:
    pieces = DicomSplitter().split(golden_dicom.PYNETDICOM_STORE_RQ_PDUS)
    assert _boundaries(pieces) == [("begins", 0), ("ends", len(golden_dicom.PYNETDICOM_STORE_RQ_PDUS))]


def test_cancel_is_a_message_that_nobody_answers() -> None:
    command = golden_dicom.PYNETDICOM_COMMANDS["C-CANCEL-RQ"]
    pdv = (len(command) + 2).to_bytes(4, "big") + b"\x01\x03" + command
    splitter = DicomSplitter()
    pieces = splitter.split(b"\x04\x00" + len(pdv).to_bytes(4, "big") + pdv)
    assert [kind for kind, _ in _boundaries(pieces)] == ["begins", "ends"]
    assert splitter.waiting == 0


_STREAMS = [
    (Framing.DICOM, golden_dicom.DCMTK_FIND_CLIENT_STREAM),
    (Framing.DICOM, golden_dicom.DCMTK_FIND_SERVER_STREAM),
    (Framing.DICOM, golden_dicom.PYNETDICOM_STORE_RQ_PDUS + golden_dicom.DCMTK_ABORT),
    (Framing.MLLP, b"noise" + MLLP.request + b"\r\x1c" + MLLP.response + b"\x0b\x1c\r"),
]


@given(stream=st.sampled_from(_STREAMS), cuts=st.lists(st.integers(0, 1000), max_size=30))
def test_any_split_gives_the_same_messages_and_all_bytes(stream: tuple[Framing, bytes], cuts: list[int]) -> None:
    framing, data = stream
    pieces = _split_all(message_boundaries.splitter(framing, REQUEST), data, cuts)
    assert b"".join(piece.data for piece in pieces) == data
    assert _boundaries(pieces) == _boundaries(message_boundaries.splitter(framing, REQUEST).split(data))


_PDU_PARTS = st.sampled_from(
    [DICOM.open_request, DICOM.request, DICOM.response, b"\x04\x00\x00\x00\x00\x00", b"\x04\x00\x00\x00\x00\x05", b"\x09"]
)


@given(parts=st.lists(st.one_of(_PDU_PARTS, st.binary(max_size=20)), max_size=5), cuts=st.lists(st.integers(0, 2000)))
@pytest.mark.parametrize("framing", Framing)
def test_hostile_bytes_come_out_as_they_went_in(framing: Framing, parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    splitter = message_boundaries.splitter(framing, RESPONSE)
    out = b"".join(piece.data for piece in _split_all(splitter, data, cuts))
    rest = splitter.rest()
    assert out + rest == data
    assert len(rest) < 12  # at most an incomplete PDU header and PDV header


def test_end_block_across_two_reads_ends_a_frame() -> None:
    splitter = MllpSplitter(REQUEST)
    assert splitter.split(b"\x0ba\x1c") == [Piece(b"\x0ba\x1c", begins=True)]
    assert splitter.inside
    assert splitter.split(b"\rb") == [Piece(b"\r", ends=True), Piece(b"b")]
    assert not splitter.inside
    assert splitter.waiting == 1

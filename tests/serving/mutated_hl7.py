"""Ways to spoil HL7: the frame of MLLP, delimiters, escapes, character sets, fields and segments of a message."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from emulators.wire.mllp import END_BLOCK, START_BLOCK
from tests.serving.mutations import OF_BYTES, Mutation, rearranged

NASTY_FIELDS: Sequence[bytes] = (
    b"",
    b'""',
    b" ",
    b"\0",
    b"~" * 300,
    b"^" * 300,
    b"&" * 300,
    b"\\",
    b"0",
    b"-1",
    b"9" * 400,
    b"x" * 70,
    b"20261332250099",
    b"20260302080000.123456789+9999",
    b"../../../radloop",
    b"2." + b"1" * 70,
    b"M1^^^RADLOOP",
    b"^^^&1.2.3&ISO",
    b"\xff\xfe",
    "Müller^Jürgen".encode(),
    "Müller".encode("latin-1"),
    b"\x1b$B;3ED\x1b(J",
)
ESCAPES: Sequence[bytes] = (
    b"\\F\\\\S\\\\R\\\\E\\\\T\\",
    b"\\X0D\\",
    b"\\X0B1C0D\\",
    b"\\XZZ\\",
    b"\\X1\\",
    b"\\C2842\\",
    b"\\M12345\\",
    b"\\.br\\",
    b"\\H\\\\N\\",
    b"\\Zlocal\\",
    b"\\" * 7,
    b"\\E",
    b"\\X" + b"00" * 40_000 + b"\\",
)
CHARACTER_SETS: Sequence[bytes] = (
    b"UNICODE UTF-8",
    b"8859/1",
    b"8859/5~ISO IR87",
    b"ISO IR87",
    b"GB 18030-2000",
    b"KLINGON",
    b"~~",
)
DELIMITERS: Sequence[bytes] = (
    b"|^~\\&",
    b"#^~\\&",
    b"|^^\\&",
    b"|",
    b"|||||",
    b"\r\r\r\r\r",
    b"|^~",
    b"|^~\\&#",
    b"ABCDE",
    b"|^~\\\xff",
)


def _segments(message: bytes) -> list[bytes]:
    return message.split(b"\r")[:-1]


def _joined(segments: Sequence[bytes]) -> bytes:
    return b"".join(segment + b"\r" for segment in segments)


def _in_a_segment(draw: Random, message: bytes, change: Callable[[bytes], bytes]) -> bytes:
    segments = _segments(message)
    place = draw.randrange(len(segments))
    segments[place] = change(segments[place])
    return _joined(segments)


def with_another_field(draw: Random, message: bytes) -> bytes:
    """A field of another value, of a segment drawn first, so that short segments are as likely as long ones."""

    def change(segment: bytes) -> bytes:
        fields = segment.split(b"|")
        fields[draw.randint(min(1, len(fields) - 1), len(fields) - 1)] = draw.choice(NASTY_FIELDS)
        return b"|".join(fields)

    return _in_a_segment(draw, message, change)


def with_rearranged_fields(draw: Random, message: bytes) -> bytes:
    return _in_a_segment(draw, message, lambda segment: b"|".join(rearranged(draw, segment.split(b"|"))))


def with_rearranged_segments(draw: Random, message: bytes) -> bytes:
    return _joined(rearranged(draw, _segments(message)))


def with_many_segments(draw: Random, message: bytes) -> bytes:
    """The last segment, or all behind the header, a thousand times."""
    first, *others = _segments(message)
    return _joined([first, *(others if draw.randrange(2) else others[-1:]) * 1000])


def with_other_delimiters(draw: Random, message: bytes) -> bytes:
    return b"MSH" + draw.choice(DELIMITERS) + message[8:]


def with_other_segment_ends(draw: Random, message: bytes) -> bytes:
    return message.replace(b"\r", draw.choice([b"\n", b"\r\n", b"\r\r", b"", b"\x1c", b"\0"]))


def with_escapes(draw: Random, message: bytes) -> bytes:
    """An escape sequence somewhere behind the header's own delimiters, known, unknown or open."""
    place = draw.randint(9, len(message))
    return message[:place] + draw.choice(ESCAPES) + message[place:]


def in_another_character_set(draw: Random, message: bytes) -> bytes:
    """MSH-18, and text that may not be in that character set."""
    first, *others = _segments(message)
    fields = first.split(b"|")
    fields += [b""] * (18 - len(fields))
    fields[17] = draw.choice(CHARACTER_SETS)
    text = draw.choice([b"^", "é^".encode(), "é^".encode("latin-1"), b"\x1b$B^", b"\xff^", b"\x8e\xa1^"])
    return _joined([b"|".join(fields), *(line.replace(b"^", text, 3) for line in others)])


def with_a_megabyte(draw: Random, message: bytes) -> bytes:
    """A field, or many repetitions, components or escapes of one, of a megabyte."""
    large = draw.choice([b"x", b"~", b"^", b"&", b"|", b"\\E\\", b"\xff", b"9"])
    place = draw.choice([number for number, byte in enumerate(message) if byte == ord("|")]) + 1
    return message[:place] + large * ((1 << 20) // len(large)) + message[place:]


def in_enhanced_mode(draw: Random, message: bytes) -> bytes:
    """MSH-15 and MSH-16 ask for acknowledgements, and something else is wrong as well."""
    first, *others = _segments(with_another_field(draw, message))
    fields = first.split(b"|")
    fields += [b""] * (16 - len(fields))
    fields[14:16] = [b"AL", draw.choice([b"", b"XX"])]
    return _joined([b"|".join(fields), *others])


OF_MESSAGES: Mapping[str, Mutation] = {
    **OF_BYTES,
    "field": with_another_field,
    "fields rearranged": with_rearranged_fields,
    "segments rearranged": with_rearranged_segments,
    "segments a thousand times": with_many_segments,
    "delimiters": with_other_delimiters,
    "segment ends": with_other_segment_ends,
    "escapes": with_escapes,
    "character set": in_another_character_set,
    "a megabyte": with_a_megabyte,
    "enhanced mode": in_enhanced_mode,
}

# --- the frame ----------------------------------------------------------------------------------------------------------


def framed(message: bytes) -> bytes:
    """In start and end block, whatever bytes are in it."""
    return START_BLOCK + message + END_BLOCK


def without_end(draw: Random, message: bytes) -> bytes:
    """The end block is missing, or half of it."""
    return START_BLOCK + message + draw.choice([b"", b"\x1c", b"\r", b"\x1c\n", b"\r\x1c"])


def without_start(_draw: Random, message: bytes) -> bytes:
    return message + END_BLOCK


def with_noise(draw: Random, message: bytes) -> bytes:
    """Bytes outside of the frame, before and behind it."""
    noise = draw.choice(
        [b"\r\n", b"\x1c\r", b"GET / HTTP/1.1\r\n\r\n", bytes(5000), draw.randbytes(300).replace(START_BLOCK, b"")]
    )
    return noise + framed(message) + noise


def with_frame_bytes_inside(draw: Random, message: bytes) -> bytes:
    place = draw.randint(0, len(message))
    return framed(message[:place] + draw.choice([START_BLOCK, END_BLOCK, b"\x1c", b"\x0b\x0b"]) + message[place:])


def behind_a_half(draw: Random, message: bytes) -> bytes:
    """The whole message behind the beginning of one."""
    return START_BLOCK + message[: draw.randrange(len(message))] + framed(message)


def several_times(draw: Random, message: bytes) -> bytes:
    """The same message again and again without waiting, or empty ones before it."""
    return draw.choice([framed(message) * draw.randint(2, 5), framed(b"") * 3 + framed(message)])


OF_FRAMES: Mapping[str, Mutation] = {
    "no end block": without_end,
    "no start block": without_start,
    "noise around": with_noise,
    "frame bytes inside": with_frame_bytes_inside,
    "behind a half": behind_a_half,
    "several frames": several_times,
}

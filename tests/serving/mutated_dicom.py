"""Ways to spoil DICOM: requests for an association, PDUs, PDVs, command sets and data sets, one thing at a time.

The pieces are found in the good bytes, whatever these are: items by their type and length (PS3.8 9.3.2), elements by tag, VR
and length (PS3.5 7.1), so that a mutation changes the field it means to, and nothing else.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.serving.mutations import OF_BYTES, Mutation, rearranged

ASSOCIATE_HEAD_BYTES = 74
"""Of an A-ASSOCIATE-RQ, up to its first item."""

LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HH", 0xFFFE, number) for number in (0xE000, 0xE00D, 0xE0DD))

NASTY_VALUES: Sequence[bytes] = (
    b"",
    b" ",
    b"\0",
    b"\\",
    b"\\" * 300,
    b"*",
    b"?" * 64,
    b"^" * 65,
    b"=" * 5,
    b"../../../radloop",
    b"1.2.840.",
    b"2." + b"1" * 70,
    b"20261332",
    b"-",
    b"19700101-",
    b"256000",
    b"9" * 400,
    b"1e999",
    b"\x1b$B\x1b(J\x1b",
    b"\xff\xfe\x80",
    "Müller^Jürgen".encode(),
    b"A" * 70_000,
    b"odd",
)
CHARACTER_SETS: Sequence[bytes] = (
    b"ISO_IR 192",
    b"ISO_IR 100",
    b"ISO_IR 999",
    b"\\ISO 2022 IR 87",
    b"\\ISO 2022 IR 87\\ISO 2022 IR 999",
    b"ISO 2022 IR 149\\ISO_IR 192",
    b"GB18030",
    b"\\" * 20,
    b"KLINGON",
    b"\xff\xff",
)
OTHER_VRS: Sequence[bytes] = (
    b"SQ",
    b"UN",
    b"OB",
    b"OW",
    b"UT",
    b"US",
    b"AT",
    b"PN",
    b"DA",
    b"IS",
    b"FD",
    b"ZZ",
    b"??",
    b"\0\0",
)


def numbers(draw: Random, right: int, count_bytes: int) -> int:
    """A wrong length for the field that holds it in so many bytes: near by, far off, or the largest there are."""
    largest = (1 << 8 * count_bytes) - 1
    chosen = draw.choice([0, 1, right - 1, right + 1, right + 2, right * 2, largest, largest - 1, largest >> 1, 4096])
    return draw.choice([chosen, chosen, draw.randint(0, largest)]) & largest


# --- the request for an association -------------------------------------------------------------------------------------


def _item_lengths(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the lengths of items stand, those of sub-items too, and what they are."""
    while start + 4 <= end:
        length = int.from_bytes(data[start + 2 : start + 4])
        yield start + 2, length
        if data[start] in (0x20, 0x50):
            yield from _item_lengths(data, start + (8 if data[start] == 0x20 else 4), start + 4 + length)
        start += 4 + length


def with_wrong_item_length(draw: Random, request: bytes) -> bytes:
    position, length = draw.choice(list(_item_lengths(request, ASSOCIATE_HEAD_BYTES, len(request))))
    return request[:position] + numbers(draw, length, 2).to_bytes(2) + request[position + 2 :]


def with_wrong_item_type(draw: Random, request: bytes) -> bytes:
    position, _ = draw.choice(list(_item_lengths(request, ASSOCIATE_HEAD_BYTES, len(request))))
    return request[: position - 2] + bytes((draw.randrange(256),)) + request[position - 1 :]


def with_rearranged_items(draw: Random, request: bytes) -> bytes:
    """Items dropped, repeated or at another place; the length of the PDU is right."""
    items, start = [], ASSOCIATE_HEAD_BYTES
    while start < len(request):
        end = start + 4 + int.from_bytes(request[start + 2 : start + 4])
        items.append(request[start:end])
        start = end
    body = request[6:ASSOCIATE_HEAD_BYTES] + b"".join(rearranged(draw, items))
    return request[:2] + len(body).to_bytes(4) + body


def with_another_head(draw: Random, request: bytes) -> bytes:
    """Other bytes in protocol version, reserved fields or AE titles."""
    position = draw.randrange(6, ASSOCIATE_HEAD_BYTES)
    return request[:position] + draw.randbytes(draw.randint(1, 16)) + request[position + 16 :]


def with_wrong_pdu_length(draw: Random, data: bytes) -> bytes:
    """Of one of the PDUs."""
    start, length = draw.choice(list(_pdus(data)))
    return data[: start + 2] + numbers(draw, length, 4).to_bytes(4) + data[start + 6 :]


def with_another_pdu_type(draw: Random, data: bytes) -> bytes:
    start, _ = draw.choice(list(_pdus(data)))
    return data[:start] + bytes((draw.choice([0, 1, 2, 3, 5, 6, 7, 8, 0x47, 255]),)) + data[start + 1 :]


OF_REQUESTS: Mapping[str, Mutation] = {
    **OF_BYTES,
    "item length": with_wrong_item_length,
    "item type": with_wrong_item_type,
    "items rearranged": with_rearranged_items,
    "titles and version": with_another_head,
    "PDU length": with_wrong_pdu_length,
    "PDU type": with_another_pdu_type,
}

# --- PDUs and PDVs of messages ------------------------------------------------------------------------------------------


def _pdus(data: bytes) -> Iterator[tuple[int, int]]:
    """Start of each PDU, and its length."""
    start = 0
    while start + 6 <= len(data):
        length = int.from_bytes(data[start + 2 : start + 6])
        yield start, length
        start += 6 + length


def _pdvs(data: bytes) -> list[tuple[int, bytes]]:
    """Context and control header of each PDV, with its fragment, of PDUs that are all P-DATA-TF with one PDV."""
    return [(start, data[start + 10 : start + 6 + length]) for start, length in _pdus(data)]


def _p_data(*values: bytes) -> bytes:
    body = b"".join(len(value).to_bytes(4) + value for value in values)
    return b"\x04\0" + len(body).to_bytes(4) + body


def with_wrong_pdv_length(draw: Random, data: bytes) -> bytes:
    start, value = draw.choice(_pdvs(data))
    return data[: start + 6] + numbers(draw, len(value), 4).to_bytes(4) + data[start + 10 :]


def with_another_pdv_head(draw: Random, data: bytes) -> bytes:
    """Another presentation context, or another message control header."""
    start, _ = draw.choice(_pdvs(data))
    position = start + draw.choice([10, 11])
    return data[:position] + bytes((draw.choice([0, 1, 2, 3, 4, 5, 255]),)) + data[position + 1 :]


def fragmented(draw: Random, data: bytes) -> bytes:
    """The same message in many small PDVs, some of them empty: legal, however odd."""
    values = []
    for _, value in _pdvs(data):
        head, rest = value[:2], value[2:]
        size = draw.choice([1, 2, 7, 100])
        pieces = [rest[start : start + size] for start in range(0, min(len(rest), 400), size)]
        remainder = rest[len(pieces) * size :]
        values += [bytes((head[0], head[1] & 1)) + piece for piece in (*pieces, b"", remainder)] + [head]
    if draw.randrange(2):
        return _p_data(*values)
    return b"".join(map(_p_data, values))


def with_rearranged_pdus(draw: Random, data: bytes) -> bytes:
    return b"".join(rearranged(draw, [_p_data(value) for _, value in _pdvs(data)]))


def with_garbage_between(draw: Random, data: bytes) -> bytes:
    """Something else between two PDUs, or before all of them."""
    others = (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x0bMSH|^~\\&|EHR\r\x1c\r",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x05\0\0\0\0\x04\0\0\0\0",
        b"\x07\0\0\0\0\x04\0\0\x02\x06",
        b"\x04\0\0\0\0\0",
        b"\x04\0\xff\xff\xff\xff",
        bytes(64),
    )
    start, _ = draw.choice(list(_pdus(data)))
    return data[:start] + draw.choice(others) + data[start:]


OF_PDUS: Mapping[str, Mutation] = {
    **OF_BYTES,
    "PDU length": with_wrong_pdu_length,
    "PDU type": with_another_pdu_type,
    "PDV length": with_wrong_pdv_length,
    "PDV head": with_another_pdv_head,
    "small fragments": fragmented,
    "PDUs rearranged": with_rearranged_pdus,
    "garbage between PDUs": with_garbage_between,
}

# --- command sets and data sets -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Element:
    """An element, or the head of an item or delimiter, in the bytes around it. ``vr`` is empty in implicit VR."""

    start: int
    vr: bytes
    length_at: int
    length_bytes: int
    value: int
    end: int


def elements(data: bytes, explicit: bool, start: int = 0, end: int | None = None) -> Iterator[Element]:
    """Every element of good bytes, those in sequences of defined length too, in their order."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        is_item = data[start : start + 2] == b"\xfe\xff"
        vr = data[start + 4 : start + 6] if explicit and not is_item else b""
        length_at, length_bytes = (start + 6, 2) if vr and vr not in LONG_VRS else (start + (8 if vr else 4), 4)
        value = length_at + length_bytes
        length = int.from_bytes(data[length_at:value], "little")
        behind = end if length == UNDEFINED else value + length
        yield Element(start, vr, length_at, length_bytes, value, behind)
        if is_item or vr == b"SQ" or (not explicit and data[value : value + 4] == ITEM):
            yield from elements(data, explicit, value, behind)
        start = behind


@dataclass(frozen=True, slots=True)
class ElementMutations:
    """Mutations of a data set in explicit or implicit VR; of a command set, which is always implicit."""

    explicit: bool

    def _one(self, draw: Random, data: bytes) -> Element:
        return draw.choice(list(elements(data, self.explicit)))

    def _element(self, group: int, number: int, vr: bytes, value: bytes) -> bytes:
        tag = struct.pack("<HH", group, number)
        if not self.explicit:
            return tag + len(value).to_bytes(4, "little") + value
        if vr in LONG_VRS:
            return tag + vr + bytes(2) + len(value).to_bytes(4, "little") + value
        return tag + vr + (len(value) & 0xFFFF).to_bytes(2, "little") + value

    def length(self, draw: Random, data: bytes) -> bytes:
        """A length that is not that of the value: huge without bytes, undefined, odd, zero."""
        one = self._one(draw, data)
        wrong = numbers(draw, one.end - one.value, one.length_bytes).to_bytes(one.length_bytes, "little")
        return data[: one.length_at] + wrong + data[one.value :]

    def vr(self, draw: Random, data: bytes) -> bytes:
        one = self._one(draw, data)
        return data[: one.start + 4] + draw.choice(OTHER_VRS) + data[one.start + 6 :]

    def tag(self, draw: Random, data: bytes) -> bytes:
        one = self._one(draw, data)
        other = draw.choice([draw.randbytes(4), ITEM, ITEM_END, SEQUENCE_END, b"\x09\0\x01\x10", bytes(4), b"\xff" * 4])
        return data[: one.start] + other + data[one.start + 4 :]

    def value(self, draw: Random, data: bytes) -> bytes:
        """Another value, under its right length where the field can hold that."""
        one = self._one(draw, data)
        value = draw.choice(NASTY_VALUES)
        length = (len(value) & (1 << 8 * one.length_bytes) - 1).to_bytes(one.length_bytes, "little")
        return data[: one.length_at] + length + value + data[one.end :]

    def rearranged(self, draw: Random, data: bytes) -> bytes:
        """Elements dropped, repeated or out of the order of their tags."""
        top, end = [], 0
        for one in elements(data, self.explicit):
            if one.start >= end:
                top.append(data[one.start : one.end])
                end = one.end
        return b"".join(rearranged(draw, top))

    def nested(self, draw: Random, data: bytes) -> bytes:
        """Sequences in sequences, to a depth that nobody needs; closed, or left open."""
        depth = draw.choice([3, 17, 200, 2000, 20_000])
        sequence = struct.pack("<HH", 0x0008, 0x1140) + (b"SQ\0\0" if self.explicit else b"") + b"\xff" * 4
        opened = (sequence + ITEM + b"\xff" * 4) * depth
        closed = (ITEM_END + bytes(4) + SEQUENCE_END + bytes(4)) * draw.choice([depth, depth, depth - 1, 0])
        return self._inserted(draw, data, opened + closed)

    def delimited(self, draw: Random, data: bytes) -> bytes:
        """Delimiters where none belong, items outside of sequences, sequences that do not end."""
        head = struct.pack("<HH", 0x0008, 0x1111) + (b"SQ\0\0" if self.explicit else b"")
        return self._inserted(
            draw,
            data,
            draw.choice(
                [
                    SEQUENCE_END + bytes(4),
                    ITEM_END + bytes(4),
                    ITEM + b"\xff" * 4,
                    ITEM + bytes(4),
                    SEQUENCE_END + b"\x08\0\0\0",
                    head + b"\xff" * 4,
                    head + b"\xff" * 4 + SEQUENCE_END + bytes(4),
                    head + b"\xff" * 4 + ITEM + b"\xfe\xff\xff\xff" + SEQUENCE_END + bytes(4),
                    head + b"\x08\0\0\0" + ITEM + b"\xff" * 4,
                ]
            ),
        )

    def character_set(self, draw: Random, data: bytes) -> bytes:
        """Another Specific Character Set, and bytes that it may not have."""
        declared = self._element(0x0008, 0x0005, b"CS", draw.choice(CHARACTER_SETS))
        return declared + data.replace(b"^", draw.choice([b"^", b"\x1b$B", b"\x80", "é".encode(), b"\xff", b"\x1b-F"]))

    def megabytes(self, draw: Random, data: bytes) -> bytes:
        """An element of a megabyte or more; in a group between, or behind all others."""
        size = draw.choice([1 << 20, (1 << 20) + 1, 3 << 20])
        large = self._element(draw.choice([0x0009, 0x4010, 0x7FE1]), 0x1001, b"UT", b"x" * size)
        return self._inserted(draw, data, large) if draw.randrange(2) else data + large

    def _inserted(self, draw: Random, data: bytes, inserted: bytes) -> bytes:
        """At the start of an element, or at the end."""
        place = draw.choice([one.start for one in elements(data, self.explicit)] + [len(data)])
        return data[:place] + inserted + data[place:]

    @property
    def of_commands(self) -> Mapping[str, Mutation]:
        return {
            **OF_BYTES,
            "element length": self.length,
            "element tag": self.tag,
            "element value": self.value,
            "elements rearranged": self.rearranged,
            "delimiters": self.delimited,
        }

    @property
    def of_data_sets(self) -> Mapping[str, Mutation]:
        deeper: dict[str, Mutation] = {
            "nesting": self.nested,
            "character set": self.character_set,
            "megabytes": self.megabytes,
        }
        return {**self.of_commands, **deeper, **({"VR": self.vr} if self.explicit else {})}

"""ER7, the delimiter encoding of HL7 v2 messages (HL7 v2.5.1 chapter 2: 2.5 delimiters, 2.7 escapes, 2.15.9 MSH).

Reading
- The delimiters are those of MSH-1 and MSH-2: any distinct punctuation characters, four in MSH-2, or five with the
  truncation character of v2.7.
- The character set is MSH-18, see ``hl7_character_sets``, or what the caller says; empty means 7-bit ASCII. A message with
  a byte that is not legal in it is refused whole: text is never converted by guess, not even UTF-8 that is not declared.
- Segments end with CR. LF and CRLF are refused. Empty lines are skipped, the last CR may be missing, unknown segments
  pass.
- Raw bytes stay in ``Message.raw``, raw text in ``Segment.field``. Only ``component`` and ``text`` take escapes off,
  once.
- An empty field means "no change", the two characters ``""`` mean "delete" (2.5.3); ``updated`` applies that rule.

Escapes: ``\\F\\ \\S\\ \\T\\ \\R\\ \\E\\`` are the delimiters, ``\\Xhh..\\`` bytes in the message's character set and
``\\.br\\`` a newline. ``\\H\\`` and ``\\N\\`` (highlighting) are dropped. All others are kept as they stand, escape
characters included. Output has the delimiters, ``\\.br\\`` for a newline and ``\\Xhh\\`` for other control characters.

Errors name segment and field and never the content.
"""

import dataclasses
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.wire import hl7_character_sets as character_sets

NULL = '""'
"""The value that deletes what the receiver holds; it passes through ``encode`` and the readers unchanged."""

_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_ESCAPED_BYTES = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2: distinct ASCII punctuation, not the quotation mark. LocalProtocolError for anything else."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    # derived: the codes of the escapes, and what text must not hold unescaped
    meanings: Mapping[str, str] = dataclasses.field(init=False, repr=False, compare=False)
    codes: Mapping[str, str] = dataclasses.field(init=False, repr=False, compare=False)
    special: re.Pattern[str] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        characters = self.field + self.encoding_characters
        legal = set(string.punctuation) - {'"'}
        one_each = all(len(one) == 1 for one in (self.field, *self.encoding_characters))
        if not one_each or len(characters) not in (5, 6) or len(set(characters) & legal) != len(characters):
            raise LocalProtocolError("delimiters: not distinct punctuation characters")
        letters = {"F": self.field, "S": self.component, "T": self.subcomponent, "R": self.repetition, "E": self.escape}
        codes = {character: f"{self.escape}{letter}{self.escape}" for letter, character in letters.items()}
        codes |= {chr(code): f"{self.escape}X{code:02X}{self.escape}" for code in range(0x20)}
        codes["\n"] = f"{self.escape}.br{self.escape}"
        object.__setattr__(self, "meanings", letters | {".br": "\n", "H": "", "N": ""})
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "special", re.compile("[" + re.escape("".join(letters.values())) + "\x00-\x1f]"))

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


DEFAULT_DELIMITERS = Delimiters()


def escape(text: str, delimiters: Delimiters = DEFAULT_DELIMITERS) -> str:
    """Text as it stands in a field; ``unescape`` gives it back."""
    if not delimiters.special.search(text):
        return text
    return delimiters.special.sub(lambda match: delimiters.codes[match[0]], text)


def unescape(raw: str, delimiters: Delimiters = DEFAULT_DELIMITERS, encoding: str = "ascii") -> str:
    """Text with its escapes taken off once. Never raises: what is not a known escape is kept."""
    mark = delimiters.escape
    if mark not in raw:
        return raw
    # outside, code, outside, code, ..., outside; an even count means that the last escape character stands alone
    parts = raw.split(mark)
    alone = mark + parts.pop() if len(parts) % 2 == 0 else ""
    for index in range(1, len(parts), 2):
        parts[index] = _meaning(parts[index], delimiters, encoding)
    return "".join(parts) + alone


def _meaning(code: str, delimiters: Delimiters, encoding: str) -> str:
    known = delimiters.meanings.get(code)
    if known is not None:
        return known
    if match := _ESCAPED_BYTES.fullmatch(code):
        content = bytes.fromhex(match[1])
        try:
            return content.decode("ascii" if content.isascii() else encoding)
        except UnicodeDecodeError:
            pass  # bytes that are not text: kept as they stand
    return f"{delimiters.escape}{code}{delimiters.escape}"


def updated(current: str, received: str) -> str:
    """What a receiver holds after a field came: empty leaves it, NULL deletes it, anything else replaces it (2.5.3)."""
    if not received:
        return current
    return "" if received == NULL else received


class Segment:
    """One line of a message. Fields, repetitions and components count from 1; what is not there is empty.

    In MSH, field 1 is the field separator and field 2 the encoding characters, as the standard numbers them; neither
    has parts or escapes.
    """

    __slots__ = ("_fields", "_repetitions", "_syntax", "raw")

    def __init__(self, raw: str, syntax: tuple[Delimiters, str]) -> None:
        self.raw = raw
        self._syntax = syntax  # shared by the segments of a message: its delimiters and its encoding
        self._fields: list[str] | None = None
        self._repetitions: tuple[int, list[str]] = (0, [])  # of the field that was last asked for

    @property
    def name(self) -> str:
        return self.raw[:3]

    @property
    def delimiters(self) -> Delimiters:
        return self._syntax[0]

    def __repr__(self) -> str:
        return f"<Segment {self.name}>"  # no content: it may end in a log

    def rewritten(self, raw: str) -> "Segment":
        """Another segment of the same message."""
        return Segment(raw, self._syntax)

    def field(self, number: int) -> str:
        """The raw text of a field, with all delimiters and escapes."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self.raw.split(self.delimiters.field)
            if self.name == "MSH":
                fields.insert(1, self.delimiters.field)
        return fields[number] if 1 <= number < len(fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The raw repetitions of a field; none if it is empty."""
        known, repetitions = self._repetitions  # a field may have a hundred thousand of them, read one by one
        if known != number:
            raw = self.field(number)
            if not raw:
                return []
            repetitions = [raw] if self._is_atomic(number) else raw.split(self.delimiters.repetition)
            self._repetitions = (number, repetitions)
        return repetitions

    def components(self, number: int, repetition: int = 1) -> list[str]:
        """The text of each component, or of its first subcomponent, escapes taken off."""
        mark = self.delimiters
        parts = _nth(self.repetitions(number), repetition).split(mark.component)
        return [unescape(part.partition(mark.subcomponent)[0], *self._syntax) for part in parts]

    def component(self, number: int, component: int, repetition: int = 1, subcomponent: int = 1) -> str:
        """The text of a subcomponent, escapes taken off. A component without parts is its own first subcomponent."""
        raw = _nth(self.repetitions(number), repetition)
        if self._is_atomic(number):
            return raw if component == subcomponent == 1 else ""
        raw = _nth(raw.split(self.delimiters.component), component)
        raw = _nth(raw.split(self.delimiters.subcomponent), subcomponent)
        return unescape(raw, *self._syntax)

    def text(self, number: int, repetition: int = 1) -> str:
        """The text of a repetition of a type without components (ST, TX, FT), escapes taken off."""
        raw = _nth(self.repetitions(number), repetition)
        return raw if self._is_atomic(number) else unescape(raw, *self._syntax)

    def _is_atomic(self, number: int) -> bool:
        return number <= 2 and self.name == "MSH"


def _nth(parts: Sequence[str], number: int) -> str:
    return parts[number - 1] if 1 <= number <= len(parts) else ""


class Message:
    """A parsed message: the bytes as they came, and its segments in order, MSH first."""

    __slots__ = ("delimiters", "encoding", "raw", "segments")

    def __init__(self, raw: bytes, segments: tuple[Segment, ...], delimiters: Delimiters, encoding: str) -> None:
        self.raw = raw
        self.segments = segments
        self.delimiters = delimiters
        self.encoding = encoding

    def __repr__(self) -> str:
        return f"<Message of {len(self.segments)} segments>"

    @property
    def msh(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((segment for segment in self.segments if segment.name == name), None)

    def required(self, name: str) -> Segment:
        """The first segment of that name. RemoteProtocolError if there is none."""
        segment = self.first(name)
        if segment is None:
            raise RemoteProtocolError(f"segment {name} is missing")
        return segment

    def all(self, name: str) -> list[Segment]:
        """All segments of that name, in order."""
        return [segment for segment in self.segments if segment.name == name]


def parse(raw: bytes, encoding: str | None = None) -> Message:
    """Read a message. ``encoding`` is a Python codec that stands in for MSH-18.

    RemoteProtocolError: no usable MSH, MSH-18 not supported, text not legal in it, bad segment separator or name.
    """
    head = header(raw)
    if encoding is None:
        encoding = _encoding_of(head.field(18), head.delimiters)
    text = _decode(raw, encoding, head.delimiters)
    lines = [line for line in text.split("\r") if line]
    if "\n" in lines[0]:
        raise RemoteProtocolError("segment 1 (MSH): LF inside; segments end with CR alone")
    for start in {line[:4] for line in lines}:  # many segments, few names
        if not _SEGMENT_NAME.match(start) or start[3:] not in ("", head.delimiters.field):
            number = next(number for number, line in enumerate(lines, 1) if line[:4] == start)
            raise RemoteProtocolError(f"segment {number}: {_name_fault(start)}")
    syntax = (head.delimiters, encoding)
    return Message(raw, tuple([Segment(line, syntax) for line in lines]), *syntax)


def header(raw: bytes) -> Segment:
    """MSH alone, for the answer to a message that ``parse`` refuses. LF ends it too; its text is read as Latin-1.

    RemoteProtocolError: no MSH, or MSH-1 and MSH-2 are not there or not legal.
    """
    line = _LINE.match(raw)
    if line is None:
        raise RemoteProtocolError("segment 1: not MSH")
    text = line[0].decode("latin-1")
    encoding_characters, separator, _ = text[4:].partition(text[3:4] or "\r")
    if not separator:
        raise RemoteProtocolError("segment 1 (MSH): ends before its delimiters")
    return Segment(text, (_delimiters(text[3], encoding_characters), "latin-1"))


_LINE = re.compile(rb"MSH[^\r\n]*")


@lru_cache(maxsize=64)
def _delimiters(separator: str, encoding_characters: str) -> Delimiters:
    if len(encoding_characters) in (4, 5):
        try:
            return Delimiters(separator, *encoding_characters)
        except LocalProtocolError:
            pass
    raise RemoteProtocolError("segment 1 (MSH): MSH-1 and MSH-2 are not distinct punctuation characters")


def _encoding_of(character_set: str, delimiters: Delimiters) -> str:
    """The Python codec for a raw MSH-18. RemoteProtocolError if we do not have it."""
    encoding = character_sets.encoding_of(character_set.split(delimiters.repetition))
    if encoding is None:
        raise RemoteProtocolError("segment 1 (MSH), field 18: character set not supported")
    return encoding


def _decode(raw: bytes, encoding: str, delimiters: Delimiters) -> str:
    try:
        return character_sets.decode(raw, encoding, delimiters.escape + delimiters.field + delimiters.encoding_characters)
    except UnicodeDecodeError as error:
        raw, start = error.object, error.start
    # raised out here: the decoder's error holds the whole message
    before = raw[:start].split(b"\r")
    name = raw[start - len(before[-1]) :][:3].decode("latin-1")
    shown = f" ({name})" if _SEGMENT_NAME.fullmatch(name) else ""
    number = before[-1].count(delimiters.field.encode()) + (name == "MSH")
    place = f"segment {sum(map(bool, before[:-1])) + 1}{shown}, field {number}"
    raise RemoteProtocolError(f"{place}: bytes not legal in the character set of MSH-18 ({encoding})")


def _name_fault(start: str) -> str:
    return "starts with LF; segments end with CR alone" if start.startswith("\n") else "has no legal name"


# What a row of ``encode`` is made of. Tuples are parts, lists are repetitions; None is empty.
Leaf = str | None
Component = Leaf | tuple[Leaf, ...]
Repetition = Leaf | tuple[Component, ...]
Field = Repetition | list[Any]  # a list of Repetition; of any subtype, which list[Repetition] is not
Row = Sequence[Field]


def row(name: str, fields: Mapping[int, Field]) -> list[Field]:
    """A row from field numbers: ``row("PID", {3: ("4711", None, None, "HOSP"), 8: "F"})``; for MSH from MSH-3 on."""
    first = 3 if name == "MSH" else 1
    if any(number < first for number in fields):
        raise LocalProtocolError(f"row {name}: fields count from {first}")
    return [name, *(fields.get(number) for number in range(first, max(fields, default=0) + 1))]


def encode(rows: Sequence[Row], delimiters: Delimiters = DEFAULT_DELIMITERS, encoding: str | None = None) -> bytes:
    """Write a message: one row per segment, name first, then the fields from 1 on; for MSH from MSH-3 on.

    A field is a leaf, a tuple of components, or a list of repetitions; a component may be a tuple of subcomponents.
    Each leaf is escaped once; empty parts and fields at the end are left out. ``encoding`` is a Python codec; without
    it MSH-18 of the first row decides.

    LocalProtocolError: the first row is not MSH, or text does not fit the character set.
    """
    if not rows or rows[0][0] != "MSH":
        raise LocalProtocolError("segment 1: not MSH")
    lines = [_encode_row(one, delimiters) for one in rows]
    lines[0] = f"MSH{delimiters.field}{delimiters.encoding_characters}{lines[0][3:]}"
    if encoding is None:
        encoding = _own_encoding(lines[0], delimiters)
    lines.append("")
    text = "\r".join(lines)
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        pass
    raise LocalProtocolError(_misfit(lines, delimiters, encoding))


def _own_encoding(msh: str, delimiters: Delimiters) -> str:
    fields = msh.split(delimiters.field)
    try:
        return _encoding_of(fields[17] if len(fields) > 17 else "", delimiters)
    except RemoteProtocolError as error:
        raise LocalProtocolError(*error.args) from None


def _encode_row(values: Row, delimiters: Delimiters) -> str:
    return _join(delimiters.field, [_encode_field(value, delimiters) if value else "" for value in values])


def _encode_field(value: Field, delimiters: Delimiters) -> str:
    if isinstance(value, str):
        return value if value.isalnum() else escape(value, delimiters)
    if isinstance(value, list):
        return delimiters.repetition.join([_encode_field(one, delimiters) if one else "" for one in value])
    return _join(delimiters.component, [_encode_component(part, delimiters) if part else "" for part in value or ()])


def _encode_component(value: Component, delimiters: Delimiters) -> str:
    if isinstance(value, str):
        return value if value.isalnum() else escape(value, delimiters)
    return _join(delimiters.subcomponent, [escape(part, delimiters) if part else "" for part in value or ()])


def _join(separator: str, parts: list[str]) -> str:
    while parts and not parts[-1]:
        parts.pop()
    return separator.join(parts)


def _misfit(lines: list[str], delimiters: Delimiters, encoding: str) -> str:
    """Where text does not fit the character set, without the text."""
    for line in lines:
        for number, value in enumerate(line.split(delimiters.field)):
            try:
                value.encode(encoding)
            except UnicodeEncodeError:
                field_number = number + (line[:3] == "MSH")
                return f"segment {line[:3]}, field {field_number}: text does not fit the character set ({encoding})"
    return f"text does not fit the character set ({encoding})"

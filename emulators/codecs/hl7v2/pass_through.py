"""A message that is passed on as it came, byte for byte, but for fields of its header.

What a message of ours does not hold (Z-segments, further fields and repetitions, nulls) is still there, and so are its
delimiters and its character set.
"""

from collections.abc import Mapping

from emulators.wire import er7


def kept(payload: bytes) -> str:
    """The bytes as a message keeps them: one character each."""
    return payload.decode("latin-1")


def kind_of(original: str) -> tuple[str, str, str]:
    """MSH-9.1, MSH-9.2 and MSH-12 of a kept message."""
    msh = er7.header(original.encode("latin-1"))
    return msh.component(9, 1), msh.component(9, 2), msh.component(12, 1)


def rewritten(original: str, changes: Mapping[int, tuple[str, ...]]) -> bytes | None:
    """A kept message with other values, each of its components, in these fields of MSH. None if the header, old or new, is more
    than ASCII: then bytes cannot be told from delimiters in every character set.
    """
    payload = original.encode("latin-1")
    delimiters = er7.header(payload).delimiters
    line, end, rest = payload.partition(b"\r")
    values = {
        number: delimiters.component.join(er7.escape(part, delimiters) for part in parts) for number, parts in changes.items()
    }
    if not line.isascii() or not all(value.isascii() for value in values.values()):
        return None
    fields = line.decode("ascii").split(delimiters.field)
    fields += [""] * (max(values) - len(fields))
    for number, value in values.items():
        fields[number - 1] = value  # MSH-1 is the separator itself
    while not fields[-1]:
        fields.pop()
    return delimiters.field.join(fields).encode("ascii") + end + rest

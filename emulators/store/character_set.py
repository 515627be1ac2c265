"""Text values of a data set to ``str``, by its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1).

One defined term, the usual case, is one Python codec. Several terms mean code extensions by escape sequences, which pydicom
resolves. Nothing here fails: a term that nobody knows and bytes that do not fit become U+FFFD, so that an instance is never
refused for its spelling and the damage stays visible.
"""

from functools import lru_cache

from pydicom.charset import STAND_ALONE_ENCODINGS, decode_bytes, default_encoding, python_encoding

_PADDING = " \0"
_COMPONENT_DELIMITERS = {0x5E, 0x0D, 0x0A, 0x09, 0x0C}  # ^ and the controls that reset a code extension (PS3.5 6.1.2.5.3)


@lru_cache(maxsize=64)
def codecs(specific_character_set: str) -> tuple[str, ...]:
    """The Python codecs for the value of (0008,0005): one, or more than one for code extensions.

    The default repertoire is read as Latin-1, of which it is a part: many systems send Latin-1 and forget to say so.
    """
    terms = [term.strip(_PADDING) for term in specific_character_set.split("\\")]
    if terms[0] in STAND_ALONE_ENCODINGS:  # these allow no code extensions and are none
        terms = terms[:1]
    else:
        terms = [term for term in terms if term not in STAND_ALONE_ENCODINGS]
    named = [python_encoding.get(term, "ascii") for term in terms]
    return tuple("latin_1" if name == default_encoding else name for name in named)  # the same, and the interpreter's fast path


def decode_extended(value: bytes, codecs: tuple[str, ...]) -> str:
    """The text of a value field with code extensions, without its padding; several values keep their backslash."""
    return "\\".join(_decode_single(single, codecs) for single in value.split(b"\\")).strip(_PADDING)


def _decode_single(value: bytes, codecs: tuple[str, ...]) -> str:
    """One value; the component groups of a person name are decoded one by one."""
    try:
        return "=".join(decode_bytes(group, codecs, _COMPONENT_DELIMITERS) for group in value.split(b"="))
    except (ValueError, LookupError, Warning):  # a Warning where the caller's process turns warnings into errors
        return value.decode("ascii", "replace")

"""The one form in which a value stands in a message: the intersection of what HL7 v2 and DICOM carry unchanged.

Canonical on construction means ``decode(encode(message)) == message`` for every codec. A value with no canonical form
raises LocalProtocolError; a codec that reads one from a peer turns it into RemoteProtocolError. Errors name the attribute
and never the value.
"""

import re
from datetime import datetime
from functools import lru_cache

from emulators.core.errors import LocalProtocolError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # surrogates stand for no character
_CONTROL_EXCEPT_LINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_CODE_STRING = re.compile(r"[A-Z0-9 _]{0,16}")
_DATE = re.compile(r"[0-9]{8}")
_STAMP = re.compile(r"[0-9]{14}")


def text(value: str, limit: int, attribute: str) -> str:
    """One line of at most ``limit`` characters without outer spaces, control characters or the DICOM delimiter ``\\``.

    ``""`` is HL7's null, so no text is that.
    """
    value = value.strip()
    if value == '""':
        raise LocalProtocolError(f"{attribute}: is the null value of HL7")
    if len(value) > limit:
        raise LocalProtocolError(f"{attribute}: longer than {limit} characters")
    if "\\" in value or (not value.isprintable() and _CONTROL.search(value)):
        raise LocalProtocolError(f"{attribute}: holds a control character or a backslash")
    return value


def ascii_text(value: str, limit: int, attribute: str) -> str:
    """Text of the default repertoire: AE titles, which know no other (PS3.5 6.2), and comments in commands."""
    value = text(value, limit, attribute)
    if not value.isascii():
        raise LocalProtocolError(f"{attribute}: holds a character beyond ASCII")
    return value


def code_string(value: str, attribute: str) -> str:
    """A code string such as a modality: at most 16 of upper case letters, digits, space and underscore (PS3.5 6.2, CS)."""
    value = value.strip()
    if not _CODE_STRING.fullmatch(value):
        raise LocalProtocolError(f"{attribute}: not a code string")
    return value


def name_component(value: str, attribute: str) -> str:
    """A component of a person name: text of at most 64 characters without ``^`` and ``=`` (PS3.5 6.2.1)."""
    if "^" in value or "=" in value:
        raise LocalProtocolError(f"{attribute}: holds a delimiter of person names")
    return text(value, 64, attribute)


def name_group(value: str, attribute: str) -> str:
    """A component group of a person name: at most five components joined by ``^``, 64 characters (PS3.5 6.2.1)."""
    components = [name_component(component, attribute) for component in value.split("^")]
    if len(components) > 5:
        raise LocalProtocolError(f"{attribute}: more than five components")
    return text("^".join(components).rstrip("^"), 64, attribute)


def lines(value: str, attribute: str) -> str:
    """Free text: lines joined by a newline, no spaces at their ends, no empty lines at the end."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = "\n".join(line.rstrip() for line in value.split("\n")).rstrip("\n")
    if _CONTROL_EXCEPT_LINE.search(value):
        raise LocalProtocolError(f"{attribute}: holds a control character")
    return value


def identifier(value: str, limit: int, attribute: str) -> None:
    """An identifier that must be canonical already, because others were derived from it."""
    if text(value, limit, attribute) != value:
        raise LocalProtocolError(f"{attribute}: with outer spaces")


def uid(value: str, attribute: str) -> str:
    """A DICOM UID: at most 64 characters, components without leading zeros (PS3.5 9.1)."""
    if not _is_uid(value):
        raise LocalProtocolError(f"{attribute}: not a UID")
    return value


def date(value: str, attribute: str) -> str:
    """``YYYYMMDD`` or empty."""
    if value and not (_DATE.fullmatch(value) and _is_real(value, "000000")):
        raise LocalProtocolError(f"{attribute}: not a date")
    return value


def stamp(value: str, attribute: str) -> str:
    """``YYYYMMDDHHMMSS`` or empty."""
    if value and not (_STAMP.fullmatch(value) and _is_real(value[:8], value[8:])):
        raise LocalProtocolError(f"{attribute}: not a date and time to the second")
    return value


@lru_cache(maxsize=4096)
def _is_uid(value: str) -> bool:
    return len(value) <= 64 and _UID.fullmatch(value) is not None


@lru_cache(maxsize=4096)  # the messages of an exam share their stamps
def _is_real(digits_of_date: str, digits_of_time: str) -> bool:
    try:
        datetime.fromisoformat(f"{digits_of_date}T{digits_of_time}")
    except ValueError:
        return False
    return True


def one_of(value: str, allowed: frozenset[str], attribute: str) -> str:
    """One of a closed list of codes."""
    if value not in allowed:
        raise LocalProtocolError(f"{attribute}: not one of {', '.join(sorted(allowed))}")
    return value

"""The one form in which a value stands in a message: the intersection of what HL7 v2 and DICOM carry unchanged.

Canonical on construction means ``decode(encode(message)) == message`` for every codec. A value with no canonical form
raises LocalProtocolError; a codec that reads one from a peer turns it into RemoteProtocolError. Errors name the attribute
and never the value.
"""

import re

from emulators.core.errors import LocalProtocolError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_EXCEPT_LINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_UID = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")
_DATE = re.compile(r"\d{8}")
_STAMP = re.compile(r"\d{14}")


def text(value: str, limit: int, attribute: str) -> str:
    """One line of at most ``limit`` characters without outer spaces, control characters or the DICOM delimiter ``\\``."""
    value = value.strip()
    if len(value) > limit:
        raise LocalProtocolError(f"{attribute}: longer than {limit} characters")
    if value and (not value.isprintable() or "\\" in value) and ("\\" in value or _CONTROL.search(value)):
        raise LocalProtocolError(f"{attribute}: holds a control character or a backslash")
    return value


def name_component(value: str, attribute: str) -> str:
    """A component of a person name: text of at most 64 characters without ``^`` and ``=`` (PS3.5 6.2.1)."""
    if "^" in value or "=" in value:
        raise LocalProtocolError(f"{attribute}: holds a delimiter of person names")
    return text(value, 64, attribute)


def lines(value: str, attribute: str) -> str:
    """Free text: lines joined by a newline, no spaces at their ends, no empty lines at the end."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = "\n".join(line.rstrip() for line in value.split("\n")).rstrip("\n")
    if _CONTROL_EXCEPT_LINE.search(value):
        raise LocalProtocolError(f"{attribute}: holds a control character")
    return value


def uid(value: str, attribute: str) -> str:
    """A DICOM UID: at most 64 characters, components without leading zeros (PS3.5 9.1)."""
    if len(value) > 64 or not _UID.fullmatch(value):
        raise LocalProtocolError(f"{attribute}: not a UID")
    return value


def date(value: str, attribute: str) -> str:
    """``YYYYMMDD`` or empty."""
    if value and not _DATE.fullmatch(value):
        raise LocalProtocolError(f"{attribute}: not a date")
    return value


def stamp(value: str, attribute: str) -> str:
    """``YYYYMMDDHHMMSS`` or empty."""
    if value and not _STAMP.fullmatch(value):
        raise LocalProtocolError(f"{attribute}: not a date and time to the second")
    return value


def one_of(value: str, allowed: frozenset[str], attribute: str) -> str:
    """One of a closed list of codes."""
    if value not in allowed:
        raise LocalProtocolError(f"{attribute}: not one of {', '.join(sorted(allowed))}")
    return value

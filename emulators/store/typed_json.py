"""Events and messages as JSON that can be rebuilt exactly: what a journal keeps.

A dataclass of ``emulators.messages`` or ``emulators.core.event`` is an object with its name under ``type`` and its fields
beside it; a tuple, or a list, is an array and comes back as a tuple; text, numbers, true, false and null are themselves. An
enumeration stands by its value, and only as a field of its own. Rebuilding goes through the constructor, so that what is
not canonical is refused.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_type_hints

import orjson

from emulators import messages
from emulators.core import event
from emulators.core.errors import LocalProtocolError

TYPE = "type"


def _known_types() -> dict[str, type]:
    """Every dataclass that may stand in an event, by its name, which no other has."""
    modules = [event]
    modules += [
        importlib.import_module(f"{messages.__name__}.{module.name}") for module in pkgutil.iter_modules(messages.__path__)
    ]
    found: dict[str, type] = {}
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
                if name in found or TYPE in (field.name for field in fields(value)):
                    raise LocalProtocolError(f"{name}: cannot be told from another by its name, or has a field {TYPE!r}")
                found[name] = value
    return found


TYPES: Mapping[str, type] = _known_types()

_FIELDS = {known: tuple(field.name for field in fields(known)) for known in TYPES.values()}


def _enumerations(known: type) -> dict[str, type[Enum]]:
    hints = get_type_hints(known)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}


_ENUMERATIONS = {name: found for name, known in TYPES.items() if (found := _enumerations(known))}


def dumps(value: Any) -> bytes:
    """One line of JSON, with its newline. Raises LocalProtocolError for what has no form here."""
    try:
        return orjson.dumps(value, default=_tagged, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError as error:
        raise LocalProtocolError(f"cannot be written to a journal: {error}") from None


def _tagged(value: Any) -> dict[str, Any]:
    known = type(value)
    names = _FIELDS.get(known)
    if names is None:
        raise TypeError(f"no type of an event: {known.__name__}")
    tagged: dict[str, Any] = {TYPE: known.__name__}
    for name in names:
        tagged[name] = getattr(value, name)
    return tagged


def loads(line: bytes) -> Any:
    """What ``dumps`` was given. Raises ValueError if it is not JSON, LocalProtocolError if it cannot be rebuilt."""
    return rebuilt(orjson.loads(line))


def rebuilt(value: Any) -> Any:
    """Plain data from JSON with its tagged objects rebuilt. Raises LocalProtocolError."""
    if type(value) is list:
        return tuple([item if type(item) is str else rebuilt(item) for item in value])
    if type(value) is not dict:
        return value
    name = value.pop(TYPE, None)
    content = {key: item if type(item) is str else rebuilt(item) for key, item in value.items()}
    if name is None:
        return content
    known = TYPES.get(name) if isinstance(name, str) else None
    if known is None:
        raise LocalProtocolError(f"{TYPE}: there is no {name}")
    try:
        for key, enumeration in _ENUMERATIONS.get(name, {}).items():
            content[key] = enumeration(content[key])
        return known(**content)
    except (TypeError, AttributeError, ValueError, KeyError):
        raise LocalProtocolError(f"{name}: a field is missing, is not one of its own, or has a value of another kind") from None

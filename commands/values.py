"""Plain data, as people write it, to the values that a stimulus takes: a patient, an order, a name."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from emulators.core.errors import ConfigError, LocalProtocolError


def made(kind: Any, plain: Any, key: str) -> Any:
    """``plain`` as a value of ``kind``: a dataclass of ``emulators.messages``, text, a number, a tuple, or one or a tuple.

    Text that says a number is one where a number is wanted. Raises ConfigError, which names ``key`` or one below it.
    """
    if isinstance(kind, UnionType):
        kind = next(option for option in get_args(kind) if (get_origin(option) is tuple) is isinstance(plain, list))
    if is_dataclass(kind) and isinstance(kind, type):
        return _made_of_fields(kind, plain, key)
    if get_origin(kind) is tuple:
        if not isinstance(plain, list):
            raise ConfigError(f"{key}: not a list")
        return tuple(made(get_args(kind)[0], item, f"{key}[{number}]") for number, item in enumerate(plain))
    if kind in (int, float) and isinstance(plain, str):
        plain = _number(kind, plain, key)
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is not bool):
        raise ConfigError(f"{key}: not {_IN_WORDS[kind]}")
    return plain


_IN_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _number(kind: Any, plain: str, key: str) -> Any:
    try:
        return kind(plain)
    except ValueError:
        raise ConfigError(f"{key}: not {_IN_WORDS[kind]}") from None


def _made_of_fields(kind: type, plain: Any, key: str) -> Any:
    if not isinstance(plain, dict):
        raise ConfigError(f"{key}: not an object with the keys of {kind.__name__}")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    for name in plain.keys() - known.keys():
        raise ConfigError(f"{key}.{name}: no such key; there is {', '.join(known)}")
    for name, field in known.items():
        if name not in plain and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(f"{key}.{name}: missing")
    values = {name: made(hints[name], value, f"{key}.{name}") for name, value in plain.items()}
    try:
        return kind(**values)
    except LocalProtocolError as error:
        raise ConfigError(f"{key}: {error}") from None


def nested(pairs: Mapping[str, str]) -> dict[str, Any]:
    """``{"patient.name.family": "Doe"}`` as objects within objects. Raises ConfigError where a key is both."""
    result: dict[str, Any] = {}
    for path, value in pairs.items():
        *parents, last = path.split(".")
        inner = result
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{path}: {parent} has a value of its own")
        inner[last] = value
    return result


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """``first`` with what ``second`` says instead, key by key; the keys into a list are its numbers, from 0."""
    return {**first, **{key: _changed(first.get(key), value) for key, value in second.items()}}


def _changed(before: Any, change: Any) -> Any:
    if isinstance(before, dict) and isinstance(change, dict):
        return merged(before, change)
    if isinstance(before, list) and isinstance(change, dict) and change.keys() <= set(map(str, range(len(before)))):
        return [_changed(item, change[str(number)]) if str(number) in change else item for number, item in enumerate(before)]
    return change

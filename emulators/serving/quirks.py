"""Quirks by name: a product's misbehaviour, wrapped around an actor."""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

from emulators.core.actor import Actor
from emulators.core.errors import ConfigError

Quirk = Callable[[Actor], Actor]

_PACKAGE = "emulators.quirks"


def with_quirks(actor: Actor, names: Sequence[str], key: str) -> Actor:
    """``actor`` within its quirks, the last named outermost. Raises ConfigError, which says ``key``, for one there is not."""
    for name in names:
        actor = _find(name, key)(actor)
    return actor


def check_quirks(names: Sequence[str], key: str) -> None:
    """Raises ConfigError, as ``with_quirks`` does."""
    for name in names:
        _find(name, key)


def _find(name: str, key: str) -> Quirk:
    if find_spec(_PACKAGE) is None:
        raise ConfigError(f"{key}: there is no quirk {name}, nor any other")
    try:
        quirk: Quirk = import_module(_PACKAGE).find(name)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None
    return quirk

"""Misbehaviours of products, one per file: each a wrapper of an actor, found by the name of its file.

A quirk is ``Callable[[Actor], Actor]``: ``find("ignores_cancel")(actor)`` is that actor in a product which says that it cancels
and does not. What it does wrong is seen from its messages alone, so that a test of a product can see it too. The first lines
of each file say what product this is, and which case of the conformance catalogue is about it.

Files whose name begins with an underscore are none.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from emulators.core.actor import Actor
from emulators.core.errors import ConfigError


def names() -> tuple[str, ...]:
    """Every quirk, sorted."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def find(name: str) -> Callable[[Actor], Actor]:
    """The quirk of this name. Raises ConfigError."""
    if name not in names():
        raise ConfigError(f"there is no quirk {name}; there is {', '.join(names())}")
    quirk: Callable[[Actor], Actor] = import_module(f"{__name__}.{name}").Quirk
    return quirk

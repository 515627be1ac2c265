"""How people wait for systems: with a limit, never for ever, and then they try again."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

import simpy

from emulators.kernel import Kernel

Process = Generator[simpy.Event, Any, Any]


def until_noted(
    kernel: Kernel, note: str, subject: str, patience_us: int, attempt: Callable[[], None]
) -> Generator[simpy.Event, Any, Mapping[str, Any]]:
    """Make the attempt, wait for the note, and repeat both each time patience runs out. Gives the note's fields."""
    while True:
        noted = kernel.expect(note, subject, patience_us)
        attempt()
        fields: Mapping[str, Any] | None = yield noted
        if fields is not None:
            return fields

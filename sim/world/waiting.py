"""How people wait: for systems with a limit, never for ever, and then they try again; and what others wait for."""

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any

import simpy

from emulators.kernel import Kernel

Fields = Mapping[str, Any]
Process = Generator[simpy.Event, Any, Any]


def until_noted(
    kernel: Kernel, note: str, subject: str, every_us: int, limit_us: int, attempt: Callable[[], None]
) -> Generator[simpy.Event, Any, Fields | None]:
    """Make the attempt, wait for the note, and repeat both every ``every_us`` as long as ``limit_us`` have not passed.

    Gives the note's fields; None if it has not come.
    """
    give_up_at = kernel.now + limit_us
    while kernel.now < give_up_at:
        noted = kernel.expect(note, subject, every_us)
        attempt()
        fields: Fields | None = yield noted
        if fields is not None:
            return fields
    return None


class Errands:
    """What people are about, apart from their shifts: a run goes on until all of it is done."""

    def __init__(self, environment: simpy.Environment) -> None:
        self._environment = environment
        self._under_way: dict[simpy.Event, None] = {}

    def start(self, errand: Process) -> None:
        started = self._environment.process(errand)
        self._under_way[started] = None
        started.callbacks.append(self._done)

    def _done(self, errand: simpy.Event) -> None:
        del self._under_way[errand]

    @property
    def are_over(self) -> bool:
        return not self._under_way

    def over(self) -> Process:
        """Ends when nothing is under way."""
        while self._under_way:
            yield next(iter(self._under_way))


class Heard:
    """Notes that people wait for without having asked for them: an event each, which stays happened."""

    def __init__(self, kernel: Kernel, names: tuple[str, ...]) -> None:
        self._environment = kernel.environment
        self._events: dict[tuple[str, str], simpy.Event] = {}
        for name in names:
            kernel.listen(name, partial(self._hear, name))

    def event(self, note: str, subject: str) -> simpy.Event:
        """Happens, with the note's fields, when the note has been heard, or has happened already."""
        key = (note, subject)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = self._environment.event()
        return event

    def _hear(self, note: str, subject: str, fields: Fields) -> None:
        event = self.event(note, subject)
        if not event.triggered:
            event.succeed(fields)

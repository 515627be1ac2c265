"""The interface engine: takes a message, acknowledges it, and forwards it to every destination of its route, in order.

Store and forward: the acknowledgement says that the engine has the message, not that a destination has. What it has waits
without limit of number or time; ``alert_after_us`` of the retry policy says when that is noted.

====================================  ==================================================================================
message                               then
====================================  ==================================================================================
with a route                          AA; to each destination in its dialect
without a route                       AE 207, note ``no route``; nothing is forwarded
with a value that does not fit the    AE 102, note ``not mapped``; nothing is forwarded, to no destination
dialect of sender or a destination
refused for good by a destination     set aside as a dead letter of that destination (dead_letters.py); the rest goes on,
                                      or with ``hold_patient_on_error`` all but that patient's
====================================  ==================================================================================

Each destination has one queue for all that goes to it, patients, orders and reports: they arrive in the order in which they
came. The MSH-10 passes through unchanged, whether a dialect has changed the content or not, so that one message can be
followed across the hop; the senders of one engine therefore must not use each other's.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from emulators.actors.dead_letters import DeadLetters
from emulators.actors.dialect import TRANSLATED, Dialect, Translator
from emulators.actors.outbox import RetryPolicy
from emulators.actors.system import ACCEPTED, Accepted, System, refused
from emulators.core.effect import Effect, Note
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import WallClock

Routes = Mapping[tuple[str, type], tuple[str, ...]]
"""(sender, message type) to the destinations, in the order in which they are served; none declares that a message is taken
and goes to nobody."""

_QUEUE = "forward"


class Engine(System):
    """``dialects`` are those of the systems around it that do not write as the house does; ``hold_patient_on_error`` the
    destinations at which a patient's messages wait behind a dead letter."""

    def __init__(
        self,
        name: str,
        clock: WallClock,
        routes: Routes,
        retry: RetryPolicy | None = None,
        dialects: Mapping[str, Dialect] | None = None,
        hold_patient_on_error: Collection[str] = (),
    ) -> None:
        super().__init__(name, clock, retry)
        self._routes = routes
        self._translators = {system: Translator(dialect) for system, dialect in (dialects or {}).items()}
        self.dead_letters = DeadLetters(hold_patient_on_error)
        self.requests = dict.fromkeys(TRANSLATED, self._forward)

    def _forward(self, message: Any, sender: str) -> tuple[Accepted, Sequence[Effect]]:
        destinations = self._routes.get((sender, type(message)))
        fields = {"from": sender, "message": type(message).__name__}
        if destinations is None:
            return refused("207", "MSH-9"), [Note("no route", message.control_id, fields)]
        try:
            written = self._written(message, sender, destinations)
        except LocalProtocolError as error:
            return refused("102", "OBR-18"), [Note("not mapped", message.control_id, {**fields, "reason": str(error)})]
        effects: list[Effect] = []
        for destination, theirs in zip(destinations, written, strict=True):
            if not self.dead_letters.hold(destination, theirs):
                effects.extend(self.outbox.put(destination, theirs, _QUEUE))
        return ACCEPTED, effects

    def _written(self, message: Any, sender: str, destinations: Sequence[str]) -> Sequence[Any]:
        """The message as each destination writes it."""
        if not self._translators:
            return [message] * len(destinations)
        translators = self._translators
        if sender in translators:
            message = translators[sender].ours(message)
        return [translators[to].theirs(message) if to in translators else message for to in destinations]

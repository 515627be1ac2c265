"""The interface engine: takes a message, acknowledges it, and forwards it to every destination of its route, in order.

Store and forward: the acknowledgement says that the engine has the message, not that a destination has. A message without a
route is refused with AE and noted as a dead letter. The MSH-10 passes through unchanged, so that one message can be
followed across the hop.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from emulators.actors.outbox import RetryPolicy
from emulators.actors.system import ACCEPTED, Accepted, System, refused
from emulators.core.effect import Effect, Note
from emulators.core.instant import WallClock
from emulators.messages.adt import RegisterPatient
from emulators.messages.orders import OrderStatus, PlaceOrder
from emulators.messages.report import Report

Routes = Mapping[tuple[str, type], tuple[str, ...]]
"""(sender, message type) to the destinations, in the order in which they are served."""


class Engine(System):
    def __init__(self, name: str, clock: WallClock, routes: Routes, retry: RetryPolicy | None = None) -> None:
        super().__init__(name, clock, retry)
        self._routes = routes
        self.requests = dict.fromkeys((RegisterPatient, PlaceOrder, OrderStatus, Report), self._forward)

    def _forward(self, message: Any, sender: str) -> tuple[Accepted, Sequence[Effect]]:
        destinations = self._routes.get((sender, type(message)))
        if destinations is None:
            fields = {"from": sender, "message": type(message).__name__}
            return refused("207", "MSH-9"), [Note("no route", message.control_id, fields)]
        effects: list[Effect] = []
        for destination in destinations:
            effects.extend(self.outbox.put(destination, message))
        return ACCEPTED, effects

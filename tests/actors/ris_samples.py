"""A RIS with peers that take whatever it sends, for the tests of its parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulators.actors.ris import Ris, RisPeers
from emulators.core.effect import Effect
from emulators.core.identity import accession_number
from emulators.messages.attributes import Attributes
from emulators.messages.common import SUCCESS, Code
from emulators.messages.orders import OrderStatus
from emulators.messages.worklist import STEPS, WorklistQuery
from tests.actors.samples import CLOCK, PROCEDURE, PROTOCOL, accept, answer, ask, notes, sends, touch

PEERS = RisPeers(engine="engine", pacs="pacs", workstation="workstation")
STATIONS = {"CT": ("CT1",), "US": ("US1", "US2", "US3")}
SECOND_PROTOCOL = Code("CTCHEST-Q", "RADLOOP", "CT of the chest, late phase")
TWO_STEPS = {PROCEDURE.value: (PROTOCOL, SECOND_PROTOCOL)}


@dataclass(slots=True)
class Done:
    """What came of one event: the answer to a request, every message with its receiver as they were sent, and the notes."""

    answer: Any = None
    sent: list[tuple[str, Any]] = field(default_factory=list)
    notes: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    def names(self) -> list[tuple[str, str]]:
        """Receiver and type of each message, sorted: receivers do not wait for each other."""
        return sorted((to, type(message).__name__) for to, message in self.sent)

    def only(self, kind: type) -> Any:
        """The one message of this type."""
        (found,) = self.all(kind)
        return found

    def all(self, kind: type) -> list[Any]:
        return [message for _, message in self.sent if type(message) is kind]

    def statuses(self) -> list[tuple[str, str, str]]:
        """Placer order number, ORC-1 and ORC-5 of what the placer was told."""
        return [(one.placer_order_number, one.order_control, one.status) for one in self.all(OrderStatus)]


def new_ris(
    peers: RisPeers = PEERS,
    protocols: Mapping[str, tuple[Code, ...]] = {PROCEDURE.value: (PROTOCOL,)},
    **settings: Any,
) -> Ris:
    return Ris("ris", CLOCK, peers, STATIONS, protocols, **settings)


def ris(*messages: Any, **settings: Any) -> Ris:
    """A RIS that has been told these, and whose peers took what it sent."""
    actor = new_ris(**settings)
    for message in messages:
        do(actor, message)
    return actor


def do(actor: Ris, message: Any, sender: str = "engine") -> Done:
    """Ask, and let the peers take everything."""
    answered, effects = ask(actor, message, sender)
    return _carried_out(actor, effects, answered)


def press(actor: Ris, stimulus: str, **data: Any) -> Done:
    """Let a person do something, and the peers take everything."""
    return _carried_out(actor, touch(actor, stimulus, **data))


def _carried_out(actor: Ris, effects: Iterable[Effect], answered: Any = None) -> Done:
    effects = list(effects)
    done = Done(answered, notes=notes(effects))
    waiting = sends(effects)
    while waiting:
        send = waiting.pop(0)
        done.sent.append((send.to, send.message))
        hl7 = hasattr(send.message, "control_id")
        waiting += sends(accept(actor, send) if hl7 else answer(actor, send, SUCCESS))
    return done


def on_worklist(actor: Ris) -> Sequence[Attributes]:
    """Every entry."""
    items: Sequence[Attributes] = ask(actor, WorklistQuery())[0].items
    return items


def steps_on_worklist(actor: Ris) -> list[str]:
    return [item.item(STEPS).text("ScheduledProcedureStepID") for item in on_worklist(actor)]


def accessions(*placers: str) -> list[str]:
    return [accession_number(placer) for placer in placers]

"""A receiver of reports that goes by arrival alone: a preliminary report that comes after the final one takes its place.

Catalogue: ``hl7.oru.recv.7`` (P after F: stays final). Seen: a RIS sends the preliminary text on after the final one; in the
EHR its text is what a reader gets.
"""

from collections.abc import Sequence
from dataclasses import replace

from emulators.core.actor import Actor
from emulators.core.effect import Effect, Note, Send
from emulators.core.event import Event, Request
from emulators.core.instant import Instant
from emulators.messages.report import Report
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    """To the actor such a report is a correction, which does take the place of the final one, and so is a final report that
    comes later still; to everybody else they are what they were."""

    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._shown: dict[str, str] = {}
        """By accession number: F or C, or P when a preliminary report has taken its place."""
        self._heard_as: dict[str, str] = {}
        """By control id: the status that the actor was told, also when the message is repeated."""
        self._said_as: dict[str, str] = {}
        """By control id: the status that a report had which the actor takes for a correction."""

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if not isinstance(event, Request) or not isinstance(event.message, Report):
            return super().handle(event, now)
        report = event.message
        if report.control_id not in self._heard_as:
            self._heard_as[report.control_id] = self._status_for(report)
        status = self._heard_as[report.control_id]
        if status == report.status:
            return super().handle(event, now)
        self._said_as[report.control_id] = report.status
        effects = super().handle(replace(event, message=replace(report, status=status)), now)
        return [_noted_as(report.status, effect) for effect in effects]

    def _status_for(self, report: Report) -> str:
        shown = {self._shown.get(order.accession_number, "") for order in report.orders}
        would_lose = {"P": shown != {""}, "F": "P" in shown and bool(report.text)}.get(report.status, False)
        if would_lose or report.status in ("F", "C"):
            self._shown.update((order.accession_number, report.status) for order in report.orders)
        return "C" if would_lose else report.status

    def done(self, effect: Effect) -> Effect:
        if not isinstance(effect, Send) or not isinstance(effect.message, Report):
            return effect
        status = self._said_as.get(effect.message.control_id)
        return effect if status is None else replace(effect, message=replace(effect.message, status=status))


def _noted_as(status: str, effect: Effect) -> Effect:
    if isinstance(effect, Note) and effect.fields.get("status") == "C":
        return replace(effect, fields={**effect.fields, "status": status})
    return effect

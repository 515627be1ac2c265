"""What a receiver refused for good, kept for a person; and what waits behind it.

A refused message is not sent again unchanged (HL7 2.9.2.1), and those behind it go on: it is set aside. A person sends it
again, as the same message, when its receiver has what it lacked, or drops it.

A receiver may be declared to *hold*: then what comes later about the same patients waits behind the dead letter, and what
waits makes its own patients wait, so that a merge (A40) does not overtake an order that it depends on.

=========================  =====================================================================
refused for good           kept; of a holding receiver, what the outbox has of its patients waits
new message                waits if it is about a patient for whom something waits, else is sent
``resend dead letter``     put at the end of the queue, then what waited behind it alone
``drop dead letter``       forgotten; what waited behind it alone is put at the end of the queue
=========================  =====================================================================
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from emulators.core.instant import Instant
from emulators.messages.adt import MergePatients


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An HL7 message, the queue of the outbox that it was in, and its acknowledgement in words."""

    to: str
    queue: str
    message: Any
    reason: str
    since: Instant


class DeadLetters:
    """Those of one system; ``holding`` are the receivers whose patients wait."""

    def __init__(self, holding: Collection[str] = ()) -> None:
        self.holding = frozenset(holding)
        self._letters: list[DeadLetter] = []
        self._held: dict[str, list[Any]] = {}
        self._blocked: dict[str, set[tuple[str, str]]] = {}
        """By holding receiver the patients for whom a dead letter, or something behind it, waits."""

    def keep(self, letter: DeadLetter) -> None:
        """Set a message aside."""
        self._letters.append(letter)
        if letter.to in self.holding:
            self._blocked.setdefault(letter.to, set()).update(_patients(letter.message))

    def hold(self, to: str, message: Any) -> bool:
        """Whether ``message`` has to wait; if so, it is kept here."""
        blocked = self._blocked.get(to)
        if not blocked:
            return False
        patients = _patients(message)
        if blocked.isdisjoint(patients):
            return False
        blocked.update(patients)
        self._held.setdefault(to, []).append(message)
        return True

    def take(self, control_id: str, to: str) -> DeadLetter | None:
        """Remove the oldest dead letter for ``to`` with this MSH-10."""
        for letter in self._letters:
            if letter.to == to and letter.message.control_id == control_id:
                self._letters.remove(letter)
                return letter
        return None

    def released(self, to: str) -> Sequence[Any]:
        """After a ``take``: what need not wait any more, in its order."""
        if to not in self.holding:
            return []
        self._blocked[to] = {patient for letter in self._letters if letter.to == to for patient in _patients(letter.message)}
        return [message for message in self._held.pop(to, []) if not self.hold(to, message)]

    def status(self, now: Instant) -> list[dict[str, int | str]]:
        """Each dead letter without its content; ``held`` is how many messages for that receiver wait behind dead letters."""
        return [
            {
                "to": letter.to,
                "message": type(letter.message).__name__,
                "control": letter.message.control_id,
                "reason": letter.reason,
                "oldest_us": now - letter.since,
                "held": len(self._held.get(letter.to, ())),
            }
            for letter in self._letters
        ]


def _patients(message: Any) -> Sequence[tuple[str, str]]:
    """Whom a message is about: two for a merge."""
    patient = message.patient
    named = (patient.issuer, patient.patient_id)
    if isinstance(message, MergePatients):
        return named, (message.prior_issuer, message.prior_patient_id)
    return (named,)

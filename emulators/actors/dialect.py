"""How one system behind the interface engine writes what the house writes otherwise, and the way back.

The house has one form of every value. A message from a system is first put into the house's form (``ours``), then into that
of each system it goes to (``theirs``), so that a report comes back under the number under which its order went out.

===================  =================================================================================================
``accession``        text at the start taken off, zeros put before the rest up to a length, other text put at the start
``procedures``       procedure codes by scheme and value, with their meaning
``order_statuses``   codes of ORC-5 (HL7 table 0038)
``priorities``       STAT and ROUTINE
``issuers``          assigning authorities of patient IDs
===================  =================================================================================================

Rules
- A code that no map names passes as it is. A code that is also the house's own name for something else stays that on the way
  back: where DC goes out as CA, CA comes back as CA.
- Two codes of the house do not become one that is not the house's own: the way back would not be known (ValueError).
- An accession number that would not come back the same, or does not fit into 16 characters, is an error
  (LocalProtocolError), never cut.
- A dialect says nothing of MSH-10, texts, names, times and UIDs: they are the same everywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.messages.adt import VISIT_MESSAGES, MergePatients
from emulators.messages.common import Code, Patient
from emulators.messages.orders import (
    ORDER_STATUSES,
    PRIORITIES,
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    NumberAssigned,
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.report import Report, ReportedOrder

_STRICT: Mapping[str, str] = {"extra": "forbid"}
"""Where these settings are read from a file, a key that they do not have is refused."""


@dataclass(frozen=True, slots=True)
class AccessionMap:
    """``A12`` with ``strip_prefix`` A, ``zero_pad`` 5 and ``add_prefix`` R is written ``R00012``."""

    strip_prefix: str = ""
    zero_pad: int = 0
    add_prefix: str = ""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    def theirs(self, ours: str) -> str:
        """The house's number as the system writes it; none stays none."""
        if not ours:
            return ""
        if not ours.startswith(self.strip_prefix):
            raise LocalProtocolError("accession_number: does not start as those of the house do")
        rest = ours[len(self.strip_prefix) :]
        if not rest or (self.zero_pad and rest[0] == "0"):
            raise LocalProtocolError("accession_number: would not come back the same")
        return self.add_prefix + rest.rjust(self.zero_pad, "0")

    def ours(self, theirs: str) -> str:
        """The system's number as the house writes it."""
        if not theirs:
            return ""
        if not theirs.startswith(self.add_prefix):
            raise LocalProtocolError("accession_number: does not start as those of its sender do")
        rest = theirs[len(self.add_prefix) :]
        ours = self.strip_prefix + (rest.lstrip("0") if self.zero_pad else rest)
        if self.theirs(ours) != theirs:
            raise LocalProtocolError("accession_number: would not come back the same")
        return ours


@dataclass(frozen=True, slots=True)
class CodePair:
    """One procedure: its value, scheme and meaning in the house, and with the system."""

    ours: tuple[str, str, str]
    theirs: tuple[str, str, str]

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    def __post_init__(self) -> None:
        for written in (self.ours, self.theirs):
            try:
                Code(*written)
            except LocalProtocolError as error:
                raise ValueError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Dialect:
    """The settings of one system; a map goes from the house's code to the system's. Raises ValueError."""

    accession: AccessionMap = AccessionMap()
    procedures: tuple[CodePair, ...] = ()
    order_statuses: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    issuers: dict[str, str] = field(default_factory=dict)

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    def __post_init__(self) -> None:
        for name, codes in (("order_statuses", ORDER_STATUSES), ("priorities", PRIORITIES)):
            pairs = getattr(self, name)
            if not codes.issuperset((*pairs, *pairs.values())):
                raise ValueError(f"{name}: knows {', '.join(sorted(codes))} only")
            _way_back(pairs, name, codes)
        _way_back(self.issuers, "issuers")
        _way_back({pair.ours[:2]: pair.theirs[:2] for pair in self.procedures}, "procedures")
        if len({pair.ours[:2] for pair in self.procedures}) < len(self.procedures):
            raise ValueError("procedures: the house has one code twice")


class Translator:
    """A dialect at work; messages without a value that it changes pass as the same object."""

    def __init__(self, dialect: Dialect) -> None:
        pairs = [(Code(*pair.ours), Code(*pair.theirs)) for pair in dialect.procedures]
        self.theirs = Translation(
            accession=dialect.accession.theirs,
            procedures={(ours.scheme, ours.value): theirs for ours, theirs in pairs},
            order_statuses=dialect.order_statuses,
            priorities=dialect.priorities,
            issuers=dialect.issuers,
        )
        self.ours = Translation(
            accession=dialect.accession.ours,
            procedures={(theirs.scheme, theirs.value): ours for ours, theirs in pairs},
            order_statuses=_way_back(dialect.order_statuses, "order_statuses", ORDER_STATUSES),
            priorities=_way_back(dialect.priorities, "priorities", PRIORITIES),
            issuers=_way_back(dialect.issuers, "issuers"),
        )


@dataclass(frozen=True, slots=True)
class Translation:
    """One direction of a dialect."""

    accession: Callable[[str], str]
    procedures: Mapping[tuple[str, str], Code]
    order_statuses: Mapping[str, str]
    priorities: Mapping[str, str]
    issuers: Mapping[str, str]

    def __call__(self, message: Any) -> Any:
        """``message`` in the other form. Raises LocalProtocolError, which names the attribute and not its value."""
        changes = {}
        for attribute, translated in TRANSLATED[type(message)]:
            value = getattr(message, attribute)
            other = translated(self, value)
            if other != value:
                changes[attribute] = other
        return replace(message, **changes) if changes else message

    def _accession(self, accession: str) -> str:
        other = self.accession(accession)
        if len(other) > 16:
            raise LocalProtocolError("accession_number: longer than 16 characters")
        return other

    def _issuer(self, issuer: str) -> str:
        return self.issuers.get(issuer, issuer)

    def _patient(self, patient: Patient) -> Patient:
        issuer = self._issuer(patient.issuer)
        return patient if issuer == patient.issuer else replace(patient, issuer=issuer)

    def _procedure(self, code: Code) -> Code:
        return self.procedures.get((code.scheme, code.value), code)

    def _status(self, status: str) -> str:
        return self.order_statuses.get(status, status)

    def _order(self, order: Order) -> Order:
        procedure, priority = self._procedure(order.procedure), self.priorities.get(order.priority, order.priority)
        if procedure == order.procedure and priority == order.priority:
            return order
        return replace(order, procedure=procedure, priority=priority)

    def _orders(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        return tuple(map(self._order, orders))

    def _reported(self, orders: Iterable[ReportedOrder]) -> tuple[ReportedOrder, ...]:
        return tuple(
            replace(order, accession_number=self._accession(order.accession_number), procedure=self._procedure(order.procedure))
            for order in orders
        )

    def _steps(self, steps: Iterable[ScheduledProcedure]) -> tuple[ScheduledProcedure, ...]:
        return tuple(replace(step, accession_number=self._accession(step.accession_number)) for step in steps)


_Translated = tuple[tuple[str, Callable[[Translation, Any], Any]], ...]

_PATIENT: _Translated = (("patient", Translation._patient),)
_ACCESSION: _Translated = (("accession_number", Translation._accession),)
_PROCEDURE: _Translated = (("procedure", Translation._procedure),)
_ORDER: _Translated = (("order", Translation._order),)
_STEPS: _Translated = (("steps", Translation._steps),)

TRANSLATED: Mapping[type, _Translated] = {
    **dict.fromkeys(VISIT_MESSAGES, _PATIENT),
    MergePatients: (*_PATIENT, ("prior_issuer", Translation._issuer)),
    PlaceOrder: (*_PATIENT, ("orders", Translation._orders)),
    ChangeOrder: (*_PATIENT, *_ORDER),
    CancelOrder: (*_PATIENT, *_PROCEDURE),
    FillerOrder: (*_PATIENT, *_ORDER, *_ACCESSION),
    NumberAssigned: (*_PATIENT, *_ACCESSION),
    OrderStatus: (*_PATIENT, *_ACCESSION, *_PROCEDURE, ("status", Translation._status)),
    ReportStatus: (*_PATIENT, *_ACCESSION, *_PROCEDURE),
    ScheduleProcedure: (*_PATIENT, *_ORDER, *_STEPS),
    ChangeProcedure: (*_PATIENT, *_ORDER, *_STEPS),
    CancelProcedure: (*_PATIENT, *_ORDER, *_STEPS),
    ReadingListEntry: (*_PATIENT, *_ORDER, *_STEPS),
    ReadingListRemoval: (*_PATIENT, *_ORDER, *_STEPS),
    Report: (*_PATIENT, ("orders", Translation._reported)),
}
"""What of each message is translated, attribute by attribute; the engine takes these messages and no others."""


def _way_back(pairs: Mapping[Any, Any], name: str, own: frozenset[str] = frozenset()) -> dict[Any, Any]:
    """The inverse of a map, without the codes that are the house's ``own`` for something that the map does not name."""
    back: dict[Any, Any] = {}
    for ours, theirs in pairs.items():
        if theirs in own and theirs not in pairs:
            continue
        if theirs in back:
            raise ValueError(f"{name}: two codes become one")
        back[theirs] = ours
    return back

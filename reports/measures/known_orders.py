"""Every order of a run, under the names that records tell of it: placer order number, accession number.

========================================  =====================================================================
record                                    tells
========================================  =====================================================================
stimulus ``place order``                  the placer number of the message's first order
exchange ``PlaceOrder``                   those of all its orders, also where the RIS never heard of them
note ``procedure scheduled``              its accession number; one that the RIS made has no placer number yet
note ``placer number assigned``           the placer number of an order that the RIS made
========================================  =====================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from emulators.trace import Record


@dataclass(slots=True, eq=False)
class Named:
    """An order by its numbers, empty where there is none yet."""

    placer: str = ""
    accession: str = ""

    @property
    def name(self) -> str:
        """The placer order number, or else the accession number."""
        return self.placer or self.accession


Order = TypeVar("Order", bound=Named)


class KnownOrders(Generic[Order]):
    """``make`` gives a new order; ``all`` has them in the order in which they became known."""

    def __init__(self, make: Callable[[], Order]) -> None:
        self._make = make
        self._by_placer: dict[str, Order] = {}
        self._by_accession: dict[str, Order] = {}
        self.all: list[Order] = []

    def of_placer(self, placer: str) -> Order:
        """The order of this placer number, a new one if it is not known."""
        order = self._by_placer.get(placer)
        if order is None:
            order = self._by_placer[placer] = self._new()
            order.placer = placer
        return order

    def of_accession(self, accession: str) -> Order | None:
        return self._by_accession.get(accession)

    def of_accessions(self, joined: str) -> list[Order]:
        """The orders of several accession numbers, joined by ``+``; those that are not known are left out."""
        return [self._by_accession[one] for one in joined.split("+") if one in self._by_accession]

    def placed(self, record: Record) -> None:
        """``PlaceOrder`` has been sent, or the order was placed."""
        placers: str = record["placer"] if record["record"] == "exchange" else record["subject"]
        for placer in placers.split("+"):
            self.of_placer(placer)

    def scheduled(self, record: Record) -> Order:
        """Note ``procedure scheduled``."""
        accession = record["accession"]
        was_made_here = record["subject"] == accession
        order = self._new() if was_made_here else self.of_placer(record["subject"])
        order.accession = accession
        self._by_accession[accession] = order
        return order

    def numbered(self, record: Record) -> None:
        """Note ``placer number assigned``."""
        order = self._by_accession.get(record["subject"])
        if order is not None:
            order.placer = record["placer"]
            self._by_placer[order.placer] = order

    def _new(self) -> Order:
        order = self._make()
        self.all.append(order)
        return order

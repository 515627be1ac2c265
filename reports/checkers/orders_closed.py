"""Every order ends, and ends once."""

from collections import Counter

from emulators.trace import Record
from reports.measures.known_orders import KnownOrders, Named


class Checker:
    """Every order, placed or made by the RIS, is closed exactly once, and no other."""

    kinds = ("stimulus", "note", "exchange")
    needs = ""

    def __init__(self) -> None:
        self._orders = KnownOrders(Named)
        self._closed: Counter[str] = Counter()

    def __call__(self, record: Record) -> None:
        kind = record["record"]
        if kind == "exchange":
            if record["message"] == "PlaceOrder":
                self._orders.placed(record)
        elif kind == "stimulus":
            if record["name"] == "place order":
                self._orders.placed(record)
        elif record["name"] == "procedure scheduled":
            self._orders.scheduled(record)
        elif record["name"] == "placer number assigned":
            self._orders.numbered(record)
        elif record["name"] == "order closed":
            self._closed[record["subject"]] += 1

    def violations(self) -> list[str]:
        known = {order.name for order in self._orders.all}
        return sorted(
            [f"order {name}: never closed" for name in known if name not in self._closed]
            + [f"order {name}: closed {count} times" for name, count in self._closed.items() if count > 1]
            + [f"order {name}: closed but never placed" for name in self._closed if name not in known]
        )

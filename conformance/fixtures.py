"""What several cases of a run share: made once, by the first that asks for it.

For what takes many messages to bring about and is only read afterwards, such as a reference worklist. ``Trial.shared`` is the
way in.
"""

import threading
from collections.abc import Callable
from typing import Any

from conformance.verdict import Inconclusive


class Fixtures:
    """Those of one run, by name. Cases that run side by side may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gave at the first call of this name. Raises Inconclusive, then and later, where it did."""
        with self._lock:
            if name not in self._made:
                try:
                    self._made[name] = make()
                except Inconclusive as reason:
                    self._made[name] = reason
            found = self._made[name]
        if isinstance(found, Inconclusive):
            raise Inconclusive(*found.args)
        return found

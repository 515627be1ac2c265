"""What an archive says of attributes that it has changed (PS3.3 C.12.1.1.9, the item without the former values)."""

from dataclasses import dataclass

from emulators.core.instant import Stamp
from emulators.messages import canonical

COERCE = "COERCE"
"""What other systems said was followed: a patient index, an order, a site's default."""
CORRECT = "CORRECT"
"""A person has put right what was wrong."""

_REASONS = frozenset((COERCE, CORRECT))


@dataclass(frozen=True, slots=True)
class AttributeModification:
    """When the identity became what it is, by the clock of ``system``, which is an AE title; ``reason`` COERCE or CORRECT."""

    at: Stamp
    system: str
    reason: str

    def __post_init__(self) -> None:
        canonical.stamp(self.at, "at")
        object.__setattr__(self, "system", canonical.ascii_text(self.system, 64, "system"))
        canonical.one_of(self.reason, _REASONS, "reason")

"""Emulators that cases hl7.ord.status.* catch."""

from tests.conformance.mangler import Mutant, Quirk
from tests.conformance.mutants.hl7_ord import SaysOtherwise

MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.status.1": SaysOtherwise(b"SC", b"||IP|", b"||SC|"),
    "hl7.ord.status.2": Quirk(("takes_every_status",)),
}

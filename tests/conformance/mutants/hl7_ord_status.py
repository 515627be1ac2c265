"""Emulators that cases hl7.ord.status.* catch."""

from tests.conformance.hl7_mutants import SaysOtherwise
from tests.conformance.mangler import Mutant, Quirk

MUTANTS: dict[str, Mutant | list[Mutant]] = {
    "hl7.ord.status.1": SaysOtherwise(b"||IP|", b"||SC|", b"\rORC|SC|"),
    "hl7.ord.status.2": Quirk(("takes_every_status",)),
}

"""Emulators that case hl7.ord.acc.1 catches."""

from tests.conformance.mangler import Mutant, Quirk

MUTANTS: dict[str, Mutant | list[Mutant]] = {"hl7.ord.acc.1": Quirk(("truncates_accession",))}

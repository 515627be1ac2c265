"""Emulators that cases pir.case.* catch."""

from tests.conformance.data_set_mutants import ChangesDataSets, setting
from tests.conformance.hl7_mutants import AcknowledgesUnheard
from tests.conformance.mangler import Quirk

MUTANTS = {
    "pir.case.1": Quirk(("ignores_updates",)),
    "pir.case.2": Quirk(("merges_the_wrong_way_round",)),
    "pir.case.3": AcknowledgesUnheard(b"|ORM^O01"),
    "pir.case.4": Quirk(("takes_discontinued_as_completed",)),
    "pir.case.5": ChangesDataSets("C-FIND-RQ", setting(AccessionNumber=""), to_product=True),
}

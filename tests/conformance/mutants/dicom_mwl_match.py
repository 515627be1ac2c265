"""Emulators that cases dicom.mwl.match.* catch: worklists that match in a way of their own."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode
from conformance.material.worklist import STEPS, step_of
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import AnotherMatch, AnotherQuery, HasNoWildCards, Ignores, TakesAnotherKey
from tests.conformance.mangler import Link, Message, Mutant
from tests.conformance.status_mutants import SaysNothingOfUnsupportedKeys

PHYSICIAN = "ScheduledPerformingPhysicianName"


class ForgetsTheEndOfARange(TakesAnotherKey):
    def __init__(self) -> None:
        super().__init__("ScheduledProcedureStepStartDate", lambda key: key.partition("-")[0] + "-" if "-" in key else key)


class ShowsTheFirstEntryTwice(Mutant):
    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name == "C-FIND-RSP" and dataset is not None and not link.notes.setdefault("shown", False):
            link.notes["shown"] = True
            link.send_message(to_product, context_id, command, dataset)
        return command, dataset


class FindsNothingForTwoItems(AnotherQuery):
    """What must match both at once."""

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        items = dataset.get(STEPS) or []
        if len(items) > 1:
            items[0].Modality = "NONE"
            del items[1:]
        return dataset


class TakesAnEmptyPhysicianForAnybody(AnotherMatch):
    """As in query/retrieve: an entry without a performing physician fits every key."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name == "C-FIND-RQ" and dataset is not None:
            keys = decode(dataset, link.contexts[context_id])
            link.notes["asked"] = str(step_of(keys).get(PHYSICIAN) or "").rstrip("*")
            return Ignores(PHYSICIAN).message(link, to_product, context_id, command, dataset)
        return super().message(link, to_product, context_id, command, dataset)

    def changed(self, link: Link, dataset: Dataset) -> Dataset | None:
        name = str(step_of(dataset).get(PHYSICIAN) or "")
        return dataset if not name or name.startswith(str(link.notes.get("asked", ""))) else None


MUTANTS = {
    "dicom.mwl.match.1": Ignores("ScheduledStationAETitle"),
    "dicom.mwl.match.2": ForgetsTheEndOfARange(),
    "dicom.mwl.match.3": Ignores("ScheduledProcedureStepStartTime"),
    "dicom.mwl.match.4": Ignores("Modality"),
    "dicom.mwl.match.5": HasNoWildCards(PHYSICIAN),
    "dicom.mwl.match.6": HasNoWildCards("PatientName"),
    "dicom.mwl.match.7": TakesAnotherKey("PatientID", lambda key: key.lstrip("0")),
    "dicom.mwl.match.8": [Ignores("Modality"), ShowsTheFirstEntryTwice()],
    "dicom.mwl.match.9": Ignores("AccessionNumber"),
    "dicom.mwl.match.10": TakesAnEmptyPhysicianForAnybody(),
    "dicom.mwl.match.11": [SaysNothingOfUnsupportedKeys(), FindsNothingForTwoItems()],
}

"""Emulators that cases dicom.mpps.fwd.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Message, Mutant


class LeavesOutWhatItDoesNotUse(DataSetMutant):
    command = "N-CREATE-RQ"
    to_product = False

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.PerformedLocation
        return dataset


class ForwardsTheStartOnly(Mutant):
    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        return None if link.opened_by_product and command.name == "N-SET-RQ" else (command, dataset)


MUTANTS = {"dicom.mpps.fwd.1": [LeavesOutWhatItDoesNotUse(), ForwardsTheStartOnly()]}

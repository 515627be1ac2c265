"""Emulators that cases dicom.stgcmt.scu.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Message, Mutant, changed
from tests.conformance.status_mutants import EVERY, AnswersOtherwise


class AsksForCommitmentOtherwise(DataSetMutant):
    command = "N-ACTION-RQ"
    to_product = False


class AsksForAllButOne(AsksForCommitmentOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.ReferencedSOPSequence[-1]
        return dataset


class HasOneTransaction(AsksForCommitmentOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.TransactionUID = "2.25.1"
        return dataset


class TakesFailedForCommitted(Mutant):
    """Any result is a good one: what has failed may be deleted."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if not to_product or command.name != "N-EVENT-REPORT-RQ" or dataset is None:
            return command, dataset
        result = decode(dataset, link.contexts[context_id])
        for one in result.get("FailedSOPSequence") or []:
            del one.FailureReason
            result.ReferencedSOPSequence.append(one)
        if "FailedSOPSequence" in result:
            del result.FailedSOPSequence
        return changed(command, EventTypeID=1), encode(result, link.contexts[context_id])


MUTANTS = {
    "dicom.stgcmt.scu.1": [AsksForAllButOne(), HasOneTransaction()],
    "dicom.stgcmt.scu.2": AnswersOtherwise("N-EVENT-REPORT-RSP", (0x0000,), 0x0110),
    "dicom.stgcmt.scu.3": TakesFailedForCommitted(),
    "dicom.stgcmt.scu.4": AnswersOtherwise("N-EVENT-REPORT-RSP", EVERY, 0x0000),
}

"""Emulators that cases dicom.send.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from conformance.trial import EXPLICIT, IMPLICIT
from emulators.wire.commands import response
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Mutant, changed


class SendsOtherwise(DataSetMutant):
    command = "C-STORE-RQ"
    to_product = False


class HasNoImagePosition(SendsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.ImagePositionPatient = None
        return dataset


class WritesDatesAsPeopleDo(SendsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.StudyDate = "3 March"
        return dataset


class TakesWarningsForFailures(Mutant):
    """What was stored with a warning is sent again."""

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        is_warning = to_product and command.name == "C-STORE-RSP" and command.status >> 12 == 0xB
        return (changed(command, Status=0xA700) if is_warning else command), dataset


class GivesUpWhatIsOutOfResources(Mutant):
    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        is_full = to_product and command.name == "C-STORE-RSP" and command.status == 0xA700
        return (changed(command, Status=0xC000) if is_full else command), dataset


class ForgetsWhatWasUnderWay(Mutant):
    """The image that a connection breaks off after is taken for the last."""

    def reset(self) -> None:
        self._stored = 0

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if to_product or command.name != "C-STORE-RQ":
            return command, dataset
        self._stored += 1
        if self._stored <= 7:
            return command, dataset
        link.send_message(True, context_id, response(command, 0x0000), None)
        return None


class KeepsItsOwnEncoding(Mutant):
    """Explicit VR on a context of implicit VR."""

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        if to_product or command.name != "C-STORE-RQ" or dataset is None:
            return command, dataset
        if link.contexts[context_id] != IMPLICIT:
            return command, dataset
        return command, encode(decode(dataset, IMPLICIT), EXPLICIT)


class ChangesThePatientOnly(SendsOtherwise):
    """Corrected images come under the UIDs that they had."""

    def reset(self) -> None:
        self._uids: list[str] = []

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if to_product or command.name != "C-STORE-RQ":
            return super().message(link, to_product, context_id, command, dataset)
        self._uids.append(command.sop_instance_uid)
        again = self._uids[len(self._uids) - 3] if len(self._uids) > 2 else command.sop_instance_uid
        return super().message(link, to_product, context_id, changed(command, AffectedSOPInstanceUID=again), dataset)

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        if len(self._uids) > 2:
            dataset.SOPInstanceUID = self._uids[len(self._uids) - 3]
        return dataset


MUTANTS = {
    "dicom.send.1": [HasNoImagePosition(), WritesDatesAsPeopleDo()],
    "dicom.send.2": [TakesWarningsForFailures(), GivesUpWhatIsOutOfResources()],
    "dicom.send.3": ForgetsWhatWasUnderWay(),
    "dicom.send.4": KeepsItsOwnEncoding(),
    "dicom.send.5": ChangesThePatientOnly(),
}

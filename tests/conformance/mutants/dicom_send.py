"""Emulators that cases dicom.send.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from conformance.trial import EXPLICIT, IMPLICIT
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import AnotherImage
from tests.conformance.mangler import Link, Message, Mutant, changed
from tests.conformance.status_mutants import AnswersOtherwise, SaysYesAndForgets


class HasNoImagePosition(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.ImagePositionPatient = None
        return dataset


class WritesDatesAsPeopleDo(AnotherImage):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.StudyDate = "3 March"
        return dataset


class TakesWarningsForFailures(AnswersOtherwise):
    """What was stored with a warning is sent again."""

    variant = "failures and warnings"

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", range(0xB000, 0xC000), 0xA700, to_product=True)


class GivesUpWhatIsOutOfResources(AnswersOtherwise):
    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", (0xA700,), 0xC000, to_product=True)


class ForgetsWhatWasUnderWay(SaysYesAndForgets):
    """The image that a connection breaks off after is taken for the last."""

    to_product = False

    def __init__(self) -> None:
        super().__init__("C-STORE-RQ")

    def reset(self) -> None:
        self._stored = 0

    def forgets(self, command: Command, dataset: bytes | None) -> bool:
        self._stored += 1
        return self._stored > 7


class KeepsItsOwnEncoding(Mutant):
    """Explicit VR on a context of implicit VR."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if to_product or command.name != "C-STORE-RQ" or dataset is None:
            return command, dataset
        if link.contexts[context_id] != IMPLICIT:
            return command, dataset
        return command, encode(decode(dataset, IMPLICIT), EXPLICIT)


class ChangesThePatientOnly(AnotherImage):
    """Corrected images come under the UIDs that they had."""

    def reset(self) -> None:
        self._uids: list[str] = []

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
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

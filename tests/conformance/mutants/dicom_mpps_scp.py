"""Emulators that cases dicom.mpps.scp.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from emulators.wire.dimse import Command
from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link, Message, Mutant, Quirk, changed
from tests.conformance.status_mutants import AnswersOtherwise, SaysSuccessInstead, SaysYesAndForgets


class MatchesByThePatient(Mutant):
    """A step without accession number is taken for the order that the patient has on the worklist."""

    def reset(self) -> None:
        self._accessions: dict[str, str] = {}

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if dataset is None or command.name not in ("C-FIND-RSP", "N-CREATE-RQ"):
            return command, dataset
        syntax = link.contexts[context_id]
        attributes = decode(dataset, syntax)
        if command.name == "C-FIND-RSP":
            self._accessions[attributes.PatientID] = attributes.AccessionNumber
        elif not attributes.ScheduledStepAttributesSequence[0].AccessionNumber:
            attributes.ScheduledStepAttributesSequence[0].AccessionNumber = self._accessions[attributes.PatientID]
            dataset = encode(attributes, syntax)
        return command, dataset


class MatchesByThePatientLater(MatchesByThePatient):
    """It does so when the next step begins."""

    OWN_MESSAGE_ID = 60_000

    def reset(self) -> None:
        super().reset()
        self._held: Message | None = None

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        _, matched = super().message(link, to_product, context_id, command, dataset) or (command, dataset)
        if not to_product and command.name == "N-CREATE-RSP" and command.message_id == self.OWN_MESSAGE_ID:
            return None
        if matched is not dataset and command.name == "N-CREATE-RQ":
            self._held = changed(command, MessageID=self.OWN_MESSAGE_ID, AffectedSOPInstanceUID="2.25.1"), matched
            return command, dataset
        if self._held is not None and command.name == "N-CREATE-RQ":
            link.send_message(True, context_id, *self._held)
            self._held = None
        return command, matched


class UpdatesTheFirstOnly(DataSetMutant):
    command = "N-CREATE-RQ"
    to_product = True

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.ScheduledStepAttributesSequence[1:]
        return dataset


class TakesOneStepForEachScheduledOne(Mutant):
    """A second N-CREATE for the same scheduled step is refused."""

    def reset(self) -> None:
        self._seen: set[str] = set()

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name == "N-CREATE-RQ" and dataset is not None:
            named = decode(dataset, link.contexts[context_id]).ScheduledStepAttributesSequence[0].ScheduledProcedureStepID
            link.notes["again"] = named in self._seen
            self._seen.add(named)
        elif command.name == "N-CREATE-RSP" and link.notes["again"]:
            return changed(command, Status=0x0110), dataset
        return command, dataset


MUTANTS = {
    "dicom.mpps.scp.1": AnswersOtherwise("N-SET-RSP", (0x0000,), 0x0110),
    "dicom.mpps.scp.2": SaysSuccessInstead("N-CREATE-RSP", 0x0106),
    "dicom.mpps.scp.3": SaysSuccessInstead("N-SET-RSP", 0x0110),
    "dicom.mpps.scp.4": [
        SaysSuccessInstead("N-SET-RSP", 0x0112),
        SaysSuccessInstead("N-CREATE-RSP", 0x0111),
        SaysSuccessInstead("N-CREATE-RSP", 0x0120),
        SaysSuccessInstead("N-CREATE-RSP", 0x0121),
    ],
    "dicom.mpps.scp.5": [Quirk(("takes_discontinued_as_completed",)), AnswersOtherwise("N-SET-RSP", (0x0000,), 0x0106)],
    "dicom.mpps.scp.6": SaysYesAndForgets("N-CREATE-RQ", "N-SET-RQ"),
    "dicom.mpps.scp.7": [MatchesByThePatient(), MatchesByThePatientLater()],
    "dicom.mpps.scp.8": UpdatesTheFirstOnly(),
    "dicom.mpps.scp.9": TakesOneStepForEachScheduledOne(),
}

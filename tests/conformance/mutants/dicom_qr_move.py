"""Emulators that cases dicom.qr.move.* catch: archives that send something else, or count otherwise."""

from dataclasses import replace

from conformance.trial import EXPLICIT
from emulators.wire.dimse import NO_DATA_SET, Command
from emulators.wire.items import ContextResult
from emulators.wire.pdu import AssociateAccept
from tests.conformance.association_mutants import AcceptsOtherwise
from tests.conformance.mangler import Link, Message, Mutant, changed
from tests.conformance.status_mutants import SaysSuccessInstead


class DoesNotSayWhoAskedForIt(Mutant):
    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name == "C-STORE-RQ" and link.opened_by_product:
            command = changed(command, MoveOriginatorApplicationEntityTitle=None, MoveOriginatorMessageID=None)
        return command, dataset


class Counts(Mutant):
    """A number of sub-operations otherwise, in final responses."""

    def __init__(self, keyword: str, value: int) -> None:
        self._keyword = keyword
        self._value = value

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name == "C-MOVE-RSP" and command.status != 0xFF00:
            command = changed(command, **{self._keyword: self._value})
        return command, dataset


class LeavesOutTheList(Mutant):
    """Of what failed."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name == "C-MOVE-RSP" and dataset is not None:
            return changed(command, CommandDataSetType=NO_DATA_SET), None
        return command, dataset


class SendsWhatWasNotAccepted(AcceptsOtherwise):
    """Takes every context for accepted, in explicit VR."""

    to_product = True

    def answer(self, accept: AssociateAccept) -> AssociateAccept:
        contexts = tuple(ContextResult(one.context_id, 0, EXPLICIT) for one in accept.contexts)
        return replace(accept, contexts=contexts)


MUTANTS = {
    "dicom.qr.move.1": [DoesNotSayWhoAskedForIt(), Counts("NumberOfCompletedSuboperations", 0)],
    "dicom.qr.move.2": SaysSuccessInstead("C-MOVE-RSP", 0xA801),
    "dicom.qr.move.3": [SaysSuccessInstead("C-MOVE-RSP", 0xB000), LeavesOutTheList()],
    "dicom.qr.move.4": SendsWhatWasNotAccepted(),
    "dicom.qr.move.5": [Counts("NumberOfRemainingSuboperations", 0), SaysSuccessInstead("C-MOVE-RSP", 0xFE00)],
    "dicom.qr.move.6": Counts("NumberOfFailedSuboperations", 1),
}

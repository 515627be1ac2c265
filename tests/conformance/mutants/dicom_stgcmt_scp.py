"""Archives that cases dicom.stgcmt.scp.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from emulators.wire.pdu import ASSOCIATE_RQ
from tests.conformance.data_set_mutants import ChangesDataSets
from tests.conformance.mangler import Link, Message, Mutant, Quirk, changed, framed
from tests.conformance.status_mutants import EVERY, AnswersOtherwise

COMMITMENT_ROLE = b"\x00\x141.2.840.10008.1.20.1"  # of sub-item 54H: length and SOP class; two bytes of roles follow


def _rename_transaction(event: Dataset) -> None:
    event.TransactionUID = event.TransactionUID[:-1] + ("2" if event.TransactionUID[-1] == "1" else "1")


class NamesAnotherTransaction(ChangesDataSets):
    def __init__(self) -> None:
        super().__init__("N-EVENT-REPORT-RQ", _rename_transaction)


def _commit_what_failed(event: Dataset) -> None:
    if "ReferencedSOPSequence" not in event:
        event.ReferencedSOPSequence = event.FailedSOPSequence


class CommitsWhatItLacksWhereItHasNothing(ChangesDataSets):
    """What failed is in both lists, where nothing is safe."""

    def __init__(self) -> None:
        super().__init__("N-EVENT-REPORT-RQ", _commit_what_failed)


class SaysThatAllIsSafe(Mutant):
    """Event type 1 before the list of what failed: who goes by the type deletes it."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        return (changed(command, EventTypeID=1) if command.name == "N-EVENT-REPORT-RQ" else command), dataset


class ProposesNoRole(Mutant):
    """The new association for the result says that its requestor is SCU."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == ASSOCIATE_RQ and link.opened_by_product:
            body = body.replace(COMMITMENT_ROLE + b"\x00\x01", COMMITMENT_ROLE + b"\x01\x00")
        return framed(pdu_type, body)


class TakesEveryAnswerForYes(AnswersOtherwise):
    """What the SCU says to the result is not looked at."""

    variant = "processing-failure"

    def __init__(self) -> None:
        super().__init__("N-EVENT-REPORT-RSP", EVERY, 0x0000, to_product=True)


MUTANTS = {
    "dicom.stgcmt.scp.1": [Quirk(("never_commits",)), NamesAnotherTransaction()],
    "dicom.stgcmt.scp.2": [Quirk(("commits_what_it_lacks",)), CommitsWhatItLacksWhereItHasNothing()],
    "dicom.stgcmt.scp.3": [Quirk(("commits_what_it_lacks",)), SaysThatAllIsSafe()],
    "dicom.stgcmt.scp.4": ProposesNoRole(),
    "dicom.stgcmt.scp.5": TakesEveryAnswerForYes(),
    "dicom.stgcmt.scp.6": Quirk(("commits_what_it_lacks",)),
}

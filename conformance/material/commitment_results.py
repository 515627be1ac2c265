"""Results of storage commitment requests (PS3.4 J.3.3), as an archive reports them."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.material.documents import item
from conformance.peers.conversation import Conversation, Received
from emulators.wire import commands

COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
NO_SUCH_INSTANCE = 0x0112


def references(dataset: Dataset, keyword: str = "ReferencedSOPSequence") -> list[tuple[str, str]]:
    """SOP class and instance UIDs."""
    return [(str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID)) for one in dataset.get(keyword) or []]


def commitment_result(request: Received, committed: Sequence[tuple[str, str]], transaction: str = "") -> tuple[int, Dataset]:
    """Event type and event information for a request; what is asked for and not ``committed`` has failed."""
    asked = request.dataset
    failed = [one for one in references(asked) if one not in committed]
    result = item(TransactionUID=transaction or asked.TransactionUID)
    if committed:
        result.ReferencedSOPSequence = [_reference(*one) for one in committed]
    if failed:
        result.FailedSOPSequence = [item(_reference(*one), FailureReason=NO_SUCH_INSTANCE) for one in failed]
    return (2 if failed else 1), result


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=sop_instance)


def send_result(conversation: Conversation, request: Received, committed: Sequence[tuple[str, str]]) -> None:
    """On the association of the request; the answer comes to whoever reads from it. Raises Ended."""
    event_type, result = commitment_result(request, committed)
    command = commands.n_event_report_rq(request.command.message_id, COMMITMENT, COMMITMENT_INSTANCE, event_type)
    conversation.send(request.context_id, command, result)

"""Storage commitment (PS3.4 Annex J): its UIDs and references, and the results that an archive reports (J.3.3)."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.material.items import item
from conformance.peers.conversation import Conversation, Received
from emulators.wire import commands

STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
WELL_KNOWN_INSTANCE = "1.2.840.10008.1.20.1.1"
ALL_SAFE, SOME_FAILED = 1, 2
"""Event Type IDs (J.3.3.1.1, J.3.3.1.2)."""
NO_SUCH_INSTANCE = 0x0112
"""A failure reason (PS3.3 C.14.1.1)."""

Reference = tuple[str, str]
"""SOP Class UID and SOP Instance UID."""


def reference(sop_class: str, sop_instance: str) -> Dataset:
    """An item of a Referenced SOP Sequence, or of another sequence of references."""
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=sop_instance)


def references(dataset: Dataset, keyword: str = "ReferencedSOPSequence") -> list[Reference]:
    """What a sequence refers to; a UID that an item lacks is empty."""
    return [
        (str(one.get("ReferencedSOPClassUID", "")), str(one.get("ReferencedSOPInstanceUID", "")))
        for one in dataset.get(keyword) or []
    ]


def commitment_result(request: Received, committed: Sequence[Reference], transaction: str = "") -> tuple[int, Dataset]:
    """Event type and event information for a request; what is asked for and not ``committed`` has failed."""
    asked = request.dataset
    failed = [one for one in references(asked) if one not in committed]
    result = item(TransactionUID=transaction or asked.TransactionUID)
    if committed:
        result.ReferencedSOPSequence = [reference(*one) for one in committed]
    if failed:
        result.FailedSOPSequence = [item(reference(*one), FailureReason=NO_SUCH_INSTANCE) for one in failed]
    return (SOME_FAILED if failed else ALL_SAFE), result


def send_result(conversation: Conversation, request: Received, committed: Sequence[Reference]) -> None:
    """On the association of the request; the answer comes to whoever reads from it. Raises Ended."""
    event_type, result = commitment_result(request, committed)
    command = commands.n_event_report_rq(request.command.message_id, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE, event_type)
    conversation.send(request.context_id, command, result)

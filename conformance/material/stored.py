"""What the storage cases share: to store an image, and to see that it is there as it was sent."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.material.archive_view import UNCOMPRESSED, ArchiveView
from conformance.material.differences import changed_elements
from conformance.peers.association import Association
from conformance.peers.conversation import Received
from conformance.trial import Trial
from emulators.wire.commands import c_store_rq


def is_warning(status: int) -> bool:
    """Bxxx: stored, with a deviation (PS3.4 Table B.2-1)."""
    return status >> 12 == 0xB


def is_taken(status: int) -> bool:
    """0000H or Bxxx: stored."""
    return status == 0 or is_warning(status)


def is_refusal(status: int) -> bool:
    """A9xx or Cxxx: does not match the SOP class, cannot be understood (PS3.4 Table B.2-1)."""
    return status >> 8 == 0xA9 or status >> 12 == 0xC


def sent_as(peer: Association, data: Dataset | bytes, sop_class: str, sop_instance: str) -> Received:
    """C-STORE whose command names a class and an instance of its own choice; the answer."""
    command = c_store_rq(peer.next_message_id(), sop_class, sop_instance)
    return peer.request_of(peer.context(sop_class), command, data)


def expect_stored(trial: Trial, image: Dataset, transfer_syntaxes: Sequence[str] = UNCOMPRESSED) -> None:
    """C-STORE on an association of its own; a warning is a deviation, all else a failure."""
    with trial.associate((str(image.SOPClassUID), transfer_syntaxes)) as peer:
        answer = peer.store(image)
        trial.expect(is_taken(answer.status), "0000H (or Bxxx)", answer.meaning, answer.records)
        trial.should(answer.status == 0, "0000H", answer.meaning, answer.records)


def expect_found(trial: Trial, *images: Dataset) -> None:
    """At IMAGE level, within the time that the product declares for its index."""
    found = ArchiveView(trial).comes_to_show(*images)
    trial.expect(found, f"found at IMAGE level within {trial.timers.index_s:g} s", "not found")


def expect_kept(trial: Trial, image: Dataset) -> None:
    """Found, and retrieved with every element and value as it was sent, but for what the product declares to coerce."""
    expect_found(trial, image)
    came = ArchiveView(trial).retrieved(image)
    changed = changed_elements(image, came, trial.target.policies.changed_in_store)
    trial.expect(not changed, "every element and value as it was sent", "; ".join(changed), came.records)

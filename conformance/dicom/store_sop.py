"""Storage of the declared SOP classes."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.images import Study
from conformance.material.sop_classes import SHORT_NAMES, UIDS
from conformance.target import RoleTarget
from conformance.trial import EXPLICIT, IMPLICIT, Trial


def claimed_classes(target: RoleTarget) -> Sequence[str]:
    """The storage SOP classes that are claimed and that the tester has an instance of, by their short names."""
    return tuple(SHORT_NAMES[uid] for uid in target.claims.sop_classes if uid in SHORT_NAMES)


def stored(trial: Trial, image: Dataset, *transfer_syntaxes: str) -> None:
    """C-STORE on an association of its own; a warning is a deviation, all else a failure."""
    sop_class = str(image.SOPClassUID)
    with trial.associate((sop_class, transfer_syntaxes or (EXPLICIT, IMPLICIT))) as peer:
        answer = peer.store(image)
        trial.expect(answer.status == 0 or answer.status >> 12 == 0xB, "0000H (or Bxxx)", answer.meaning, answer.records)
        trial.should(answer.status == 0, "0000H", answer.meaning, answer.records)


@case("dicom.store.sop.1", MUST, "pacs", "+", "PS3.4 B.2, B.5; PS3.2 7", READ, needs="storage", variants=claimed_classes)
def an_instance_of_each_declared_class_is_stored_found_and_retrieved(trial: Trial) -> None:
    """Each declared Storage SOP class is accepted, and the instance can be found at IMAGE level and retrieved."""
    image = Study(trial).image(UIDS[trial.variant])
    stored(trial, image)
    view = ArchiveView(trial)
    trial.expect(view.comes_to_show(image), f"found at IMAGE level within {trial.timers.index_s:g} s", "not found")
    came = view.retrieved(image)
    trial.expect_equal("SOP class of what comes back", came.command.sop_class_uid, UIDS[trial.variant], came.records)
    trial.expect_equal("SOP instance of what comes back", came.dataset.SOPInstanceUID, image.SOPInstanceUID, came.records)

"""Storage of the declared SOP classes."""

from collections.abc import Sequence

from conformance.case import MUST, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.images import Study
from conformance.material.sop_classes import SHORT_NAMES, UIDS
from conformance.material.stored import expect_found, expect_stored
from conformance.target import RoleTarget
from conformance.trial import Trial


def claimed_classes(target: RoleTarget) -> Sequence[str]:
    """The storage SOP classes that are claimed and that the tester has an instance of, by their short names."""
    return tuple(SHORT_NAMES[uid] for uid in target.claims.sop_classes if uid in SHORT_NAMES)


@case("dicom.store.sop.1", MUST, "pacs", "+", "PS3.4 B.2, B.5; PS3.2 7", READ, needs="storage", variants=claimed_classes)
def an_instance_of_each_declared_class_is_stored_found_and_retrieved(trial: Trial) -> None:
    """Each declared Storage SOP class is accepted, and the instance can be found at IMAGE level and retrieved."""
    image = Study(trial).image(UIDS[trial.variant])
    expect_stored(trial, image)
    expect_found(trial, image)
    came = ArchiveView(trial).retrieved(image)
    trial.expect_equal("SOP class of what comes back", came.command.sop_class_uid, UIDS[trial.variant], came.records)
    trial.expect_equal("SOP instance of what comes back", came.dataset.SOPInstanceUID, image.SOPInstanceUID, came.records)

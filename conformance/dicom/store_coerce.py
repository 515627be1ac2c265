"""Attributes that the archive changes in what it stores."""

from conformance.case import MUST, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.differences import changed_elements
from conformance.material.images import Study
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, is_taken
from conformance.trial import Trial
from conformance.verdict import Inconclusive, NotApplicable

COERCED = 0xB000


@case("dicom.store.coerce.1", MUST, "pacs", "+", "PS3.4 B.4.1.3, Table B.4-1, B.2.3; PS3.3 C.12.1", READ, needs="storage")
def changed_attributes_are_said_to_be_changed(trial: Trial) -> None:
    """When the SCP changes attributes it says so: status B000H and, in the stored object, Original Attributes Sequence."""
    image = Study(trial, IssuerOfPatientID=None, AccessionNumber="").image()
    with trial.associate(CT) as peer:
        answer = peer.store(image)
    with trial.beforehand("an image without issuer and accession number is stored and found"):
        trial.expect(is_taken(answer.status), "0000H or Bxxx", answer.meaning, answer.records)
        expect_found(trial, image)
    came = ArchiveView(trial).retrieved(image)
    changed = [one for one in changed_elements(image, came) if not one.startswith("(0400,0561)")]
    if not changed and not trial.target.policies.coercions:
        raise NotApplicable("it declares no coercion, and nothing was changed")
    if not changed:
        declared = ", ".join(trial.target.policies.coercions)
        raise Inconclusive(f"nothing was changed in an image without issuer and accession number; declared: {declared}")
    what = "; ".join(changed)
    trial.expect(answer.status == COERCED, f"B000H, since {what}", answer.meaning, answer.records)
    says_before = "OriginalAttributesSequence" in came.dataset
    trial.should(says_before, f"Original Attributes Sequence, since {what}", "none", came.records)

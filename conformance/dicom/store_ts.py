"""Transfer syntaxes in storage, and that what is stored comes back unchanged."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.codestreams import LOSSY, SHORT_NAMES, UIDS, in_transfer_syntax
from conformance.material.differences import changed_elements
from conformance.material.images import Study
from conformance.material.items import code, item
from conformance.material.sop_classes import SECONDARY_CAPTURE
from conformance.material.stored import expect_found, expect_stored
from conformance.peers.conversation import Received
from conformance.target import RoleTarget
from conformance.trial import IMPLICIT, Trial
from conformance.verdict import Inconclusive


def claimed_syntaxes(target: RoleTarget) -> Sequence[str]:
    """The transfer syntaxes that are claimed and that the tester can send, by their short names; implicit VR always."""
    claimed = {IMPLICIT, *target.claims.transfer_syntaxes}
    return tuple(name for uid, name in SHORT_NAMES.items() if uid in claimed)


def _image(trial: Trial) -> tuple[Dataset, str]:
    """An image in the variant's transfer syntax, and that."""
    claimed = trial.target.claims.sop_classes
    trial.needs(not claimed or SECONDARY_CAPTURE in claimed, "Secondary Capture Image Storage, the class of these images")
    syntax = UIDS[trial.variant]
    return in_transfer_syntax(Study(trial).image(SECONDARY_CAPTURE), syntax), syntax


def _stored_and_back(trial: Trial, image: Dataset, syntax: str) -> Received:
    """Stored in this transfer syntax and retrieved in no other."""
    expect_stored(trial, image, (syntax,))
    expect_found(trial, image)
    came = ArchiveView(trial).retrieved(image, (syntax,))
    trial.expect_equal("transfer syntax of what comes back", came.transfer_syntax, syntax, came.records)
    return came


@case("dicom.store.ts.1", MUST, "pacs", "+", "PS3.5 10.1, A; PS3.4 B.5", READ, needs="storage", variants=claimed_syntaxes)
def an_image_is_stored_and_retrieved_in_each_declared_transfer_syntax(trial: Trial) -> None:
    """Each declared transfer syntax is stored and can be retrieved in the same one; Implicit VR LE always works."""
    image, syntax = _image(trial)
    came = _stored_and_back(trial, image, syntax)
    pixels = came.dataset.get("PixelData", b"")
    trial.expect(pixels == image.PixelData, "pixel data (7FE0,0010) as they were sent", "other pixel data", came.records)


@case(
    "dicom.store.ts.2",
    MUST,
    "pacs",
    "+",
    "PS3.4 B.4.1.1 (level 2); PS3.5 7.5",
    READ,
    needs="storage",
    variants=claimed_syntaxes,
)
def stored_data_is_not_changed(trial: Trial) -> None:
    """Lossless stays bit-exact, lossy is not recompressed, undefined-length and empty sequences keep their meaning."""
    image, syntax = _image(trial)
    image.RequestAttributesSequence = [item(RequestedProcedureID="R1", ScheduledProtocolCodeSequence=[code("1", "99R", "one")])]
    image.ReferencedImageSequence = []
    image.ProcedureCodeSequence = [code("2", "99R", "two"), code("3", "99R", "three")]
    for keyword in ("RequestAttributesSequence", "ProcedureCodeSequence"):
        image[keyword].is_undefined_length = True
        for one in image[keyword].value:
            one.is_undefined_length_sequence_item = True
    came = _stored_and_back(trial, image, syntax)
    changed = changed_elements(image, came, trial.target.policies.changed_in_store)
    if changed == ["(7FE0,0010) has another value"] and trial.variant not in (*LOSSY, "implicit", "explicit", "big-endian"):
        raise Inconclusive("the pixels are compressed anew; whether without loss, the tester cannot tell")
    trial.expect(not changed, "the data set as it was sent", "; ".join(changed), came.records)

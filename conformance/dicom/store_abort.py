"""Transfers that break off, and answers that are lost."""

from collections.abc import Mapping

from pydicom.dataset import Dataset

from conformance.case import MUST, NO_CLAUSE, OPINION, READ, case
from conformance.material.archive_view import ArchiveView
from conformance.material.images import Study
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, is_taken
from conformance.material.work import pixels
from conformance.peers.association import Association
from conformance.trial import Trial
from emulators.wire.commands import c_store_rq

PDU_BYTES, PIXEL_BYTES = 256, 8192
"""So that the pixels are under way when a transfer breaks off, and all that an index needs has come."""
ENDINGS = ("A-ABORT", "FIN", "RST", "silence")


def begun(trial: Trial, image: Dataset) -> Association:
    """An association on which 60 % of the fragments of a C-STORE have gone."""
    peer = trial.associate(CT)
    pdus = peer.pdus(peer.context(CT), c_store_rq(1, CT, str(image.SOPInstanceUID)), image, PDU_BYTES)
    peer.stream.send(b"".join(pdus[: len(pdus) * 6 // 10]))
    return peer


def broken_off(trial: Trial, image: Dataset, how: str) -> None:
    """60 % of the fragments, then an end; after silence the association stays as it is until the case is over."""
    peer = begun(trial, image)
    endings = {"A-ABORT": peer.abort, "FIN": peer.give_up, "RST": peer.reset}
    if how in endings:
        endings[how]()


@case(
    "dicom.store.abort.1",
    MUST,
    "pacs",
    "-",
    "PS3.7 9.1.1.2; PS3.8 7.3.2",
    READ,
    safety=True,
    needs="storage",
    waits=True,
    slow=True,
)
def an_object_whose_transfer_broke_off_does_not_exist(trial: Trial) -> None:
    """An object whose transfer was aborted, by A-ABORT, FIN, RST or silence, does not exist afterwards; sent again it does."""
    study = Study(trial)
    good = study.image()
    broken = {how: study.image(**pixels(trial, PIXEL_BYTES)) for how in ENDINGS}
    for how, image in broken.items():
        broken_off(trial, image, how)
    with trial.associate(CT) as peer:
        peer.store_all([good])
    with trial.beforehand("a good image of the study is found"):
        expect_found(trial, good)
    trial.eventually(lambda: bool(_found(trial, study, broken)), trial.timers.index_s)
    found = _found(trial, study, broken)
    trial.expect(not found, "nothing but the good image is found", f"found after {', '.join(found)}")
    with trial.associate(CT) as peer:
        for how, image in broken.items():
            answer = peer.store(image)
            trial.expect(is_taken(answer.status), f"sent again after {how}: 0000H", answer.meaning, answer.records)
    expect_found(trial, *broken.values())


def _found(trial: Trial, study: Study, broken: Mapping[str, Dataset]) -> list[str]:
    shown = ArchiveView(trial).instances(study.uid, study.patient_id)
    return [how for how, image in broken.items() if image.SOPInstanceUID in shown]


@case("dicom.store.abort.2", OPINION, "pacs", "-", "", NO_CLAUSE, needs="storage")
def sending_again_after_a_lost_response_makes_no_second_instance(trial: Trial) -> None:
    """When the response is lost, sending again is answered with 0000H (or a warning), and there is exactly one instance."""
    study = Study(trial)
    image = study.image()
    with trial.associate(CT) as peer:
        peer.send(peer.context(CT), c_store_rq(1, CT, str(image.SOPInstanceUID)), image)
        peer.receive()  # it is on its way to a sender that is no more there
        peer.reset()
    with trial.associate(CT) as peer:
        answer = peer.store(image)
        trial.expect(is_taken(answer.status), "0000H or Bxxx", answer.meaning, answer.records)
    expect_once(trial, study, image)


def expect_once(trial: Trial, study: Study, image: Dataset) -> None:
    """One instance at IMAGE level, and in the counter of the study where that is supported (PS3.4 C.3.4)."""
    expect_found(trial, image)
    view = ArchiveView(trial)
    shown = view.instances(study.uid, study.patient_id)
    trial.expect(shown == [image.SOPInstanceUID], "the instance once", f"{len(shown)} instances")
    found = view.study(study.uid, study.patient_id, "NumberOfStudyRelatedInstances")
    count = "" if found is None else str(found.get("NumberOfStudyRelatedInstances", ""))
    trial.expect(count in ("", "1"), "Number of Study Related Instances: 1 (or not supported)", count)

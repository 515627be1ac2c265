"""C-GET, and queries at an archive that is busy."""

import time
from collections.abc import Callable, Sequence

from pydicom.dataset import Dataset

from conformance.case import MUST, NO_CLAUSE, OPINION, READ, case
from conformance.material.archive import SR, store
from conformance.material.at_once import at_once
from conformance.material.images import Study
from conformance.material.query_models import MODELS, identifier, models
from conformance.material.sop_classes import CT
from conformance.peers.acceptor import scp_role
from conformance.trial import Trial
from emulators.wire import commands


@case(
    "dicom.qr.get.1",
    MUST,
    "pacs",
    "+",
    "PS3.4 C.4.3, C.5.3; PS3.7 D.3.3.4",
    READ,
    needs=("storage", "query", "get"),
    variants=models,
)
def get_brings_what_has_a_context_and_counts_the_rest_as_failed(trial: Trial) -> None:
    """C-GET works with role selection on the same association; objects without an accepted context count as failed."""
    study, model = Study(trial), MODELS[trial.variant]
    images, reports = study.images(3), study.images(1, SR, 2)
    store(trial, [*images, *reports])
    above = {"PatientID": study.patient_id} if "PATIENT" in model.levels else {}
    with trial.associate(model.get, CT, roles=[scp_role(CT)]) as peer:
        retrieved = peer.get(model.get, identifier("STUDY", **above, StudyInstanceUID=study.uid))
    came = sorted(one.command.text("AffectedSOPInstanceUID") for one in retrieved.stored)
    trial.expect(came == sorted(str(one.SOPInstanceUID) for one in images), "the CT images, each once", f"{len(came)} objects")
    final = retrieved.final
    trial.expect_equal("final status", f"{final.status:04X}H", "B000H", final.records)
    numbers = [final.command.elements.get(f"NumberOf{kind}Suboperations") for kind in ("Completed", "Failed")]
    trial.expect_equal("completed and failed", numbers, [len(images), len(reports)], final.records)


SECONDS, SENDERS, IMAGES_PER_SECOND, MOVERS = 3.0, 4, 10, 2


@case("dicom.qr.model.1", OPINION, "pacs", "+", "none (capacity)", NO_CLAUSE, needs=("storage", "query", "move"), slow=True)
def queries_are_answered_while_images_come_and_go(trial: Trial) -> None:
    """An archive keeps answering C-FIND fast while it receives and sends (declared figures)."""
    moved = Study(trial)
    store(trial, moved.images(20))
    sent = [Study(trial).images(int(SECONDS * IMAGES_PER_SECOND)) for _ in range(SENDERS)]
    until = time.monotonic() + SECONDS
    seconds: list[float] = []
    jobs: list[Callable[[], None]] = [lambda images=images: _send(trial, images) for images in sent]  # type: ignore[misc]
    jobs += [lambda: _move(trial, moved, until)] * MOVERS
    jobs.append(lambda: seconds.extend(_first_answers(trial, moved, until)))
    at_once(jobs, "busy-archive")
    trial.expect(bool(seconds), f"queries answered within {SECONDS:g} s", "none")
    slow = sorted(seconds)[len(seconds) * 95 // 100]
    limit = trial.timers.query_s
    trial.expect(slow <= limit, f"95 of 100 first responses within {limit:g} s", f"within {slow:.2f} s")


def _send(trial: Trial, images: Sequence[Dataset]) -> None:
    """Images at a steady pace. Raises Failure where one is not stored."""
    with trial.associate(CT) as peer:
        for image in images:
            begun = time.monotonic()
            answer = peer.store(image)
            trial.expect_equal("status of a C-STORE", answer.meaning, "0000H success", answer.records)
            time.sleep(max(0.0, begun + 1 / IMAGES_PER_SECOND - time.monotonic()))


def _move(trial: Trial, study: Study, until: float) -> None:
    model, workstation = MODELS[models(trial.target)[0]], trial.peer("workstation").title
    above = {"PatientID": study.patient_id} if "PATIENT" in model.levels else {}
    with trial.associate(model.move) as peer:
        while time.monotonic() < until:
            keys = identifier("STUDY", **above, StudyInstanceUID=study.uid)
            final = peer.move(model.move, keys, workstation).final
            trial.expect_equal("status of a C-MOVE", final.meaning, "0000H success", final.records)


def _first_answers(trial: Trial, study: Study, until: float) -> list[float]:
    """The seconds from each query to its first response."""
    model = MODELS[models(trial.target)[0]]
    keys = identifier("STUDY", ("StudyInstanceUID",), PatientID=study.patient_id)
    seconds: list[float] = []
    with trial.associate(model.find) as peer:
        while time.monotonic() < until:
            command = commands.c_find_rq(peer.next_message_id(), model.find)
            begun = time.monotonic()
            peer.send(peer.context(model.find), command, keys)
            answer = peer.answer_to(command)
            seconds.append(time.monotonic() - begun)
            trial.expect(answer.status in (0xFF00, 0xFF01), "the study is found", answer.meaning, answer.records)
            while answer.status in (0xFF00, 0xFF01):
                answer = peer.answer_to(command)
            time.sleep(0.02)
    return seconds

"""Orthanc: verified, filled, asked and made to move by our sending ends; and in the place of our PACS for one exam."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulators.codecs.dicom.uids import IMPLICIT_VR_LITTLE_ENDIAN
from emulators.core.instant import SECOND
from emulators.kernel import Kernel
from emulators.messages.attributes import of
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS, PersonName
from emulators.messages.imaging import StoreResult
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, Move, MoveResult
from emulators.ports.sockets import LOOPBACK
from emulators.site import Route
from emulators.wire.commands import VERIFICATION, c_echo_rq
from sim.world.people import Case
from sim.world.waiting import Process
from tests.peers.products import ORTHANC, free_port, orthanc, run
from tests.peers.senders import OURS, Receiver, Sender, association, data_sets, earlier_study, study, visit
from tests.peers.served import RECORD_LIMIT_S, Product, ServedClinic

pytestmark = pytest.mark.peer

STUDY = study("CT", 3)


@contextmanager
def orthanc_and_us(folder: Path) -> Iterator[tuple[int, Sender, Receiver]]:
    """Orthanc's port, our sender towards it, and our receiver that it knows as a modality."""
    port = free_port()
    (folder / "theirs").mkdir()
    with Receiver(folder / "ours") as receiver, orthanc(folder / "theirs", port, {OURS: receiver.port}):
        yield port, Sender(port, ORTHANC), receiver


def test_orthanc_stores_finds_moves_and_commits_what_we_sent(tmp_path: Path) -> None:
    """One test, because Orthanc takes a second to start."""
    with orthanc_and_us(tmp_path) as (port, sender, receiver):
        with association(port, ORTHANC, [(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])]) as ours:
            ours.send(ours.context_for(VERIFICATION).context_id, c_echo_rq(1))
            answer = ours.receive()
            assert answer is not None
            assert answer.command.status == 0x0000
        run("echoscu", "-aec", OURS, LOOPBACK, receiver.port)

        assert sender.ask(STUDY) == StoreResult(stored=STUDY.instances)
        assert sender.ask(STUDY) == StoreResult(stored=STUDY.instances)  # again: Orthanc keeps the first

        header = STUDY.header
        asked = ("StudyInstanceUID", "AccessionNumber", "PatientName", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
        keys = of(dict.fromkeys(asked, ""))
        (match,) = sender.ask(Find(keys.with_values({"PatientID": header.patient.patient_id}))).matches
        assert [match.text(keyword) for keyword in asked] == [
            header.study_instance_uid,
            header.accession_number,
            header.patient.name.pn,
            "CT",
            "3",
        ]
        assert sender.ask(Find(keys.with_values({"PatientID": "NOBODY"}))).matches == ()

        moved = sender.ask(Move(of({"StudyInstanceUID": header.study_instance_uid}), destination=OURS))
        assert moved == MoveResult(completed=3, failed=0, warned=0)
        assert receiver.stored(STUDY) == data_sets(STUDY)

        one_more = InstanceSet(STUDY.series_instance_uid, 1, 4)  # the fourth has not been stored
        assert sender.ask(CommitRequest("2.25.61", (Referenced(STUDY.sop_class_uid, one_more),))) == SUCCESS
        result = receiver.next(CommitResult)
        assert (result.transaction_uid, set(result.committed_instances)) == ("2.25.61", set(STUDY.instances))
        assert [uid for part in result.failed for uid in part.instances] == [f"{STUDY.series_instance_uid}.4"]


@contextmanager
def clinic_with_orthanc(folder: Path) -> Iterator[tuple[ServedClinic, int]]:
    """The clinic, not started yet, in which CT1 and the workstation have Orthanc for their archive, and Orthanc's port."""
    port = free_port()
    archive = Product(ORTHANC, port)
    routes = [Route("ct1", "pacs", "store"), Route("ct1", "pacs", "commitment")]
    routes += [Route("workstation", "pacs", "query"), Route("workstation", "pacs", "retrieve")]
    clinic = ServedClinic(folder / "clinic", dict.fromkeys(routes, archive))
    (folder / "theirs").mkdir()
    modalities = {clinic.ae_title(system): clinic.address(system)[1] for system in ("ct1", "workstation")}
    try:
        with orthanc(folder / "theirs", port, modalities):
            yield clinic, port
    finally:
        clinic.close()


def exam(kernel: Kernel, case: Case) -> Process:
    """Order, scan and open the CT of a visit, three images; each step waits for the system that it depends on."""
    limit_us = round(RECORD_LIMIT_S * SECOND)
    order = case.order(case.exams[0], "20260302000000")
    identity = {"patient": case.patient, "visit": case.visit}
    scheduled = kernel.expect("procedure scheduled", order.placer_order_number, limit_us)
    kernel.stimulate("ehr", "register", {"subject": case.patient.patient_id, **identity})
    kernel.stimulate("ehr", "place order", {"subject": order.placer_order_number, **identity, "orders": (order,)})
    accession = (yield scheduled)["accession"]

    started = kernel.expect("exam started", accession, limit_us)
    kernel.stimulate("ct1", "patient on table", {"subject": accession, "modality": "CT"})
    yield started

    committed = kernel.expect("study committed", accession, limit_us)
    listed = kernel.expect("study listed", accession, limit_us)
    kernel.stimulate("ct1", "images acquired", {"subject": accession, "instances": 3})
    yield committed & listed
    kernel.stimulate("workstation", "open study", {"subject": accession, "reader": PersonName("Reed", "Ray")})


def test_an_exam_with_orthanc_in_the_place_of_our_pacs(tmp_path: Path) -> None:
    case = visit("CT")
    prior = earlier_study(case, 2)
    with clinic_with_orthanc(tmp_path) as (clinic, port):
        assert Sender(port, ORTHANC).ask(prior) == StoreResult(stored=prior.instances)
        clinic.environment.process(exam(clinic.kernel, case))
        clinic.start()
        committed = clinic.wait_for(record="note", system="ct1", name="study committed")
        assert committed["instances"] == 3
        opened = clinic.wait_for(record="note", system="workstation", name="study opened")
        assert (opened["subject"], opened["priors"]) == (committed["subject"], 1)
        archive = clinic.carriers.archives["workstation"]
        assert sorted(study.instance_count for study in archive.studies(patient_id=case.patient.patient_id)) == [2, 3]
        (row,) = archive.studies(accession_number=committed["subject"])
        assert (row.patient_id, row.modalities) == (case.patient.patient_id, ("CT",))

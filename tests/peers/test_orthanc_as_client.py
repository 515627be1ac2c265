"""Orthanc is the client: it verifies our systems, stores into our PACS, asks it, has studies moved to it, asks for commitment,
and reads our worklist."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from emulators.messages.adt import RegisterPatient
from emulators.messages.common import Patient
from emulators.messages.orders import PlaceOrder
from emulators.ports.sockets import LOOPBACK
from emulators.site import Route
from sim.world.people import Case
from tests.peers.products import START_LIMIT_S, free_port, orthanc
from tests.peers.senders import Sender, data_sets, study, visit, write_files
from tests.peers.served import Product, ServedClinic, clinic_scenario, send_hl7
from tests.serving.hl7 import message_of

pytestmark = pytest.mark.peer

ULTRASOUND = study("US", 3)
CT = study("CT", 2)


class Rest:
    """Orthanc's REST interface, ready."""

    def __init__(self, port: int) -> None:
        self._root = f"http://{LOOPBACK}:{port}"
        end_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end_s:
            with suppress(OSError):
                self.get("/system")
                return
        pytest.fail("Orthanc's REST interface does not answer")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self._root + path, timeout=START_LIMIT_S) as answer:
            return json.load(answer)

    def post(self, path: str, content: Any) -> Any:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        with urllib.request.urlopen(self._root + path, data, START_LIMIT_S) as answer:
            return json.load(answer)


@contextmanager
def orthanc_in_the_place_of(system: str, folder: Path) -> Iterator[tuple[ServedClinic, Rest]]:
    """The clinic, in which what our PACS sends to ``system`` goes to Orthanc, which has its AE title."""
    port, http_port = free_port(), free_port()
    (folder / "theirs").mkdir()
    routes = [Route("pacs", system, lane) for lane in ("store", "commitment")]
    title = clinic_scenario().site.ae_title_of[system]
    clinic = ServedClinic(folder / "clinic", dict.fromkeys(routes, Product(title, port)))
    modalities = {clinic.ae_title(name): clinic.address(name)[1] for name in ("ris", "pacs", "workstation", "ct1")}
    clinic.start()
    try:
        with orthanc(folder / "theirs", port, modalities, http_port, title):
            yield clinic, Rest(http_port)
    finally:
        clinic.close()


def upload(rest: Rest, folder: Path) -> list[str]:
    """Give Orthanc the images of ULTRASOUND; its own names for them."""
    folder.mkdir()
    write_files(folder, ULTRASOUND)
    return [rest.post("/instances", path.read_bytes())["ID"] for path in sorted(folder.iterdir())]


def archived(clinic: ServedClinic) -> dict[str, bytes]:
    archive = clinic.carriers.archives["pacs"]
    rows = archive.instances(ULTRASOUND.header.study_instance_uid)
    return {row.sop_instance_uid: bytes(archive.open_dataset(row)) for row in rows}


def test_orthanc_stores_into_our_pacs_and_is_told_of_its_commitment(tmp_path: Path) -> None:
    """In the place of a scanner."""
    with orthanc_in_the_place_of("us1", tmp_path) as (clinic, rest):
        for modality in ("radris", "radpacs", "radws", "ct1"):
            assert rest.post(f"/modalities/{modality}/echo", {}) == {}
        instances = upload(rest, tmp_path / "images")
        sent = rest.post("/modalities/radpacs/store", {"Resources": instances, "Synchronous": True})
        assert (sent["InstancesCount"], sent["FailedInstancesCount"]) == (3, 0)
        clinic.wait_for(record="stored", system="pacs", study=ULTRASOUND.header.study_instance_uid, instances=3)
        assert archived(clinic) == data_sets(ULTRASOUND)

        asked = rest.post("/modalities/radpacs/storage-commitment", {"Resources": instances})
        clinic.wait_for(record="exchange", sender="pacs", receiver="us1", message="CommitResult", answer="0000H")
        report = rest.get(f"/storage-commitment/{asked['ID']}")
        assert report["Status"] == "Success"
        assert {instance["SOPInstanceUID"] for instance in report["Success"]} == set(ULTRASOUND.instances)

        other = {"DicomInstances": [{"SOPClassUID": ULTRASOUND.sop_class_uid, "SOPInstanceUID": "2.25.99"}]}
        asked = rest.post("/modalities/radpacs/storage-commitment", other)
        clinic.wait_for(record="exchange", message="CommitResult", answer="0000H", transaction=asked["ID"])
        report = rest.get(f"/storage-commitment/{asked['ID']}")
        assert (report["Status"], [instance["SOPInstanceUID"] for instance in report["Failures"]]) == ("Failure", ["2.25.99"])


def test_orthanc_finds_in_our_pacs_and_has_it_moved(tmp_path: Path) -> None:
    """In the place of the workstation."""
    with orthanc_in_the_place_of("workstation", tmp_path) as (clinic, rest):
        pacs = Sender(clinic.address("pacs")[1], "RADPACS", "CT1")
        for store in (ULTRASOUND, CT):
            pacs.ask(store)
            clinic.wait_for(record="stored", system="pacs", study=store.header.study_instance_uid)

        header = ULTRASOUND.header
        wanted = {"PatientID": header.patient.patient_id, "AccessionNumber": "", "ModalitiesInStudy": "", "PatientName": ""}
        asked = rest.post("/modalities/radpacs/query", {"Level": "Study", "Query": wanted})
        assert rest.get(f"/queries/{asked['ID']}/answers") == ["0"]
        found = rest.get(f"/queries/{asked['ID']}/answers/0/content?simplify")
        assert (found["AccessionNumber"], found["ModalitiesInStudy"]) == (header.accession_number, "US")
        assert found["PatientName"] == header.patient.name.pn

        below = {"StudyInstanceUID": header.study_instance_uid}
        series = rest.post("/modalities/radpacs/query", {"Level": "Series", "Query": below})
        assert rest.get(f"/queries/{series['ID']}/answers") == ["0"]

        rest.post(f"/queries/{asked['ID']}/answers/0/retrieve", {"TargetAet": "RADWS", "Synchronous": True})
        held = {instance["MainDicomTags"]["SOPInstanceUID"] for instance in rest.get("/instances?expand")}
        assert held == set(ULTRASOUND.instances)


def order(clinic: ServedClinic, case: Case) -> tuple[Patient, str]:
    """Register a patient and place an order at the engine; the patient and the accession number."""
    placed = case.order(case.exams[0], "20260302083000")
    stamped = "20260302080000"
    for message in (
        RegisterPatient("DOOR-A04", stamped, case.patient, case.visit),
        PlaceOrder("DOOR-NW", stamped, case.patient, case.visit, (placed,)),
    ):
        assert b"MSA|AA|" in send_hl7(clinic.carriers.hl7["engine"].address, message_of(message, "EHR"))
    scheduled = clinic.wait_for(record="note", system="ris", name="procedure scheduled", subject=placed.placer_order_number)
    return case.patient, scheduled["accession"]


def test_orthanc_reads_our_worklist(tmp_path: Path) -> None:
    with orthanc_in_the_place_of("ct1", tmp_path) as (clinic, rest):
        patient, accession = order(clinic, visit("CT"))
        step = {"ScheduledStationAETitle": "CT1", "Modality": "CT", "ScheduledProcedureStepID": ""}
        keys = {"PatientID": "", "PatientName": "", "AccessionNumber": "", "ScheduledProcedureStepSequence": [step]}
        (item,) = rest.post("/modalities/radris/find-worklist", {"Query": keys, "Short": False})
        assert item["PatientID"] == patient.patient_id
        assert item["PatientName"] == patient.name.pn
        assert item["AccessionNumber"] == accession
        (scheduled,) = item["ScheduledProcedureStepSequence"]
        assert (scheduled["ScheduledStationAETitle"], scheduled["Modality"]) == ("CT1", "CT")
        step["Modality"] = "MR"
        assert rest.post("/modalities/radris/find-worklist", {"Query": keys}) == []

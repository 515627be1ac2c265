"""`radloop serve` for every kind of system: DCMTK or a plain MLLP client speaks to it, it is stopped or killed, started again,
and still knows what it knew. And all of them together are a hospital.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from datasets.procedures import procedures_by_modality
from emulators.control import ControlClient
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.orders import Order
from tests.actors.samples import ACCESSION, reading_list_entry
from tests.peers.products import run
from tests.peers.senders import study, write_files
from tests.serving.hl7 import message_of, send
from tests.serving.processes import NOTE_LIMIT_S, Served, free_ports, served, site_file

pytestmark = pytest.mark.peer

ULTRASOUND = study("US", 3)
PATIENT = Patient("M1", "RADLOOP", PersonName("Zwiebelfisch", "Jane"), "19700101", "F")
VISIT = Visit("V1", "O", "CLINIC", PersonName("Grey", "Ada"))
READER = PersonName("Moss", "Rita")


def order(placer: str = "P1", priority: str = "ROUTINE") -> Order:
    procedure = procedures_by_modality("CT")[0]
    code = Code(procedure.code, procedure.scheme, procedure.meaning)
    return Order(placer, code, "CT", procedure.body_part, priority, "", "Cough", PersonName("Grey", "Ada"))


# --- one system --------------------------------------------------------------------------------------------------------


def hl7(*segments: str) -> bytes:
    """A message as a plain client writes it."""
    return "".join(f"{segment}\r" for segment in segments).encode()


def header(sender: str, kind: str, control_id: str) -> str:
    return f"MSH|^~\\&|{sender}|CLINIC|ANY|CLINIC|20260302081500||{kind}|{control_id}|P|2.3.1"


def registered(sender: str, name: str = "Zwiebelfisch^Jane") -> bytes:
    evn, pid, pv1 = "EVN|A04|20260302081500", f"PID|||M1^^^RADLOOP||{name}||19700101|F", "PV1||O|CLINIC||||||||||||||||V1"
    return hl7(header(sender, "ADT^A04", "C1"), evn, pid, pv1)


def ordered() -> bytes:
    pid, pv1, orc = "PID|||M1^^^RADLOOP||Zwiebelfisch^Jane", "PV1||O|CLINIC||||||||||||||||V1", "ORC|NW|P1"
    obr = "OBR|1|P1||CT-HEAD^CT head^99RADLOOP||||||||||||Grey^Ada||||||||CT|||^^^20260302081500^^R"
    return hl7(header("ENGINE", "ORM^O01", "C2"), pid, pv1, orc, obr)


def status_of(placer: str, attempt: int) -> bytes:
    accession = f"A{placer}"
    orc = f"ORC|SC|{placer}|{accession}||IP"
    obr = f"OBR|1|{placer}|{accession}|CT-HEAD^CT head^99RADLOOP"
    return hl7(header("ENGINE", "ORM^O01", f"S{attempt}{placer}"), "PID|||M1^^^RADLOOP||Zwiebelfisch^Jane", orc, obr)


def store(served: Served, folder: Path, called: str, calling: str) -> None:
    """Store a study with storescu, and wait until the system has been told of it."""
    folder.mkdir(exist_ok=True)
    write_files(folder, ULTRASOUND)
    run("storescu", "-aet", calling, "-aec", called, "+sd", *served.address("dicom"), folder)
    while served.status()["events"] < 2:  # the header, and the batch when the association has ended
        pass


def found(served: Served, folder: Path, model: str, called: str, *keys: str) -> list[pydicom.Dataset]:
    """What findscu gets."""
    answers = folder / "answers"
    answers.mkdir(exist_ok=True)
    for old in answers.iterdir():
        old.unlink()
    arguments = [part for key in keys for part in ("-k", key)]
    run("findscu", model, "-aet", "CT1", "-aec", called, "-X", "-od", answers, *arguments, *served.address("dicom"))
    return [pydicom.dcmread(path, force=True) for path in sorted(answers.glob("rsp*.dcm"))]


def teach_ehr(ehr: Served, _folder: Path) -> None:
    ehr.stimulate("register", {"subject": "M1", "patient": PATIENT, "visit": VISIT})
    ehr.stimulate("place order", {"subject": "P1", "patient": PATIENT, "visit": VISIT, "orders": (order(),)})


def ehr_knows(ehr: Served, _folder: Path, attempt: int) -> None:
    assert send(ehr.address("mllp"), status_of("P1", attempt)).code == "AA"
    assert send(ehr.address("mllp"), status_of("P2", attempt)).summary == "AE 204 ORC-2"
    assert [(queue["to"], queue["depth"]) for queue in ehr.status()["queues"]] == [("engine", 1), ("engine", 1)]


def teach_engine(engine: Served, _folder: Path) -> None:
    assert send(engine.address("mllp"), registered("EHR")).code == "AA"


def engine_knows(engine: Served, _folder: Path, _attempt: int) -> None:
    assert send(engine.address("mllp"), registered("EHR")).code == "AA"
    assert send(engine.address("mllp"), registered("EHR", name="Roe^Jane")).summary == "AE 205 MSH-10"
    assert [(queue["to"], queue["depth"]) for queue in engine.status()["queues"]] == [("ris", 1), ("pacs", 1)]


def teach_ris(ris: Served, _folder: Path) -> None:
    assert send(ris.address("mllp"), registered("ENGINE")).code == "AA"
    assert send(ris.address("mllp"), ordered()).code == "AA"


def ris_knows(ris: Served, folder: Path, _attempt: int) -> None:
    step = "ScheduledProcedureStepSequence[0]."
    keys = "PatientName", "PatientBirthDate", f"{step}Modality=CT", f"{step}ScheduledStationAETitle"
    (item,) = found(ris, folder, "-W", "RADRIS", *keys)
    assert (str(item.PatientName), item.PatientBirthDate) == ("Zwiebelfisch^Jane", "19700101")
    assert item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT1"


def teach_pacs(pacs: Served, folder: Path) -> None:
    store(pacs, folder / "images", "RADPACS", "CT1")


def pacs_knows(pacs: Served, folder: Path, _attempt: int) -> None:
    uid = ULTRASOUND.header.study_instance_uid
    keys = "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={uid}", "NumberOfStudyRelatedInstances"
    (match,) = found(pacs, folder, "-S", "RADPACS", *keys)
    assert match.NumberOfStudyRelatedInstances == 3


def teach_workstation(workstation: Served, folder: Path) -> None:
    store(workstation, folder / "images", "RADWS", "RADPACS")
    assert send(workstation.address("mllp"), message_of(reading_list_entry(), "RIS")).code == "AA"


def workstation_knows(workstation: Served, _folder: Path, _attempt: int) -> None:
    run("echoscu", "-aet", "RADPACS", "-aec", "RADWS", *workstation.address("dicom"))
    signed = {"subject": ACCESSION, "status": "P", "text": "Unclear.", "reader": READER}
    assert workstation.stimulate("sign report", signed, until="report signed")["fields"]["status"] == "P"


def teach_modality(ct: Served, _folder: Path) -> None:
    typed = {"accession": "A1", "modality": "CT", "description": "CT head", "body_part": "HEAD"}
    assert ct.stimulate("start unscheduled", {"subject": "A1", "patient": PATIENT, **typed}, until="exam started")


def modality_knows(ct: Served, _folder: Path, attempt: int) -> None:
    run("echoscu", "-aet", "RADPACS", "-aec", "CT1", *ct.address("dicom"))
    if attempt == 2:
        ct.stimulate("images acquired", {"subject": "A1", "instances": 2})
        assert ("pacs", "StoreStudy") in [(queue["to"], queue["message"]) for queue in ct.status()["queues"]]


def teach_teleradiology(platform: Served, folder: Path) -> None:
    store(platform, folder / "images", "TELERAD", "RADPACS")


def teleradiology_knows(platform: Served, _folder: Path, _attempt: int) -> None:
    signed = {"subject": ULTRASOUND.header.study_instance_uid, "status": "P", "text": "Unclear.", "reader": READER}
    assert platform.stimulate("sign report", signed, until="report signed")["fields"]["status"] == "P"


@dataclass(frozen=True, slots=True)
class Role:
    """How to tell a system something, over the wire where it has one, and how to see that it knows."""

    system: str
    teach: Callable[[Served, Path], None]
    knows: Callable[[Served, Path, int], None]


ROLES = (
    Role("ehr", teach_ehr, ehr_knows),
    Role("engine", teach_engine, engine_knows),
    Role("ris", teach_ris, ris_knows),
    Role("pacs", teach_pacs, pacs_knows),
    Role("workstation", teach_workstation, workstation_knows),
    Role("ct1", teach_modality, modality_knows),
    Role("teleradiology", teach_teleradiology, teleradiology_knows),
)


ENDINGS = [(role, "stopped") for role in ROLES] + [(role, "killed") for role in ROLES if role.system in ("ris", "pacs")]


@pytest.mark.parametrize(("role", "ends"), ENDINGS, ids=[f"{role.system}-{ends}" for role, ends in ENDINGS])
def test_a_system_that_is_started_again_still_knows_what_it_knew(tmp_path: Path, role: Role, ends: str) -> None:
    site = site_file(tmp_path)
    with served(site, role.system) as first:
        role.teach(first, tmp_path)
        role.knows(first, tmp_path, 1)
        known = first.status()["events"]
        first.kill() if ends == "killed" else first.stop()
    with served(site, role.system) as again:
        assert again.events >= known
        role.knows(again, tmp_path, 2)
    logs = (tmp_path / f"{role.system}.log").read_text(encoding="utf-8")
    assert "Zwiebelfisch" not in logs
    assert "Traceback" not in logs


def test_a_stranger_is_rejected_unless_the_site_answers_strangers(tmp_path: Path) -> None:
    with served(site_file(tmp_path), "pacs") as pacs:
        printed = run("echoscu", "-aet", "NOBODY", "-aec", "RADPACS", *pacs.address("dicom"), exit_code=1)
        assert "Calling AE Title Not Recognized" in printed
        assert send(pacs.address("mllp"), registered("NOBODY")).summary == "AR 103 MSH-3"
    answers = {"[endpoints.pacs]\n": '[endpoints.pacs]\nstrangers = "answer"\n'}
    with served(site_file(tmp_path, changes=answers), "pacs") as pacs:
        run("echoscu", "-aet", "NOBODY", "-aec", "RADPACS", *pacs.address("dicom"))
        assert send(pacs.address("mllp"), registered("NOBODY")).code == "AA"


# --- all of them -------------------------------------------------------------------------------------------------------

SYSTEMS = tuple(role.system for role in ROLES)
LISTENING = {
    "mllp_port": ("ehr", "engine", "ris", "pacs", "workstation"),
    "dicom_port": ("ris", "pacs", "workstation", "ct1", "teleradiology"),
}


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[dict[str, Served]]:
    """Every system of one site file, in a process each."""
    keys = [f"{system}.{key}" for key, systems in LISTENING.items() for system in systems]
    site = site_file(tmp_path, dict(zip(keys, free_ports(len(keys)), strict=True)))
    with ExitStack() as started:
        systems = {system: Served(site, system) for system in SYSTEMS}
        for one in systems.values():
            started.callback(one.kill)
        for one in systems.values():
            assert one.said["serving"] == one.system
        yield systems
        for one in systems.values():
            one.stop()


def test_seven_processes_of_one_site_file_are_a_hospital(hospital: dict[str, Served], tmp_path: Path) -> None:
    ehr, ct, workstation = hospital["ehr"], hospital["ct1"], hospital["workstation"]
    ehr.stimulate("register", {"subject": "M1", "patient": PATIENT, "visit": VISIT})
    placed = {"subject": "P1", "patient": PATIENT, "visit": VISIT, "orders": (order(),)}
    accession = ehr.stimulate("place order", placed, until="order status")["fields"]["accession"]
    ct.stimulate("patient on table", {"subject": accession, "modality": "CT"}, until="exam started")
    with ControlClient(workstation.address("control")) as reading_room:  # whoever has given a stimulus hears the notes
        assert reading_room.stimulate("drop dead letter", {"subject": "none", "to": "ris"}) == ""
        ct.stimulate("images acquired", {"subject": accession, "instances": 3}, until="study committed")
        assert any(note["note"] == "study listed" for note in reading_room.notes(NOTE_LIMIT_S))
    workstation.stimulate("open study", {"subject": accession, "reader": READER}, until="study opened")
    with ControlClient(ehr.address("control")) as ward:
        assert ward.stimulate("drop dead letter", {"subject": "none", "to": "engine"}) == ""
        workstation.stimulate("sign report", {"subject": accession, "status": "F", "text": "No finding."})
        closed = next(note for note in ward.notes(NOTE_LIMIT_S) if note["note"] == "order closed")
    assert (closed["subject"], closed["fields"]["state"]) == ("P1", "reported")
    for one in hospital.values():
        assert "Zwiebelfisch" not in one.log.read_text(encoding="utf-8")

"""Orders come to our engine as a plain HL7 client sends them; DCMTK and pynetdicom ask our RIS for its worklist, and
pynetdicom tells it of performed steps."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    UltrasoundImageStorage,
    Verification,
)

from datasets.procedures import procedure_by_code
from emulators.messages.instance_set import InstanceSet
from tests.peers.products import run
from tests.peers.pynetdicom_ends import requestor
from tests.peers.served import ServedClinic, send_hl7

pytestmark = pytest.mark.peer

REGISTRATION = r"""MSH|^~\&|EHR|CLINIC|ENGINE|CLINIC|20260302081500||ADT^A04^ADT_A01|DOOR-A04-{mrn}|P|2.5.1
EVN|A04|20260302081500
PID|1||{mrn}^^^RADLOOP^MR||{family}^Jane^Q||19700228|F
PV1|1|O|CLINIC|||||H1^House^Greg|||||||||||V-{mrn}"""

ORDER = r"""MSH|^~\&|EHR|CLINIC|ENGINE|CLINIC|20260302081600||ORM^O01^ORM_O01|DOOR-NW-{placer}|P|2.5.1
PID|1||{mrn}^^^RADLOOP^MR||{family}^Jane^Q||19700228|F
PV1|1|O|CLINIC|||||H1^House^Greg|||||||||||V-{mrn}
ORC|NW|{placer}|||||^^^20260302083000^^S||20260302081600|||W1^Who^Meredith
OBR|1|{placer}||{code}^{meaning}^99RADLOOP||20260302083000|||||||||^^^{body_part}|W1^Who^Meredith||||||||{modality}|||^^^20260302083000^^S||||^Fall"""

STEP = "ScheduledProcedureStepSequence[0]"

# What a scanner sends: its station and a day to match, and the attributes that it wants back.
SCANNER_KEYS = (
    f"{STEP}.ScheduledStationAETitle=CT1",
    f"{STEP}.ScheduledProcedureStepStartDate=20260301-20260302",
    f"{STEP}.ScheduledProcedureStepStartTime",
    f"{STEP}.Modality=CT",
    f"{STEP}.ScheduledProcedureStepID",
    f"{STEP}.ScheduledProcedureStepDescription",
    f"{STEP}.ScheduledProtocolCodeSequence[0].CodeValue",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyInstanceUID",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence[0].CodeValue",
    "ReferringPhysicianName",
    "RequestingPhysician",
    "AdmissionID",
    "RequestedProcedurePriority",
    "PlacerOrderNumberImagingServiceRequest",
)


def hl7(text: str, **values: str) -> bytes:
    return text.format(**values).replace("\n", "\r").encode() + b"\r"


def order(clinic: ServedClinic, number: int, code: str = "CT-HEAD") -> dict[str, str]:
    """Register a patient and place an order through the front door; what the RIS scheduled."""
    procedure = procedure_by_code(code)
    values = {
        "mrn": f"DOOR{number}",
        "placer": f"PLACER{number}",
        "family": f"Doe{number}",
        "code": code,
        "meaning": procedure.meaning,
        "modality": procedure.modality,
        "body_part": procedure.body_part,
    }
    engine = clinic.carriers.hl7["engine"].address
    for text in (REGISTRATION, ORDER):
        answer = send_hl7(engine, hl7(text, **values))
        assert b"MSA|AA|" in answer, answer
    scheduled = clinic.wait_for(record="note", system="ris", name="procedure scheduled", subject=values["placer"])
    return {**values, "accession": scheduled["accession"], "study": scheduled["study"]}


@pytest.fixture
def orders(clinic: ServedClinic) -> list[dict[str, str]]:
    """Two CT orders."""
    return [order(clinic, number) for number in (1, 2)]


def findscu(clinic: ServedClinic, folder: Path, keys: tuple[str, ...], *options: str) -> list[Dataset]:
    """A worklist query of DCMTK: the identifiers that it got."""
    arguments = [part for key in keys for part in ("-k", key)]
    address = clinic.address("ris")
    run("findscu", "-W", "-aet", "CT1", "-aec", "RADRIS", "-X", "-od", folder, *options, *arguments, *address)
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]


# --- DCMTK -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["ris", "pacs", "workstation", "ct1", "mr1", "dx1", "us1"])
def test_echoscu_verifies_every_system(clinic: ServedClinic, system: str) -> None:
    run("echoscu", "-aec", clinic.ae_title(system), *clinic.address(system))


def test_echoscu_with_another_called_ae_title_is_rejected(clinic: ServedClinic) -> None:
    printed = run("echoscu", "-v", "-aec", "RADPACS", *clinic.address("ris"), exit_code=1)
    assert "Called AE Title Not Recognized" in printed
    assert "Rejected Permanent" in printed


def test_findscu_gets_what_was_ordered(clinic: ServedClinic, orders: list[dict[str, str]], tmp_path: Path) -> None:
    found = {item.AccessionNumber: item for item in findscu(clinic, tmp_path, SCANNER_KEYS)}
    assert set(found) == {placed["accession"] for placed in orders}
    for placed in orders:
        item = found[placed["accession"]]
        assert item.PatientName == f"{placed['family']}^Jane^Q"
        assert item.PatientID == placed["mrn"]
        assert item.IssuerOfPatientID == "RADLOOP"
        assert (item.PatientBirthDate, item.PatientSex) == ("19700228", "F")
        assert item.StudyInstanceUID == placed["study"]
        assert item.RequestedProcedureDescription == "CT head without contrast"
        assert item.RequestedProcedureCodeSequence[0].CodeValue == "CT-HEAD"
        assert item.ReferringPhysicianName == "House^Greg"
        assert item.RequestingPhysician == "Who^Meredith"
        assert item.AdmissionID == f"V-{placed['mrn']}"
        assert item.RequestedProcedurePriority == "STAT"
        assert item.PlacerOrderNumberImagingServiceRequest == placed["placer"]
        (step,) = item.ScheduledProcedureStepSequence
        assert (step.ScheduledStationAETitle, step.Modality) == ("CT1", "CT")
        assert (step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime) == ("20260302", "083000")
        assert step.ScheduledProtocolCodeSequence[0].CodeValue == "P-CT-HEAD"
        assert step.ScheduledProcedureStepID


def test_findscu_that_matches_nothing_gets_nothing(clinic: ServedClinic, orders: list[dict[str, str]], tmp_path: Path) -> None:
    assert findscu(clinic, tmp_path, (f"{STEP}.ScheduledStationAETitle=CT9", "PatientID")) == []
    assert findscu(clinic, tmp_path, (f"{STEP}.ScheduledProcedureStepStartDate=20260303", "PatientID")) == []


@pytest.mark.parametrize("syntax", ["-xi", "-xe"])
def test_findscu_gets_the_keys_it_asked_for_and_no_others(
    clinic: ServedClinic, orders: list[dict[str, str]], tmp_path: Path, syntax: str
) -> None:
    placed = orders[0]
    keys = (f"PatientID={placed['mrn']}", "AccessionNumber", f"{STEP}.Modality")
    (item,) = findscu(clinic, tmp_path, keys, syntax)
    assert {element.keyword for element in item} == {"PatientID", "AccessionNumber", "ScheduledProcedureStepSequence"}
    assert [element.keyword for element in item.ScheduledProcedureStepSequence[0]] == ["Modality"]
    assert item.AccessionNumber == placed["accession"]


# --- pynetdicom --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ris(clinic: ServedClinic) -> Iterator[Association]:
    """An association of pynetdicom, as the scanner US1, with our RIS."""
    services = Verification, ModalityWorklistInformationFind, ModalityPerformedProcedureStep
    with requestor(clinic.address("ris"), "RADRIS", *services, calling_ae_title="US1") as association:
        yield association


def worklist(ris: Association) -> list[Dataset]:
    """What pynetdicom finds on the list of US1; the statuses are as they must be."""
    identifier = Dataset()
    identifier.AccessionNumber = identifier.PatientID = identifier.PatientName = identifier.StudyInstanceUID = ""
    step = Dataset()
    step.ScheduledStationAETitle = "US1"
    step.ScheduledProcedureStepID = ""
    identifier.ScheduledProcedureStepSequence = [step]
    *pending, (final, nothing) = ris.send_c_find(identifier, ModalityWorklistInformationFind)
    assert (final.Status, nothing) == (0x0000, None)
    assert {status.Status for status, _ in pending} <= {0xFF00}
    return [item for _, item in pending if item is not None]


def performed_step(item: Dataset) -> Dataset:
    """The N-CREATE of PS3.4 Table F.7.2-1 for a worklist item, with every type 2 attribute that is empty."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID = item.StudyInstanceUID
    scheduled.AccessionNumber = item.AccessionNumber
    scheduled.ScheduledProcedureStepID = item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID
    scheduled.RequestedProcedureID = scheduled.RequestedProcedureDescription = ""
    scheduled.ScheduledProcedureStepDescription = ""
    scheduled.ReferencedStudySequence = scheduled.ScheduledProtocolCodeSequence = []
    step = Dataset()
    step.ScheduledStepAttributesSequence = [scheduled]
    step.PatientName, step.PatientID = item.PatientName, item.PatientID
    step.PatientBirthDate = step.PatientSex = ""
    step.ReferencedPatientSequence = []
    step.PerformedProcedureStepID = "PPS1"
    step.PerformedStationAETitle = "US1"
    step.PerformedStationName = step.PerformedLocation = ""
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260302", "084500"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.PerformedProcedureStepDescription = step.PerformedProcedureTypeDescription = ""
    step.ProcedureCodeSequence = step.PerformedProtocolCodeSequence = step.PerformedSeriesSequence = []
    step.PerformedProcedureStepEndDate = step.PerformedProcedureStepEndTime = ""
    step.Modality, step.StudyID = "US", ""
    return step


def ended_step() -> Dataset:
    """The N-SET that completes it, with two instances."""
    series = Dataset()
    series.ProtocolName, series.SeriesInstanceUID = "Abdomen", "2.25.11.1"
    series.PerformingPhysicianName = series.OperatorsName = series.SeriesDescription = series.RetrieveAETitle = ""
    series.ReferencedNonImageCompositeSOPInstanceSequence = []
    series.ReferencedImageSequence = []
    for uid in InstanceSet("2.25.11.1", 1, 2):
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = UltrasoundImageStorage, uid
        series.ReferencedImageSequence.append(reference)
    step = Dataset()
    step.PerformedProcedureStepStatus = "COMPLETED"
    step.PerformedProcedureStepEndDate, step.PerformedProcedureStepEndTime = "20260302", "090500"
    step.PerformedSeriesSequence = [series]
    return step


def test_pynetdicom_verifies(ris: Association) -> None:
    assert ris.send_c_echo().Status == 0x0000


def test_pynetdicom_performs_a_step_from_the_worklist(clinic: ServedClinic, ris: Association) -> None:
    placed = order(clinic, 3, "US-ABD")
    (item,) = worklist(ris)
    assert (item.AccessionNumber, item.StudyInstanceUID) == (placed["accession"], placed["study"])

    uid = "2.25.12"
    created, _ = ris.send_n_create(performed_step(item), ModalityPerformedProcedureStep, uid)
    assert created.Status == 0x0000
    assert worklist(ris) == []  # a step that has begun is off the list
    again, _ = ris.send_n_create(performed_step(item), ModalityPerformedProcedureStep, uid)
    assert again.Status == 0x0111  # duplicate SOP instance

    ended, _ = ris.send_n_set(ended_step(), ModalityPerformedProcedureStep, uid)
    assert ended.Status == 0x0000
    clinic.wait_for(record="exchange", sender="us1", receiver="ris", message="StepEnded", answer="0000H", step=uid)
    clinic.wait_for(record="exchange", sender="ris", receiver="pacs", message="StepEnded", answer="0000H", step=uid)
    clinic.wait_for(record="note", system="workstation", name="study listed", subject=placed["accession"])


def test_a_step_that_nobody_scheduled_is_taken_and_reconciled_later(clinic: ServedClinic, ris: Association) -> None:
    created, _ = ris.send_n_create(performed_step(scheduled_nowhere()), ModalityPerformedProcedureStep, "2.25.15")
    assert created.Status == 0x0000
    clinic.wait_for(record="note", system="ris", name="exam to reconcile", subject="2.25.16")


def test_pynetdicom_is_told_what_is_wrong_with_a_step(ris: Association) -> None:
    unknown, _ = ris.send_n_set(ended_step(), ModalityPerformedProcedureStep, "2.25.13")
    assert unknown.Status == 0x0112  # no such SOP instance
    step = performed_step(scheduled_nowhere())
    del step.PerformedStationAETitle
    incomplete, _ = ris.send_n_create(step, ModalityPerformedProcedureStep, "2.25.14")
    assert incomplete.Status == 0x0120  # missing attribute
    assert ris.send_c_echo().Status == 0x0000


def scheduled_nowhere() -> Dataset:
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = "2.25.16", "NOWHERE"
    item.PatientName, item.PatientID = "Doe^Jane", "DOOR9"
    step = Dataset()
    step.ScheduledProcedureStepID = "S9"
    item.ScheduledProcedureStepSequence = [step]
    return item

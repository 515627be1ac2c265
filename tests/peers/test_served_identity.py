"""What leaves our PACS says whose it is now: after an update and a merge, in other character sets, and valid for dciodvfy."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from emulators.carriers import hl7_codec
from emulators.messages.adt import MergePatients, PatientMessage, RegisterPatient, UpdatePatient
from emulators.messages.common import Patient, PersonName, Visit
from tests.peers.products import dcmtk, run
from tests.peers.senders import data_sets, files_by_uid, study, write_files
from tests.peers.served import ServedClinic, send_hl7

pytestmark = pytest.mark.peer

PACS = ("-aec", "RADPACS")
STORE = study("CT", 2)
PATIENT = STORE.header.patient
STUDY = STORE.header.study_instance_uid
NOW = "20260302080000"


@pytest.fixture
def filled(clinic: ServedClinic, tmp_path: Path) -> ServedClinic:
    folder = tmp_path / "sent"
    folder.mkdir()
    write_files(folder, STORE)
    run("storescu", *PACS, "+sd", *clinic.address("pacs"), folder)
    clinic.wait_for(record="stored", system="pacs", study=STUDY)
    return clinic


def tell(clinic: ServedClinic, message: PatientMessage | MergePatients) -> None:
    """Patient administration, as the engine would send it."""
    codec = hl7_codec(clinic.settings, "engine", "pacs")
    answer = send_hl7(clinic.carriers.hl7["pacs"].address, codec.encode(message))
    assert b"MSA|AA|" in answer


def got(clinic: ServedClinic, folder: Path) -> list[Path]:
    """The files that getscu gets of the study, written as DCMTK read them."""
    folder.mkdir()
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}")
    run("getscu", "-S", *PACS, "+B", "-od", folder, *keys, *clinic.address("pacs"))
    return sorted(folder.iterdir())


def complaints(path: Path) -> set[str]:
    """The errors of dciodvfy, and its warnings but the one on our own coding scheme."""
    answer = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, timeout=60, check=False)
    lines = (answer.stdout + answer.stderr).splitlines()
    assert "CTImage" in lines
    return {line for line in lines if line.startswith(("Error", "Warning")) and "99RADLOOP" not in line}


def test_before_anything_is_said_images_leave_byte_for_byte(filled: ServedClinic, tmp_path: Path) -> None:
    tell(filled, RegisterPatient("C1", NOW, PATIENT, Visit("V1")))
    got(filled, tmp_path / "files")
    assert files_by_uid(tmp_path / "files") == data_sets(STORE)


@pytest.mark.parametrize(
    "name",
    [
        PersonName("Smith", "Jane"),
        PersonName("Müller", "Jörg", "", "Dr."),
        PersonName("Жилин", "Иван"),
        PersonName("Yamada", "Tarou", ideographic="山田^太郎", phonetic="やまだ^たろう"),
    ],
    ids=lambda name: name.family,
)
def test_after_an_update_images_leave_under_the_new_name(filled: ServedClinic, tmp_path: Path, name: PersonName) -> None:
    """hl7.adt.upd.1: in C-FIND and in what is retrieved; all else as it was."""
    tell(filled, UpdatePatient("C1", NOW, replace(PATIENT, name=name, sex="O"), Visit("V1")))
    originals = data_sets(STORE)
    for path in got(filled, tmp_path / "files"):
        image = pydicom.dcmread(path)
        assert (image.PatientName, image.PatientSex) == (name.pn, "O")
        original = pydicom.dcmread(tmp_path / "sent" / f"{image.InstanceNumber:03d}.dcm")
        assert {element.keyword for element in original} <= {element.keyword for element in image}
        changed = {element.keyword for element in image if element.tag not in original or original[element.tag] != element}
        assert changed <= {"PatientName", "PatientSex", "SpecificCharacterSet", "OriginalAttributesSequence"}
        (said,) = image.OriginalAttributesSequence
        (former,) = said.ModifiedAttributesSequence
        assert {element.keyword for element in former} == changed - {"OriginalAttributesSequence"}
        assert (former.PatientName, former.PatientSex) == (original.PatientName, original.PatientSex)
        assert (said.ModifyingSystem, said.ReasonForTheAttributeModification) == ("RADPACS", "COERCE")
        assert image.PixelData == original.PixelData
        assert complaints(path) == complaints(tmp_path / "sent" / f"{image.InstanceNumber:03d}.dcm")
        assert (
            name.family
            in subprocess.run(
                [dcmtk("dcmdump"), "+U8", "+P", "PatientName", str(path)],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout
        )
    assert len(originals) == 2


def test_after_a_merge_images_leave_under_the_surviving_id(filled: ServedClinic, tmp_path: Path) -> None:
    """hl7.adt.merge.1, and pir.case.2."""
    survivor = Patient("SURVIVOR", PATIENT.issuer, PersonName("Smith", "Jane"), "19601231", "F")
    tell(filled, MergePatients("C1", NOW, survivor, PATIENT.patient_id, PATIENT.issuer))
    for path in got(filled, tmp_path / "files"):
        image = pydicom.dcmread(path)
        assert (image.PatientID, image.PatientName, image.PatientBirthDate) == ("SURVIVOR", "Smith^Jane", "19601231")
        assert image.IssuerOfPatientID == PATIENT.issuer
        former = image.OriginalAttributesSequence[0].ModifiedAttributesSequence[0]
        assert (former.PatientID, former.IssuerOfPatientID) == (PATIENT.patient_id, PATIENT.issuer)
        assert complaints(path) == set()
    for patient_id, expected in (("SURVIVOR", 1), (PATIENT.patient_id, 0)):
        printed = run(
            "findscu",
            "-v",
            "-S",
            *PACS,
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            f"PatientID={patient_id}",
            *filled.address("pacs"),
        )
        assert printed.count("(Pending)") == expected

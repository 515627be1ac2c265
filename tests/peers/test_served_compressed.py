"""DCMTK sends images in a compressed transfer syntax to our PACS, and has them back by C-MOVE with the same pixel data."""

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from emulators.carriers import hl7_codec
from emulators.messages.adt import PatientMessage, UpdatePatient
from emulators.messages.common import PersonName, Visit
from emulators.site import Route
from tests.peers.products import run, storescp
from tests.peers.senders import study, write_files
from tests.peers.served import Product, ServedClinic, send_hl7

pytestmark = pytest.mark.peer

PACS = ("-aec", "RADPACS")
STORE = study("US", 2)
UID = STORE.header.study_instance_uid
KEYS = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={UID}")


def compressed(folder: Path) -> Path:
    """The images of STORE in RLE Lossless."""
    plain, packed = folder / "plain", folder / "packed"
    for one in (plain, packed):
        one.mkdir()
    write_files(plain, STORE)
    for path in plain.iterdir():
        run("dcmcrle", path, packed / path.name)
    return packed


def pixels(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Transfer syntax and pixel data of the files in a folder, by SOP Instance UID."""
    images = map(pydicom.dcmread, folder.iterdir())
    return {str(image.SOPInstanceUID): (image.file_meta.TransferSyntaxUID, image.PixelData) for image in images}


def moved(folder: Path, sent: Path, update: PatientMessage | None = None) -> Path:
    """The folder with what a C-MOVE brings of images that were sent to our PACS, to which ``update`` was told then."""
    arrived = folder / "moved"
    arrived.mkdir()
    with storescp(arrived, "-aet", "RADWS", "+xr") as port:
        clinic = ServedClinic(folder / "clinic", {Route("pacs", "workstation", "store"): Product("RADWS", port)})
        clinic.start()
        try:
            run("storescu", "-xr", *PACS, "+sd", *clinic.address("pacs"), sent)
            clinic.wait_for(record="stored", system="pacs", study=UID)
            if update is not None:
                codec = hl7_codec(clinic.settings, "engine", "pacs")
                assert b"MSA|AA|" in send_hl7(clinic.carriers.hl7["pacs"].address, codec.encode(update))
            run("movescu", "-S", *PACS, "-aem", "RADWS", *KEYS, *clinic.address("pacs"))
        finally:
            clinic.close()
    return arrived


def test_compressed_images_come_back_with_the_same_pixel_data(tmp_path: Path) -> None:
    sent = compressed(tmp_path)
    assert pixels(moved(tmp_path, sent)) == pixels(sent)


def test_compressed_images_of_another_name_say_the_former_one_and_have_the_same_pixel_data(tmp_path: Path) -> None:
    sent = compressed(tmp_path)
    patient = STORE.header.patient
    married = replace(patient, name=PersonName("Smith", "Jane"))
    arrived = moved(tmp_path, sent, UpdatePatient("C1", "20260302080000", married, Visit("V1")))
    assert pixels(arrived) == pixels(sent)
    for image in map(pydicom.dcmread, arrived.iterdir()):
        (former,) = image.OriginalAttributesSequence[0].ModifiedAttributesSequence
        assert (image.PatientName, former.PatientName, len(former)) == ("Smith^Jane", patient.name.pn, 1)

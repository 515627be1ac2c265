"""DCMTK sends images in a compressed transfer syntax to our PACS, and has them back by C-MOVE as they were."""

from pathlib import Path

import pydicom
import pytest

from emulators.site import Route
from tests.peers.products import run, storescp
from tests.peers.senders import study, write_files
from tests.peers.served import Product, ServedClinic

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


def test_compressed_images_come_back_with_the_same_pixel_data(tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    sent = compressed(tmp_path)
    with storescp(moved, "-aet", "RADWS", "+xr") as port:
        clinic = ServedClinic(tmp_path / "clinic", {Route("pacs", "workstation", "store"): Product("RADWS", port)})
        clinic.start()
        try:
            run("storescu", "-xr", *PACS, "+sd", *clinic.address("pacs"), sent)
            clinic.wait_for(record="stored", system="pacs", study=UID)
            run("movescu", "-S", *PACS, "-aem", "RADWS", *KEYS, *clinic.address("pacs"))
        finally:
            clinic.close()
    assert pixels(moved) == pixels(sent)

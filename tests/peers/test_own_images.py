"""dciodvfy (dicom3tools) finds no error in an image made from a user's own."""

from pathlib import Path

import pytest

from datasets.own_images import OwnImages
from datasets.procedures import MODALITIES, Modality
from tests.datasets.own_files import ours, write_series
from tests.peers.test_dciodvfy import complaints

pytestmark = pytest.mark.peer


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_image_of_a_faultless_one_has_no_error_and_no_warning(modality: Modality, tmp_path: Path) -> None:
    own = OwnImages(write_series(tmp_path / "own", [modality]), 7)
    for number in (1, 2, 3, 4):
        assert complaints(tmp_path / "image.dcm", own.instance(ours(modality), number)) == []

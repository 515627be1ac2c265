"""DCMTK's dcmdump reads every data set that we write, and has nothing to say about it."""

import subprocess
from pathlib import Path

import pytest

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from tests.codecs.test_dicom_messages import REAL_EXCHANGES

pytestmark = pytest.mark.peer

OPTIONS = {IMPLICIT_VR_LITTLE_ENDIAN: "-ti", EXPLICIT_VR_LITTLE_ENDIAN: "-te"}


@pytest.mark.parametrize("syntax", OPTIONS)
@pytest.mark.parametrize(("message", "answer"), REAL_EXCHANGES, ids=lambda value: type(value).__name__)
def test_dcmdump_reads_it_without_complaint(message: object, answer: object, syntax: str, tmp_path: Path) -> None:
    command, dataset = codec.encode_request(message, 1, syntax)
    responses = codec.encode_answer(answer, command, dataset, syntax, "ARCHIVE")
    for number, data in enumerate((dataset, *(data for _, data in responses))):
        if data is None:
            continue
        file = tmp_path / f"{number}.bin"
        file.write_bytes(data)
        ran = subprocess.run(["dcmdump", "-f", OPTIONS[syntax], file], capture_output=True, check=True, timeout=30)
        assert ran.stderr == b""
        assert b"Unknown" not in ran.stdout

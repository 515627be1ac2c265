"""What `radloop certify show` prints of a case: everything that was exchanged, decoded, the proof marked."""

from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from conformance.report.decoded import shown
from conformance.report.exchange import Exchange
from conformance.result import RunResult
from conformance.taps import Opened, Record, read_records
from emulators.core.errors import ConfigError
from tests.conformance.made_up import made_up_run


def plain(lines: list[str]) -> str:
    file = StringIO()
    console = Console(file=file, no_color=True, soft_wrap=True, highlight=False)
    for line in lines:
        console.print(line)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def result(folder: Path) -> RunResult:
    return made_up_run(folder)


def text_of(result: RunResult, folder: Path, wanted: str) -> str:
    return plain(list(shown(result, read_records(folder / "records.jsonl"), wanted)))


def test_pdus_commands_and_data_sets_are_decoded(result: RunResult, folder: Path) -> None:
    text = text_of(result, folder, "dicom.ul.assoc.1")
    for line in (
        "--> A-ASSOCIATE-RQ  CT1 calls PACS, 2 contexts",
        "context 3: CT Image Storage in Implicit VR Little Endian",
        "<-- A-ASSOCIATE-AC  2 of 2 contexts accepted",
        "PDV of context 3: data set, ",
        "--> C-STORE-RQ  CT Image Storage",
        "AffectedSOPInstanceUID: 2.25.1",
        "(0008,0016) UI SOPClassUID: '1.2.840.10008.5.1.4.1.1.2\\x00'",
        "(0010,0010) PN PatientName: 'M\\xC3\\xBCller^J\\xC3\\xB6rg '",
        "(7FE0,0010) OW PixelData: 512 bytes",
        "<-- C-STORE-RSP  0000H success",
        "Status: 0000H",
        "--> A-RELEASE-RQ",
        "--- closed by the tester",
    ):
        assert line in text, line


def test_hl7_is_shown_by_segment_and_field_as_its_bytes(result: RunResult, folder: Path) -> None:
    case = next(case.id for case in result.cases if case.id.startswith("hl7.") and case.trials[0].records)
    lines = [line.strip() for line in text_of(result, folder, case).splitlines()]
    for line in ("MSH", "MSH-2: ^~\\&", "MSH-9: ADT^A04^ADT_A01", "PID-3: P1^^^A^MR", "PID-5: M\\xC3\\xBCller^J", "MSA-1: AA"):
        assert line in lines, line


def test_the_proof_is_marked_and_nothing_else(result: RunResult, folder: Path) -> None:
    case = next(case for case in result.cases if len(case.trials) == 1 and len(case.trials[0].proof) == 1)
    marked = [line for line in text_of(result, folder, case.id).splitlines() if line.startswith(">")]
    assert len(marked) == 1
    assert f"record {case.trials[0].proof[0]}" in marked[0]


def test_a_variant_may_be_asked_for_alone(result: RunResult, folder: Path) -> None:
    whole = text_of(result, folder, "dicom.ul.assoc.2")
    assert (whole.count("connection "), whole.count("dicom.ul.assoc.2[first]  modality")) == (2, 1)
    assert text_of(result, folder, "dicom.ul.assoc.2[second [odd]]").count("\nconnection ") == 1


@pytest.mark.parametrize("wanted", ["dicom.nothing.1", "dicom.ul.assoc", "dicom.ul.assoc.2[third]"])
def test_what_did_not_run_is_refused(result: RunResult, folder: Path, wanted: str) -> None:
    with pytest.raises(ConfigError, match="not in this result"):
        text_of(result, folder, wanted)


@given(st.lists(st.tuples(st.sampled_from(["to product", "from product"]), st.binary(max_size=80)), max_size=6), st.booleans())
def test_bytes_of_any_kind_are_shown_and_steer_nothing(
    result: RunResult, chunks: list[tuple[str, bytes]], is_dicom: bool
) -> None:
    opened = Opened(1, "dicom.ul.assoc.1", "dicom" if is_dicom else "mllp", "tester", "modality", "127.0.0.1:104")
    records = [Record(1, 1, 0.0, "opened", b"")]
    for way, data in chunks:
        records.append(Record(len(records) + 1, 1, 0.1, "to product" if way == "to product" else "from product", data))
    text = plain(list(shown(result, ({1: opened}, records), "dicom.ul.assoc.1")))
    assert not [one for one in text if ord(one) < 32 and one != "\n"]


def test_in_the_hospital_who_calls_a_neighbour_is_not_said_to_be_the_product() -> None:
    to_engine = Exchange(Opened(1, "flow.ok.1", "mllp", "product", "engine", "to engine"), (), ())
    assert (to_engine.ends, to_engine.words) == (("engine", "caller"), "mllp, in the hospital, to engine")
    to_product = Exchange(Opened(2, "flow.ok.1", "dicom", "tester", "pacs", "to pacs"), (), ())
    assert (to_product.ends, to_product.words) == (("caller", "product"), "dicom, in the hospital, to the product")
    to_ris = Exchange(Opened(3, "flow.ok.1", "dicom", "tester", "modality", "ris at 127.0.0.1:104"), (), ())
    assert to_ris.ends == ("modality (tester)", "ris")
    assert to_ris.words == "modality, dicom, opened to ris at 127.0.0.1:104"

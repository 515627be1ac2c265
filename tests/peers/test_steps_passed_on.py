"""Our RIS as a PPS manager (RAD-6, RAD-7): what another scanner says of a step reaches another archive as it came."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from emulators.site import Route
from tests.peers.pynetdicom_ends import LIMIT_S, acceptor, requestor
from tests.peers.served import Product, ServedClinic

pytestmark = pytest.mark.peer

MPPS = "1.2.3.7"


@contextmanager
def with_archive(folder: Path, port: int) -> Iterator[ServedClinic]:
    """The clinic with a product that its RIS tells of steps."""
    clinic = ServedClinic(folder / "clinic", {Route("ris", "pacs", "steps"): Product("THEIRS", port)})
    clinic.start()
    try:
        yield clinic
    finally:
        clinic.close()


def started() -> Dataset:
    """As a scanner of another maker has it: attributes that we do not use, and others that we would write left out."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID, scheduled.AccessionNumber = "1.2.3", ""
    scheduled.ReferencedStudySequence = Sequence()
    step = Dataset()
    step.SpecificCharacterSet = "ISO_IR 100"
    step.Modality = "CT"
    step.PatientName, step.PatientID = "MÜLLER^JÖRG", "M1"
    step.PatientBirthDate = step.PatientSex = ""
    step.ScheduledStepAttributesSequence = Sequence([scheduled])
    step.PerformedStationAETitle, step.PerformedStationName = "THEIRCT", "Röntgen 1"
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20250301", "093000.250"
    step.PerformedProcedureStepID, step.PerformedProcedureStepStatus = "P1", "IN PROGRESS"
    step.TotalNumberOfExposures = 3
    step.ImageAndFluoroscopyAreaDoseProduct = "0.45"
    return step


def ended() -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID, series.ProtocolName, series.OperatorsName = "1.2.3.1", "Thorax", "RÖ^R"
    series.ReferencedImageSequence = Sequence()
    step = Dataset()
    step.SpecificCharacterSet = "ISO_IR 100"
    step.PerformedProcedureStepStatus = "COMPLETED"
    step.PerformedProcedureStepEndDate, step.PerformedProcedureStepEndTime = "20250301", "1015"
    step.CommentsOnThePerformedProcedureStep = "unruhig, müde"
    step.PerformedSeriesSequence = Sequence([series])
    return step


def text(dataset: Dataset) -> str:
    """Everything in it but the character set in which it is written."""
    dataset.decode()
    del dataset.SpecificCharacterSet
    return str(dataset)


def test_a_step_is_passed_on_unchanged_and_in_order(tmp_path: Path) -> None:
    """dicom.mpps.fwd.1."""
    came: SimpleQueue[tuple[str, str, Dataset]] = SimpleQueue()

    def created(event: Any) -> tuple[int, Dataset]:
        came.put(("N-CREATE", event.request.AffectedSOPInstanceUID, event.attribute_list))
        return 0x0000, event.attribute_list

    def was_set(event: Any) -> tuple[int, Dataset]:
        came.put(("N-SET", event.request.RequestedSOPInstanceUID, event.modification_list))
        return 0x0000, event.modification_list

    handlers = [(evt.EVT_N_CREATE, created), (evt.EVT_N_SET, was_set)]
    with acceptor("THEIRS", [ModalityPerformedProcedureStep], handlers) as port, with_archive(tmp_path, port) as clinic:
        with requestor(clinic.address("ris"), "RADRIS", ModalityPerformedProcedureStep) as scanner:
            status, _ = scanner.send_n_create(started(), ModalityPerformedProcedureStep, MPPS)
            assert status.Status == 0x0000
            status, _ = scanner.send_n_set(ended(), ModalityPerformedProcedureStep, MPPS)
            assert status.Status == 0x0000
        first, second = came.get(timeout=LIMIT_S), came.get(timeout=LIMIT_S)
    assert (first[:2], second[:2]) == (("N-CREATE", MPPS), ("N-SET", MPPS))
    assert text(first[2]) == text(started())
    assert text(second[2]) == text(ended())

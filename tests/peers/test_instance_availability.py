"""Instance Availability Notification (PS3.4 Annex R) with pynetdicom on the other end: our PACS sends, our RIS answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
)

from emulators.messages.common import SUCCESS
from emulators.messages.steps import PerformedSeries, StepEnded, StepStarted
from emulators.site import Route
from sim.scenario import Scenario
from tests.clinic import scenario
from tests.peers import served
from tests.peers.pynetdicom_ends import LIMIT_S, acceptor, requestor
from tests.peers.senders import Sender, study
from tests.peers.served import Product, ServedClinic
from tests.peers.test_served_archive import send

pytestmark = pytest.mark.peer

IMAGES = study("US", 3)
STUDY, SERIES = IMAGES.header.study_instance_uid, IMAGES.series_instance_uid
STARTED = StepStarted("2.25.71", IMAGES.header.patient, (), STUDY, "US", "US1", "P1", "", IMAGES.header.study_at)
MADE = PerformedSeries(SERIES, IMAGES.sop_class_uid, "Abdomen", IMAGES.instances)


def announcing() -> Scenario:
    return scenario({"availability": ["ris"]})


@contextmanager
def with_ris(folder: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> Iterator[ServedClinic]:
    """The clinic, whose archive tells a product in the place of the RIS."""
    monkeypatch.setattr(served, "clinic_scenario", announcing)
    clinic = ServedClinic(folder / "clinic", {Route("pacs", "ris", "availability"): Product("RADRIS", port)})
    clinic.start()
    try:
        yield clinic
    finally:
        clinic.close()


def test_the_pacs_tells_which_images_of_a_whole_study_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """dicom.ian.1: Table R.3.2-1, and no attribute beyond it."""
    told: SimpleQueue[tuple[str, Dataset]] = SimpleQueue()

    def keep(event: Any) -> tuple[int, Dataset]:
        told.put((event.request.AffectedSOPInstanceUID, event.attribute_list))
        return 0x0000, event.attribute_list

    handlers = [(evt.EVT_N_CREATE, keep)]
    with (
        acceptor("RADRIS", [InstanceAvailabilityNotification], handlers) as port,
        with_ris(tmp_path, monkeypatch, port) as clinic,
    ):
        steps = Sender(clinic.address("pacs")[1], "RADPACS")
        assert steps.ask(STARTED) == SUCCESS
        send(clinic, IMAGES, tmp_path / "images")
        assert steps.ask(StepEnded(STARTED.mpps_uid, IMAGES.header.study_at, (MADE,))) == SUCCESS
        uid, notification = told.get(timeout=LIMIT_S)
    assert uid.startswith("2.25.")
    assert {element.keyword for element in notification} == {
        "ReferencedPerformedProcedureStepSequence",
        "StudyInstanceUID",
        "ReferencedSeriesSequence",
    }
    assert notification.StudyInstanceUID == STUDY
    (step,) = notification.ReferencedPerformedProcedureStepSequence
    assert (step.ReferencedSOPClassUID, step.ReferencedSOPInstanceUID) == (ModalityPerformedProcedureStep, STARTED.mpps_uid)
    (series,) = notification.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == SERIES
    named = [
        (one.ReferencedSOPInstanceUID, one.ReferencedSOPClassUID, one.InstanceAvailability, one.RetrieveAETitle)
        for one in series.ReferencedSOPSequence
    ]
    assert named == [(one, IMAGES.sop_class_uid, "ONLINE", "RADPACS") for one in IMAGES.instances]


def notification_of(instances: int, **changes: str) -> Dataset:
    """What another archive would say of so many images."""
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3.1"
    series.ReferencedSOPSequence = Sequence()
    for number in range(instances):
        instance = Dataset()
        instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = IMAGES.sop_class_uid, f"1.2.3.1.{number + 1}"
        instance.InstanceAvailability, instance.RetrieveAETitle = "ONLINE", "THEIRS"
        for keyword, value in changes.items():
            setattr(instance, keyword, value)
        series.ReferencedSOPSequence.append(instance)
    found = Dataset()
    found.ReferencedPerformedProcedureStepSequence = Sequence()
    found.StudyInstanceUID = "1.2.3"
    found.ReferencedSeriesSequence = Sequence([series])
    return found


@pytest.mark.parametrize(
    ("notification", "expected"),
    [
        (notification_of(2), 0x0000),
        (notification_of(1, InstanceAvailability="SOMEWHERE"), 0x0106),
        (notification_of(1, RetrieveAETitle=""), 0x0121),
        (notification_of(0), 0x0121),
    ],
)
@pytest.mark.parametrize(("system", "title"), [("ris", "RADRIS"), ("workstation", "RADWS")])
def test_a_notification_of_another_archive_is_answered(
    clinic: ServedClinic, system: str, title: str, notification: Dataset, expected: int
) -> None:
    with requestor(clinic.address(system), title, InstanceAvailabilityNotification) as theirs:
        status, _ = theirs.send_n_create(notification, InstanceAvailabilityNotification, "1.2.4")
        assert status.Status == expected
    if expected == 0x0000:
        clinic.wait_for(system=system, name="instances available", subject="1.2.3", online=2, unavailable=0)

"""Studies that the tester makes: small valid instances of the common SOP classes, in identifiers of the trial.

::

    study = Study(trial)
    with trial.associate(CT) as peer:
        peer.store_all(study.images(3))

Every instance has the modules of its IOD (PS3.3 Annex A) with what is type 1 and type 2, and 16 by 16 pixels. What an
attribute of a case says otherwise is given by keyword: ``study.image(CT, PatientName="Doe^Jane")``.
"""

from collections.abc import Mapping
from typing import Any

from pydicom.dataset import Dataset

from conformance.material.iods import IODS
from conformance.material.sop_classes import CT, SHORT_NAMES
from conformance.trial import Trial

STUDY_DATE, STUDY_TIME = "20250303", "101500"

_COMMON: Mapping[str, Any] = {
    "PatientName": "Doe^Jane",
    "IssuerOfPatientID": "RADLOOP",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "StudyDate": STUDY_DATE,
    "StudyTime": STUDY_TIME,
    "ContentDate": STUDY_DATE,
    "ContentTime": STUDY_TIME,
    "ReferringPhysicianName": "Grey^Ada",
    "StudyDescription": "Study of a conformance case",
    "Manufacturer": "Radloop",
    "ManufacturerModelName": "Conformance tester",
    "DeviceSerialNumber": "1",
    "SoftwareVersions": "1",
}


class Study:
    """One study of one patient. ``attributes`` stand in every instance, in the place of what is said here otherwise.

    ``patient`` and ``study`` level identifiers are fresh ones of the trial unless they are given.
    """

    def __init__(self, trial: Trial, **attributes: Any) -> None:
        self._trial = trial
        self._attributes: dict[str, Any] = {
            **_COMMON,
            "PatientID": trial.patient_id(),
            "AccessionNumber": trial.accession_number(),
            "StudyInstanceUID": trial.uid(),
            "StudyID": trial.identifier("S"),
            "FrameOfReferenceUID": trial.uid(),
            **attributes,
        }
        self._series: dict[tuple[str, int], str] = {}
        self._made = 0

    @property
    def uid(self) -> str:
        return str(self._attributes["StudyInstanceUID"])

    @property
    def patient_id(self) -> str:
        return str(self._attributes["PatientID"])

    @property
    def accession_number(self) -> str:
        return str(self._attributes["AccessionNumber"])

    def series_uid(self, series: int = 1, sop_class: str = CT) -> str:
        """The UID of a numbered series; each modality has its own."""
        key = (IODS[SHORT_NAMES[sop_class]].modality, series)
        if key not in self._series:
            self._series[key] = self._trial.uid()
        return self._series[key]

    def image(self, sop_class: str = CT, series: int = 1, **attributes: Any) -> Dataset:
        """A new instance. An attribute of None is left out."""
        iod = IODS[SHORT_NAMES[sop_class]]
        self._made += 1
        values: dict[str, Any] = {
            **iod.attributes(),
            **self._attributes,
            "Modality": iod.modality,
            "SOPClassUID": sop_class,
            "SOPInstanceUID": self._trial.uid(),
            "SeriesInstanceUID": self.series_uid(series, sop_class),
            "SeriesNumber": series,
            "InstanceNumber": self._made,
            **attributes,
        }
        dataset = Dataset()
        for keyword, value in values.items():
            if value is not None and (keyword != "FrameOfReferenceUID" or iod.has_frame_of_reference or keyword in attributes):
                setattr(dataset, keyword, value)
        return dataset

    def images(self, count: int, sop_class: str = CT, series: int = 1, **attributes: Any) -> list[Dataset]:
        """Several instances of one series."""
        return [self.image(sop_class, series, **attributes) for _ in range(count)]

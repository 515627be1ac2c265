"""Emulators that cases dicom.ian.* catch."""

from pydicom.dataset import Dataset

from tests.conformance.data_set_mutants import DataSetMutant
from tests.conformance.mangler import Link


class TellsOtherwise(DataSetMutant):
    command = "N-CREATE-RQ"
    to_product = False


class ForgetsAnInstance(TellsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        del dataset.ReferencedSeriesSequence[0].ReferencedSOPSequence[-1]
        return dataset


class TellsThePatientToo(TellsOtherwise):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.PatientID = "P1"
        return dataset


class AllIsOnline(TellsOtherwise):
    """Whatever was rejected."""

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        for series in dataset.ReferencedSeriesSequence:
            for one in series.ReferencedSOPSequence:
                one.InstanceAvailability = "ONLINE"
        return dataset


MUTANTS = {"dicom.ian.1": [ForgetsAnInstance(), TellsThePatientToo()], "dicom.ian.2": AllIsOnline()}

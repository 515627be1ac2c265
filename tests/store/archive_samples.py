"""Two studies, and how their instances come into an archive."""

from pathlib import Path

from datasets.examples import example_study
from datasets.modules import StudyContext
from datasets.procedures import procedures_by_modality
from datasets.studies import Instance, SyntheticStudies
from emulators.messages.common import Patient, PersonName
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.store.archive import ImageArchive, Incoming, Receipt
from emulators.store.memory import MemoryArchive

IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME = "1.2.3.4", "RADLOOP_TEST"
STUDIES = SyntheticStudies(7, scale=0.05)
PROCEDURE = procedures_by_modality("CT")[0]
FIRST, SECOND = example_study(7, 1, PROCEDURE), example_study(7, 2, PROCEDURE)
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

Archive = ImageArchive | MemoryArchive


def opened(folder: Path, fsync: bool = False) -> ImageArchive:
    return ImageArchive(folder, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, fsync)


def data_set(instance: Instance) -> bytes:
    return b"".join(instance.buffers)


def store(archive: ImageArchive, batch: int, instance: Instance) -> Receipt:
    named = (instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
    return archive.store(batch, *named, data_set(instance), "CT1")


def receive(archive: ImageArchive, batch: int, instance: Instance) -> Incoming:
    return archive.receive(batch, instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, "CT1")


def files(archive: ImageArchive) -> list[Path]:
    return list(archive.folder.rglob("*.dcm"))


def as_message(study: StudyContext, numbers: range) -> StoreStudy:
    family, given_name, *_ = study.patient_name.split("^")
    name = PersonName(family, given_name, *study.patient_name.split("^")[2:3])
    patient = Patient(study.patient_id, study.issuer_of_patient_id, name, study.birth_date, study.sex)
    header = StudyHeader(
        patient,
        study.accession_number,
        study.study_instance_uid,
        study.study_date + study.study_time,
        study.modality,
        study.procedure_meaning,
    )
    instances = InstanceSet(study.instance_uid_root, numbers.start, numbers.stop - 1)
    return StoreStudy(header, study.series_uid, CT_IMAGE_STORAGE, instances, len(data_set(STUDIES.instance(study, 1))))

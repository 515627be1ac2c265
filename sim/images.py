"""The images of the hospital: what a scanner needs to know of them, and their data sets when real ones must be sent."""

from collections.abc import Iterator

from datasets.modules import SOP_CLASS_UIDS, StudyContext
from datasets.procedures import procedure_by_code
from datasets.studies import Instance, SyntheticStudies
from emulators.messages.common import PersonName
from emulators.messages.imaging import StoreStudy


class ScannedImages:
    """Makes the instances of a StoreStudy from the run's seed. ``scale`` multiplies rows and columns."""

    def __init__(self, seed: int, scale: float, institution: str) -> None:
        self._studies = SyntheticStudies(seed, scale)
        self._institution = institution

    def sop_class_uid(self, modality: str) -> str:
        return SOP_CLASS_UIDS[modality]

    def nominal_bytes(self, modality: str) -> int:
        return self._studies.nominal_bytes(modality)

    def instances(self, store: StoreStudy) -> Iterator[Instance]:
        """The data sets of ``store``, in the order of its instances. It must have its context: who forwards makes nothing."""
        contexts: dict[str, StudyContext] = {}
        for sop_instance_uid in store.instances:
            root, _, number = sop_instance_uid.rpartition(".")
            if root not in contexts:
                contexts[root] = _context_of(store, self._institution, root)
            yield self._studies.instance(contexts[root], int(number))


def _context_of(store: StoreStudy, institution: str, instance_uid_root: str) -> StudyContext:
    """What every image of the series says whose UID lies under the root."""
    header, context = store.header, store.context
    if context is None:
        raise ValueError("only who makes images can make their data sets")
    patient = header.patient
    date, time = header.study_at[:8], header.study_at[8:]
    return StudyContext(
        patient_id=patient.patient_id,
        issuer_of_patient_id=patient.issuer,
        patient_name=person_name(patient.name),
        birth_date=patient.birth_date,
        sex=patient.sex,
        accession_number=header.accession_number,
        study_instance_uid=header.study_instance_uid,
        study_id=context.requested_procedure_id,
        study_date=date,
        study_time=time,
        referring_physician=person_name(context.referring_physician),
        procedure_code=context.procedure.value,
        procedure_scheme=context.procedure.scheme,
        procedure_meaning=context.procedure.meaning,
        requested_procedure_id=context.requested_procedure_id,
        scheduled_step_id=context.step_id,
        step_description=context.protocol.meaning,
        modality=header.modality,
        body_part=procedure_by_code(context.procedure.value).body_part,
        station_ae_title=context.station_ae_title,
        station_name=context.station_ae_title,
        institution=institution,
        mpps_uid=context.mpps_uid,
        series_uid=store.series_instance_uid,
        instance_uid_root=instance_uid_root,
        performed_date=date,
        performed_time=time,
    )


def person_name(name: PersonName) -> str:
    """A DICOM PN."""
    return "^".join(name.components()).rstrip("^")

"""The images of the hospital: what a scanner needs to know of them, and their data sets when real ones must be sent."""

from collections.abc import Iterator, Mapping

from datasets.modules import SOP_CLASS_UIDS, RequestContext, StudyContext
from datasets.own_images import OwnImages, UnusableImages
from datasets.studies import Instance, SyntheticStudies
from emulators.core.errors import ConfigError
from emulators.messages.common import NO_CODE
from emulators.messages.imaging import StoreStudy
from emulators.messages.steps import ScheduledReference


class ScannedImages:
    """Makes the instances of a StoreStudy from the run's seed. ``scale`` multiplies rows and columns.

    ``character_sets`` gives stations, by AE title, the character set of their text beyond ASCII, as in StudyContext. Images of
    a modality that is among a user's ``own`` are made from those, in their own size.
    """

    def __init__(
        self,
        seed: int,
        scale: float,
        institution: str,
        character_sets: Mapping[str, str] | None = None,
        own: OwnImages | None = None,
    ) -> None:
        self._studies = SyntheticStudies(seed, scale)
        self._own = own
        self._institution = institution
        self._character_sets = character_sets or {}

    def _own_of(self, modality: str) -> OwnImages | None:
        return self._own if self._own is not None and self._own.has(modality) else None

    def sop_class_uid(self, modality: str) -> str:
        own = self._own_of(modality)
        return own.sop_class_uid(modality) if own is not None else SOP_CLASS_UIDS[modality]

    def nominal_bytes(self, modality: str) -> int:
        return (self._own_of(modality) or self._studies).nominal_bytes(modality)

    def instances(self, store: StoreStudy) -> Iterator[Instance]:
        """The data sets of ``store``, in the order of its instances. It must have its context: who forwards makes nothing.

        Raises ConfigError when a user's own image is not there any more.
        """
        source = self._own_of(store.header.modality) or self._studies
        contexts: dict[str, StudyContext] = {}
        for sop_instance_uid in store.instances:
            root, _, number = sop_instance_uid.rpartition(".")
            if root not in contexts:
                contexts[root] = self._context_of(store, root)
            try:
                instance = source.instance(contexts[root], int(number))
            except UnusableImages as error:
                raise ConfigError(str(error)) from None
            yield instance

    def _context_of(self, store: StoreStudy, instance_uid_root: str) -> StudyContext:
        """What every image of the series says whose UID lies under the root."""
        header, context = store.header, store.context
        if context is None:
            raise ValueError("only who makes images can make their data sets")
        patient, requests = header.patient, context.requests
        procedure = requests[0].procedure if requests else NO_CODE
        date, time = header.study_at[:8], header.study_at[8:]
        return StudyContext(
            patient_id=patient.patient_id,
            issuer_of_patient_id=patient.issuer,
            patient_name=patient.name.pn,
            birth_date=patient.birth_date,
            sex=patient.sex,
            accession_number=header.accession_number,
            study_instance_uid=header.study_instance_uid,
            study_id=header.study_id,
            study_date=date,
            study_time=time,
            study_description=header.description,
            referring_physician=header.referring_physician.pn,
            procedure_code=procedure.value,
            procedure_scheme=procedure.scheme,
            procedure_meaning=procedure.meaning,
            step_description=requests[0].protocol.meaning if requests else header.description,
            modality=header.modality,
            body_part=header.body_part,
            station_ae_title=context.station_ae_title,
            station_name=context.station_ae_title,
            institution=self._institution,
            mpps_uid=context.mpps_uid,
            series_uid=store.series_instance_uid,
            instance_uid_root=instance_uid_root,
            performed_date=date,
            performed_time=time,
            requests=tuple(map(_request_of, requests)),
            character_set=self._character_sets.get(context.station_ae_title, ""),
        )


def _request_of(scheduled: ScheduledReference) -> RequestContext:
    return RequestContext(
        accession_number=scheduled.accession_number,
        requested_procedure_id=scheduled.requested_procedure_id,
        procedure_code=scheduled.procedure.value,
        procedure_scheme=scheduled.procedure.scheme,
        procedure_meaning=scheduled.procedure.meaning,
        scheduled_step_id=scheduled.step_id,
        step_description=scheduled.protocol.meaning,
        protocol_code=scheduled.protocol.value,
        protocol_scheme=scheduled.protocol.scheme,
        study_instance_uid=scheduled.study_instance_uid,
    )

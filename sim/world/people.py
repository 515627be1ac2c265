"""Who comes: each visit's patient, order and earlier study, a pure function of the seed and the visit's number."""

from dataclasses import dataclass
from datetime import timedelta

from datasets.draws import Draws
from datasets.people import PersonSource, StaffSource
from datasets.procedures import Procedure, procedures_by_modality
from emulators.core.identity import accession_number, uid
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.imaging import ImageContext, InstanceSet, StoreStudy, StudyHeader
from emulators.messages.orders import Order
from sim.images import ScannedImages
from sim.scenario import Scenario

ISSUER = "RADLOOP"
_REFERRERS = 40
_REASONS = ("Pain", "Follow-up", "Trauma", "Screening", "Cough", "Fever", "Suspected mass", "Pre-operative assessment")


@dataclass(frozen=True, slots=True)
class Case:
    """One visit and the one exam it is for; the order's date is set when it is placed."""

    number: int
    patient: Patient
    visit: Visit
    procedure: Procedure
    priority: str
    reason: str
    placer_order_number: str
    ordering_physician: PersonName
    instances: int
    has_prior: bool

    def order(self, requested_at: str) -> Order:
        return Order(
            placer_order_number=self.placer_order_number,
            procedure=procedure_code(self.procedure),
            modality=self.procedure.modality,
            body_part=self.procedure.body_part,
            priority=self.priority,
            requested_at=requested_at,
            reason=self.reason,
            ordering_physician=self.ordering_physician,
        )


def procedure_code(procedure: Procedure) -> Code:
    return Code(procedure.code, procedure.scheme, procedure.meaning)


def protocol_code(procedure: Procedure) -> Code:
    return Code(procedure.protocol_code, procedure.scheme, f"{procedure.meaning} protocol"[:64])


class Cases:
    """``case(number)`` for the visit that bears this number (arrivals.py)."""

    def __init__(self, scenario: Scenario, draws: Draws, images: ScannedImages) -> None:
        self._world = scenario.world
        self._epoch = scenario.site.epoch
        self._draws = draws
        self._images = images
        self._people = PersonSource(draws.seed, scenario.site.epoch.date())
        self._staff = StaffSource(draws.seed)
        self._mix = tuple(self._world.modality_mix.items())

    def case(self, number: int) -> Case:
        draws = self._draws
        modality = draws.weighted(self._mix, "modality", number)
        procedure = draws.choice(procedures_by_modality(modality), "procedure", number)
        referrer = self._staff.staff("referring_physician", draws.integer(_REFERRERS, "referrer", number))
        physician = PersonName(referrer.family_name, referrer.given_name)
        person = self._people.person(number)
        name = PersonName(person.family_name, person.given_name, person.middle_name)
        stat = draws.unit("stat", number) < self._world.stat_fraction
        return Case(
            number=number,
            patient=Patient(f"M{number:09d}", ISSUER, name, person.birth_date, person.sex),
            visit=Visit(f"V{number:09d}", "O", "CLINIC", physician),
            procedure=procedure,
            priority="STAT" if stat else "ROUTINE",
            reason=draws.choice(_REASONS, "reason", number),
            placer_order_number=f"P{number:09d}",
            ordering_physician=physician,
            instances=self._instance_count(procedure, number),
            has_prior=draws.unit("prior", number) < self._world.prior_fraction,
        )

    def study_bytes(self, case: Case) -> int:
        """What the images of the case come to."""
        return case.instances * self._images.nominal_bytes(case.procedure.modality)

    def prior(self, case: Case) -> StoreStudy:
        """The earlier study of a case that has one: the same procedure, some months before the run."""
        days_ago = 30 + self._draws.integer(700, "prior days", case.number)
        study_at = (self._epoch - timedelta(days=days_ago) + timedelta(hours=10)).strftime("%Y%m%d%H%M%S")
        mrn = case.patient.patient_id
        study = uid("prior study", mrn)
        accession = accession_number(f"prior {mrn}")
        modality = case.procedure.modality
        code = procedure_code(case.procedure)
        return StoreStudy(
            header=StudyHeader(case.patient, accession, study, study_at, modality, code.meaning),
            series_instance_uid=f"{study}.1",
            sop_class_uid=self._images.sop_class_uid(modality),
            instances=InstanceSet(f"{study}.1", 1, self._instance_count(case.procedure, -case.number)),
            instance_bytes=self._images.nominal_bytes(modality),
            context=ImageContext(
                requested_procedure_id=f"R{accession[1:]}",
                step_id=f"S{accession[1:]}",
                procedure=code,
                protocol=protocol_code(case.procedure),
                mpps_uid=uid("prior step", mrn),
                station_ae_title="ARCHIVED",
                referring_physician=case.ordering_physician,
            ),
        )

    def _instance_count(self, procedure: Procedure, subject: int) -> int:
        """Around the procedure's typical number, capped by the scenario."""
        drawn = round(self._draws.lognormal(procedure.instance_count, 0.2, "instances", subject))
        return max(1, min(drawn, self._world.images.cap))

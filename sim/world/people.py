"""Who comes: each visit's patient, orders, earlier study and happenings, a pure function of the seed and the visit's number.

The patient may be a user's own, who then comes as often as there are visits for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from datasets.draws import Draws
from datasets.people import Person, PersonSource, StaffSource
from datasets.procedures import Procedure, procedures_by_modality
from emulators.core.identity import accession_number, uid
from emulators.messages.common import Code, Patient, PersonName, Visit
from emulators.messages.imaging import ImageContext, StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import Order
from emulators.messages.steps import ScheduledReference
from sim.images import ScannedImages
from sim.scenario import Arrivals, Modality, Scenario
from sim.world.arrivals import Arrival

ISSUER = "RADLOOP"
UNKNOWN_NAME = PersonName("Doe", "John")
_REFERRERS = 40
_REASONS = ("Pain", "Follow-up", "Trauma", "Screening", "Cough", "Fever", "Suspected mass", "Pre-operative assessment")
_EXCLUSIVE = ("unordered", "no_show", "cancelled", "cancelled_too_late")
"""Of these a visit has one at the most; the first that is drawn."""
_OF_A_VISIT = ("changed", "updated", "merged", "transferred", "addendum", "corrected")
_OF_AN_EXAM = ("manual_entry", "wrong_entry", "discontinued")
"""Of these an exam has one at the most."""


@dataclass(frozen=True, slots=True)
class Exam:
    """One procedure that a visit is for. ``placer_order_number`` is empty where the order is made after the exam."""

    procedure: Procedure
    placer_order_number: str
    instances: int
    happenings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One visit. ``patient`` is who it is; ``registered`` is how they are registered at first."""

    number: int
    patient: Patient
    registered: Patient
    visit: Visit
    exams: tuple[Exam, ...]
    priority: str
    reason: str
    ordering_physician: PersonName
    has_prior: bool
    happenings: frozenset[str]

    @property
    def procedure(self) -> Procedure:
        """That of the first exam."""
        return self.exams[0].procedure

    def order(self, exam: Exam, requested_at: str) -> Order:
        """The order for one of the exams; orders of one visit share a placer group number."""
        return Order(
            placer_order_number=exam.placer_order_number,
            procedure=procedure_code(exam.procedure),
            modality=exam.procedure.modality,
            body_part=exam.procedure.body_part,
            priority=self.priority,
            requested_at=requested_at,
            reason=self.reason,
            ordering_physician=self.ordering_physician,
            placer_group_number=f"G{self.number:09d}" if len(self.exams) > 1 else "",
        )


def procedure_code(procedure: Procedure) -> Code:
    return Code(procedure.code, procedure.scheme, procedure.meaning)


def protocol_code(procedure: Procedure) -> Code:
    return Code(procedure.protocol_code, procedure.scheme, f"{procedure.meaning} protocol"[:64])


def name_of(person: Person) -> PersonName:
    return PersonName(
        person.family_name,
        person.given_name,
        person.middle_name,
        ideographic=person.ideographic,
        phonetic=person.phonetic,
    )


class Cases:
    """``case(arrival)`` for the visit of an arrival (arrivals.py). ``own``: patients of a user, by the number of the visit."""

    def __init__(
        self, scenario: Scenario, draws: Draws, images: ScannedImages, own: Mapping[int, Patient] | None = None
    ) -> None:
        self._world = scenario.world
        self._epoch = scenario.site.epoch
        self._draws = draws
        self._images = images
        self._own = own or {}
        self._own_ids = {patient.patient_id for patient in self._own.values()}
        self._people = PersonSource(draws.seed, scenario.site.epoch.date(), tuple(scenario.world.name_scripts.items()))
        self._staff = StaffSource(draws.seed)

    def case(self, arrival: Arrival) -> Case:
        draws, number = self._draws, arrival.number
        kind = self._world.arrivals[arrival.kind]
        referrer = self._staff.staff("referring_physician", draws.integer(_REFERRERS, "referrer", number))
        physician = PersonName(referrer.family_name, referrer.given_name)
        happenings = self._of_visit(number, kind)
        patient = self._patient(number)
        stat = draws.unit("stat", number) < kind.stat_fraction
        return Case(
            number=number,
            patient=patient,
            registered=self._registered(patient, happenings, number),
            visit=Visit(f"V{number:09d}", kind.patient_class, kind.location, physician),
            exams=self._exams(number, kind, happenings),
            priority="STAT" if stat or "unordered" in happenings else "ROUTINE",
            reason=draws.choice(_REASONS, "reason", number),
            ordering_physician=physician,
            has_prior=draws.unit("prior", number) < self._world.prior_fraction,
            happenings=happenings,
        )

    def _patient(self, number: int) -> Patient:
        own = self._own.get(number)
        if own is not None:
            return own
        person = self._people.person(number)
        return Patient(f"M{number:09d}", ISSUER, name_of(person), person.birth_date, person.sex)

    def _registered(self, patient: Patient, happenings: frozenset[str], number: int) -> Patient:
        """How the patient is registered at first: under a name to be found out, with a slip, or as somebody new."""
        if "merged" in happenings:
            patient = replace(patient, patient_id=self._new_id(number))
        if "unordered" in happenings:
            return replace(patient, name=UNKNOWN_NAME, birth_date="")
        if "updated" in happenings and patient.birth_date > "0002":
            year = int(patient.birth_date[:4]) - 1
            return replace(patient, birth_date=f"{year:04d}{patient.birth_date[4:].replace('0229', '0228')}")
        if "updated" in happenings:
            return replace(patient, name=UNKNOWN_NAME)
        return patient

    def _new_id(self, number: int) -> str:
        """An ID that nobody has."""
        new = f"D{number:09d}"
        while new in self._own_ids:
            new = f"D{new}"
        return new

    # --- what happens --------------------------------------------------------------------------------------------------

    def _happens(self, name: str, *key: int) -> bool:
        fraction: float = getattr(self._world.happenings, name)
        return fraction > 0 and self._draws.unit("happens", name, *key) < fraction

    def _of_visit(self, number: int, kind: Arrivals) -> frozenset[str]:
        possible = {
            "unordered": kind.patient_class == "E",
            "no_show": kind.patient_class == "O",
            "transferred": kind.patient_class == "I",
        }
        drawn = [name for name in _EXCLUSIVE if possible.get(name, True) and self._happens(name, number)][:1]
        drawn += [name for name in _OF_A_VISIT if possible.get(name, True) and self._happens(name, number)]
        if not {"unordered", "no_show", "cancelled"} & set(drawn) and self._happens("second_procedure", number):
            drawn.append("done_as_one" if self._happens("done_as_one", number) else "second_procedure")
        return frozenset(drawn)

    def _exams(self, number: int, kind: Arrivals, happenings: frozenset[str]) -> tuple[Exam, ...]:
        draws = self._draws
        modality = self._modality(number, kind)
        known = procedures_by_modality(modality)
        first = draws.choice(known, "procedure", number)
        chosen = [first]
        if happenings & {"second_procedure", "done_as_one"}:
            others = [procedure for procedure in known if procedure is not first]
            chosen += [draws.choice(others, "second procedure", number)] if others else []
        return tuple(self._exam(number, index, procedure, happenings) for index, procedure in enumerate(chosen))

    def _modality(self, number: int, kind: Arrivals) -> Modality:
        """Only women come to mammography; of the others who were drawn for it, another modality is drawn."""
        mix = tuple(kind.modality_mix.items())
        modality: Modality = self._draws.weighted(mix, "modality", number)
        others = tuple((other, share) for other, share in mix if other != "MG")
        if modality == "MG" and any(share for _, share in others) and self._patient(number).sex != "F":
            modality = self._draws.weighted(others, "modality instead", number)
        return modality

    def _exam(self, number: int, index: int, procedure: Procedure, happenings: frozenset[str]) -> Exam:
        ordered = "unordered" not in happenings
        key = (number, index) if index else (number,)
        drawn: list[str] = []
        if ordered and "done_as_one" not in happenings:
            possible = [name for name in _OF_AN_EXAM if name != "wrong_entry" or "cancelled_too_late" not in happenings]
            drawn = [name for name in possible if self._happens(name, *key)][:1]
        if ordered and self._happens("typing_error", *key):
            drawn.append("typing_error")
        if "discontinued" not in drawn and self._happens("appended", *key):
            drawn.append("appended")
        placer = f"P{number:09d}{'B' if index else ''}" if ordered else ""
        return Exam(procedure, placer, self._instance_count(procedure, *key), frozenset(drawn))

    # --- images --------------------------------------------------------------------------------------------------------

    def study_bytes(self, case: Case) -> int:
        """What the images of the case come to."""
        return sum(exam.instances * self._images.nominal_bytes(exam.procedure.modality) for exam in case.exams)

    def prior(self, case: Case) -> StoreStudy:
        """The earlier study of a case that has one: the same procedure, some months before the run."""
        days_ago = 30 + self._draws.integer(700, "prior days", case.number)
        study_at = (self._epoch - timedelta(days=days_ago) + timedelta(hours=10)).strftime("%Y%m%d%H%M%S")
        subject = f"M{case.number:09d}"
        study = uid("prior study", subject)
        accession = accession_number(f"prior {subject}")
        procedure = case.procedure
        modality, code = procedure.modality, procedure_code(procedure)
        request = ScheduledReference(
            accession, study, "", f"R{accession[1:]}", f"S{accession[1:]}", code, protocol_code(procedure)
        )
        return StoreStudy(
            header=StudyHeader(
                case.patient,
                accession,
                study,
                study_at,
                modality,
                code.meaning,
                procedure.body_part,
                request.requested_procedure_id,
                case.ordering_physician,
            ),
            series_instance_uid=f"{study}.1",
            sop_class_uid=self._images.sop_class_uid(modality),
            instances=InstanceSet(f"{study}.1", 1, self._instance_count(procedure, -case.number)),
            instance_bytes=self._images.nominal_bytes(modality),
            context=ImageContext((request,), uid("prior step", subject), "ARCHIVED"),
        )

    def _instance_count(self, procedure: Procedure, *subject: int) -> int:
        """Around the procedure's typical number, capped by the scenario."""
        drawn = round(self._draws.lognormal(procedure.instance_count, 0.2, "instances", *subject))
        return max(1, min(drawn, self._world.images.cap))

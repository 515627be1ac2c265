"""What the benchmarks send: exams of synthetic patients as HL7 messages, as worklist entries and as a series of CT images."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from datasets.examples import example_study
from datasets.modules import StudyContext
from datasets.people import PersonSource
from datasets.procedures import PROCEDURES, procedures_by_modality
from datasets.studies import Instance, SyntheticStudies
from emulators.actors.worklist import Worklist
from emulators.actors.worklist_item import worklist_item
from emulators.codecs.hl7v2 import Hl7Codec
from emulators.messages.attributes import Attributes
from emulators.messages.common import Code, Patient, PersonName, Visit, from_pn
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import Order, ScheduledProcedure, ScheduleProcedure
from emulators.messages.report import Report, ReportedOrder
from emulators.messages.worklist import query_for_all_keys
from emulators.store.part10 import head

SEED = 7
STATIONS = 20
WORKLIST_ITEMS = 500
MATCHES = WORKLIST_ITEMS // STATIONS
QUERY = query_for_all_keys({"ScheduledStationAETitle": "STATION03", "ScheduledProcedureStepStartDate": "20260302"})

_PEOPLE = PersonSource(SEED)
_PHYSICIAN = PersonName("House", "Greg", prefix="Dr")
_REPORT = "\n".join(f"Line {number} of a report: liver, spleen & pancreas are unremarkable." for number in range(1, 21))


def hl7_codec(version: str) -> Hl7Codec:
    """The codec of one link."""
    return Hl7Codec(version, "RIS", "CLINIC", "PACS", "CLINIC")


def patient(number: int) -> Patient:
    person = _PEOPLE.person(number)
    name = PersonName(person.family_name, person.given_name, person.middle_name)
    return Patient(f"MRN{number:06d}", "RADLOOP", name, person.birth_date, person.sex)


def scheduled_exam(number: int) -> ScheduleProcedure:
    """An ORM^O01 with all that is known of exam ``number``; its steps go to 20 stations in turn, all on 2 March 2026."""
    procedure = PROCEDURES[number % len(PROCEDURES)]
    code = Code(procedure.code, procedure.scheme, procedure.meaning)
    protocol = Code(procedure.protocol_code, procedure.scheme, procedure.meaning)
    start = f"20260302{8 + number % 10:02d}{number % 60:02d}00"
    return ScheduleProcedure(
        f"P{number:06d}-SP1",
        "20260302070000",
        patient(number),
        Visit(f"V{number:06d}", "O", "RADIOLOGY", _PHYSICIAN),
        Order(f"P{number:06d}", code, procedure.modality, procedure.body_part, "ROUTINE", start, "Pain", _PHYSICIAN),
        (
            ScheduledProcedure(
                f"A{number:09d}",
                f"2.25.{4711 + number}",
                f"R{number:09d}",
                f"S{number:09d}",
                protocol,
                f"STATION{number % STATIONS:02d}",
                start,
                procedure.modality,
            ),
        ),
    )


def report(number: int) -> Report:
    """An ORU^R01 with a text of 20 lines."""
    exam = scheduled_exam(number)
    return Report(
        control_id=f"P{number:06d}-RF1",
        sent_at="20260302100000",
        patient=exam.patient,
        orders=(
            ReportedOrder(
                exam.order.placer_order_number,
                exam.procedure.accession_number,
                exam.procedure.study_instance_uid,
                exam.order.procedure,
            ),
        ),
        status="F",
        text=_REPORT,
        reader=PersonName("Reed", "Ray"),
        reported_at="20260302095900",
    )


def worklist_items() -> list[Attributes]:
    """500 scheduled steps, 25 of each station."""
    exams = (scheduled_exam(number) for number in range(WORKLIST_ITEMS))
    return [worklist_item(exam.patient, exam.visit, exam.order, exam.procedure) for exam in exams]


def worklist() -> Worklist:
    """These steps as the RIS keeps them."""
    kept = Worklist()
    for number, item in enumerate(worklist_items()):
        kept.put(str(number), item)
    return kept


@cache
def ct_study() -> StudyContext:
    """One CT exam with one series."""
    return example_study(SEED, 0, procedures_by_modality("CT")[0])


@cache
def ct_instances(count: int) -> tuple[Instance, ...]:
    """Instances 1 to ``count`` of the series, 0.525 MB each."""
    source = SyntheticStudies(SEED)
    return tuple(source.instance(ct_study(), number) for number in range(1, count + 1))


def ct_store(first: int, last: int) -> StoreStudy:
    """The message that stores these instances of the series."""
    study = ct_study()
    name = from_pn(study.patient_name)
    who = Patient(study.patient_id, study.issuer_of_patient_id, name, study.birth_date, study.sex)
    header = StudyHeader(
        who,
        study.accession_number,
        study.study_instance_uid,
        study.study_date + study.study_time,
        study.modality,
        study.procedure_meaning,
    )
    instance = ct_instances(1)[0]
    instances = InstanceSet(study.instance_uid_root, first, last)
    return StoreStudy(header, study.series_uid, instance.sop_class_uid, instances, instance.size_bytes)


def write_files(folder: Path, instances: Iterable[Instance]) -> None:
    """Write each instance as a DICOM file of the name that its UID gives it."""
    for instance in instances:
        with (folder / file_name(instance.sop_instance_uid)).open("wb") as file:
            file.write(file_head(instance))
            file.writelines(instance.buffers)


def file_name(sop_instance_uid: str) -> str:
    return f"{sop_instance_uid}.dcm"


def file_head(instance: Instance) -> bytes:
    """All that comes before the data set in a file."""
    uids = (instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
    return head(*uids, "2.25.7", "BENCH", "BENCH")

"""Patient administration: registration, update, encounters and identifiers. Effects are read back on worklist and archive."""

from collections.abc import Mapping

from pydicom.dataset import Dataset

from conformance.case import MEMORY, MUST, NO_CLAUSE, OPINION, READ, SECONDARY, SHOULD, Role, case
from conformance.material.data_sets import decode
from conformance.material.holdings import Holdings
from conformance.material.orders import new_order, order_of
from conformance.material.patients import Patient, Visit, adt, pid, register
from conformance.material.read_back import person_name, studies, text, worklist
from conformance.material.sending import registered
from conformance.material.sop_classes import CT
from conformance.material.telling import told
from conformance.peers.acceptor import scp_role
from conformance.peers.mllp import ReceivedMessage
from conformance.target import RoleTarget
from conformance.trial import Trial
from conformance.verdict import Failure, Inconclusive

RIS_AND_PACS: tuple[Role, ...] = ("ris", "pacs")
STEPS: Mapping[str, str] = {"A04": "register", "A01": "admit", "A05": "preadmit"}
"""Operator steps of an EHR, by the trigger event of what it then sends."""

STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"


def _comings(role: RoleTarget) -> list[str]:
    services = role.claims.services
    return ["A01", "A04", "A05", "A28"] if "adt" in services else list(STEPS) if "adt_sending" in services else []


@case(
    "hl7.adt.reg.1",
    MUST,
    ("ris", "ehr"),
    "+",
    "HL7 3.3.1, 3.3.4, 3.3.5; RAD TF-2 4.1; ITI-30 3.30.4",
    SECONDARY,
    variants=_comings,
)
def a_registered_patient_is_known_with_id_authority_name_birth_date_and_sex(trial: Trial) -> None:
    """A01, A04, A05 and A28 create the patient (and the visit): PID-3 with its assigning authority, PID-5, PID-7, PID-8; EVN-2.
    Of an EHR: the message that it sends has them.
    """
    patient, visit = Patient(trial.patient_id(), ("Doe", "Jane", "Mary")), Visit(trial.identifier("V"), "I", "WARD7")
    if trial.role == "ehr":
        patient = Patient(patient.patient_id)
        registered(trial, STEPS[trial.variant], patient, visit)
        _expect_registration(trial, _sent_about(trial, patient), patient, visit)
        return
    told(trial, register(trial, trial.variant, patient, visit))
    bare = {7: "", 8: ""}  # what the order does not say is what patient administration has said
    order = order_of(trial, patient, Visit(visit.number if trial.variant != "A28" else "", "I", ""))
    told(trial, new_order(trial, order, pid_fields=bare))
    entry = _appeared(trial, patient.patient_id)
    _expect_demographics(trial, entry, patient)
    if trial.variant != "A28":
        trial.expect_equal("Admission ID", text(entry, "AdmissionID"), visit.number)


def _sent_about(trial: Trial, patient: Patient) -> ReceivedMessage:
    def is_it(message: ReceivedMessage) -> bool:
        return message.field("PID", 3) == patient.patient_id and message.field("PID", 3, 4) == patient.issuer

    return trial.peer("engine").mllp.wait_for("an ADT message about the patient", is_it, trial.timers.propagation_s)[0]


def _expect_registration(trial: Trial, sent: ReceivedMessage, patient: Patient, visit: Visit) -> None:
    trial.expect_equal("MSH-9.2", sent.field("MSH", 9, 2), trial.variant, sent.records)
    trial.expect(bool(sent.field("EVN", 2)), "EVN-2", "none", sent.records)
    trial.expect_equal("PID-3.4", sent.field("PID", 3, 4), patient.issuer, sent.records)
    trial.expect_equal("PID-5", (sent.field("PID", 5), sent.field("PID", 5, 2)), patient.name[:2], sent.records)
    trial.expect_equal("PID-7", sent.field("PID", 7)[:8], patient.birth_date, sent.records)
    trial.expect_equal("PID-8", sent.field("PID", 8), patient.sex, sent.records)
    trial.expect(bool(sent.field("PV1", 2)), "PV1-2", "none", sent.records)
    trial.expect_equal("PV1-19", sent.field("PV1", 19), visit.number, sent.records)


def _appeared(trial: Trial, patient_id: str) -> Dataset:
    """The first worklist entry of a patient. Raises Failure where none comes."""
    found: list[Dataset] = []

    def seen() -> bool:
        found[:] = worklist(trial, PatientID=patient_id).matches
        return bool(found)

    trial.expect(trial.eventually(seen, trial.timers.propagation_s), "a worklist entry", "none")
    return found[0]


def _expect_demographics(trial: Trial, shown: Dataset, patient: Patient) -> None:
    trial.expect_equal("Patient ID", text(shown, "PatientID"), patient.patient_id)
    trial.expect_equal("Patient's Name", person_name(shown), patient.dicom_name)
    trial.expect_equal("Patient's Birth Date", text(shown, "PatientBirthDate"), patient.birth_date)
    trial.expect_equal("Patient's Sex", text(shown, "PatientSex"), patient.sex)
    issuer = text(shown, "IssuerOfPatientID")
    trial.should(issuer == patient.issuer, f"Issuer of Patient ID: {patient.issuer}", issuer or "none")


@case(
    "hl7.adt.upd.1",
    MUST,
    ("ris", "pacs", "reporting"),
    "+",
    "HL7 v2.9.1 3.3.8, 3.3.31; RAD TF-2 4.12 (RAD-12)",
    READ,
    needs="adt",
    variants=("A08", "A31"),
)
def changed_demographics_show_everywhere(trial: Trial) -> None:
    """A08 (and A31) changes demographics everywhere: in worklist entries that are not done, in archived studies, and in what is
    retrieved of them as declared.
    """
    if trial.role == "reporting":
        raise Inconclusive("a reading system shows nobody a patient's demographics")
    holdings, patient = Holdings(trial), Patient(trial.patient_id())
    with trial.beforehand("the patient is registered"):
        told(trial, register(trial, "A04", patient))
    key = holdings.put(patient)
    changed = Patient(patient.patient_id, (trial.identifier("N").capitalize(), "Joan"), "19710202", "M")
    told(trial, register(trial, trial.variant, changed))

    def is_changed() -> bool:
        return person_name(holdings.entry(key)) == changed.dicom_name

    trial.eventually(is_changed, trial.timers.propagation_s)
    _expect_demographics(trial, holdings.entry(key), changed)
    if trial.role == "pacs" and "get" in trial.target.claims.services:
        current = trial.target.policies.retrieved_header == "current"
        trial.expect_equal(
            "name in what is retrieved", _retrieved_name(trial, key), (changed if current else patient).dicom_name
        )


def _retrieved_name(trial: Trial, study_uid: str) -> str:
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", study_uid
    with trial.associate(STUDY_GET, CT, roles=(scp_role(CT),)) as peer:
        retrieved = peer.get(STUDY_GET, identifier)
    if not retrieved.stored:
        raise Failure("the study comes by C-GET", retrieved.final.meaning, retrieved.final.records)
    first = retrieved.stored[0]
    return person_name(decode(first.data or b"", first.transfer_syntax))


@case("hl7.adt.upd.2", OPINION, RIS_AND_PACS, "-", "ITI-30 3.30.4; opinion", NO_CLAUSE, needs="adt")
def an_update_of_an_unknown_patient_is_treated_as_declared(trial: Trial) -> None:
    """A08 for an unknown patient creates it or is refused AE, as declared, and never leaves half a record."""
    patient = Patient(trial.patient_id(), birth_date="19820404", sex="M")
    creates = trial.target.policies.unknown_patient_update == "create"
    told(trial, register(trial, "A08", patient), *(("AA",) if creates else ("AE", "AR")))
    if trial.role == "pacs":
        shown = studies(trial, PatientID=patient.patient_id).matches
        trial.expect(not shown, "no study of a patient who has none", f"{len(shown)}")
    elif creates:
        told(trial, new_order(trial, order_of(trial, patient), pid_fields={7: "", 8: ""}))
        _expect_demographics(trial, _appeared(trial, patient.patient_id), patient)


STAYS = ("A03", "A11", "A13", "A38")
"""After which the patient is where they were."""
ENCOUNTERS = ("A02", "A06", "A07", "A12", *STAYS)


@case("hl7.adt.enc.1", SHOULD, "ris", "+", "HL7 chapter 3; ITI-31", MEMORY, needs="adt", variants=ENCOUNTERS)
def what_happens_to_a_visit_shows_on_the_worklist(trial: Trial) -> None:
    """A02, A03, A06, A07, A11, A12, A13 and A38 are taken: the location follows, and no order goes without a rule."""
    holdings, patient = Holdings(trial), Patient(trial.patient_id())
    came = Visit(trial.identifier("V"), "I", "WARD1")
    with trial.beforehand("the patient is admitted"):
        told(trial, register(trial, "A05" if trial.variant == "A38" else "A01", patient, came))
        if trial.variant == "A12":
            told(trial, register(trial, "A02", patient, Visit(came.number, "I", "WARD9")))
    key = holdings.put(patient, order_of(trial, patient, Visit(came.number, "I", "")))
    location = "WARD2" if trial.variant in ("A02", "A06", "A07") else came.location
    now = Visit(came.number, "O" if trial.variant == "A07" else "I", location)
    told(trial, adt(trial, trial.variant, [pid(patient), now.row()]))

    def follows() -> bool:
        return text(holdings.entry(key), "CurrentPatientLocation") == location

    trial.eventually(follows, trial.timers.propagation_s)
    if trial.variant in STAYS:  # nothing that comes says that the message was worked
        trial.eventually(lambda: not follows(), trial.timers.quiet_s)
    trial.expect_equal("Current Patient Location", text(holdings.entry(key), "CurrentPatientLocation"), location)


def _identifiers(role: RoleTarget) -> list[str]:
    return ["authorities", "long"] if "adt" not in role.claims.services else ["authorities", "repeats", "long"]


@case(
    "hl7.adt.id.1",
    MUST,
    ("ris", "pacs", "ehr"),
    "-",
    "HL7 2.A.14 (CX); ITI-30 (CX-4)",
    READ,
    safety=True,
    variants=_identifiers,
)
def an_identifier_is_its_number_and_its_authority(trial: Trial) -> None:
    """The same ID number under two assigning authorities is two patients; of repeated PID-3 the medical record number is taken
    by its type code; a check digit and 64 characters do no harm.
    """
    {"authorities": _two_authorities, "repeats": _repeats, "long": _long_id}[trial.variant](trial)


def _two_authorities(trial: Trial) -> None:
    number = trial.patient_id()
    patients = [Patient(number, (f"{name}{number[1:6]}".capitalize(), "Jane"), issuer=f"HOSP{name}") for name in ("A", "B")]
    if trial.role == "ehr":
        for patient in patients:
            registered(trial, patient=patient)
        for patient in patients:
            trial.expect_equal("PID-5", _sent_about(trial, patient).field("PID", 5), patient.name[0])
        return
    holdings = Holdings(trial)
    with trial.beforehand("both are registered"):
        for patient in patients:
            told(trial, register(trial, "A04", patient))
    keys = {holdings.put(patient): patient for patient in patients}
    trial.expect_equal("how many there are", len(keys), 2)
    changed = Patient(number, (f"C{number[1:6]}".capitalize(), "Jane"), issuer=patients[0].issuer)
    told(trial, register(trial, "A08", changed))
    first, second = keys
    trial.eventually(lambda: person_name(holdings.entry(first)) == changed.dicom_name, trial.timers.propagation_s)
    for key, patient in ((first, changed), (second, patients[1])):
        _expect_demographics(trial, holdings.entry(key), patient)


def _repeats(trial: Trial) -> None:
    patient, holdings = Patient(trial.patient_id()), Holdings(trial)
    three = [
        ("N1", "", "", "NATION", "NI"),
        (patient.patient_id, "4", "M10", patient.issuer, "MR"),
        ("I7", "", "", "INSURER", "PT"),
    ]
    visit = Visit(trial.identifier("V"))
    told(trial, adt(trial, "A04", [pid(patient, {3: three}), visit.row()]))
    key = holdings.put(patient)
    changed = Patient(patient.patient_id, (trial.identifier("N").capitalize(), "Jane"))
    told(trial, adt(trial, "A08", [pid(changed, {3: three}), visit.row()]))
    trial.eventually(lambda: person_name(holdings.entry(key)) == changed.dicom_name, trial.timers.propagation_s)
    _expect_demographics(trial, holdings.entry(key), changed)


def _long_id(trial: Trial) -> None:
    patient = Patient(trial.identifier("L", 64))
    if trial.role == "ehr":
        registered(trial, patient=patient)
        _sent_about(trial, patient)
        return
    holdings = Holdings(trial)
    told(trial, register(trial, "A04", patient))
    key = holdings.put(patient)
    _expect_demographics(trial, holdings.entry(key), patient)

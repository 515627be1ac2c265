"""Worklist SCP: what an entry holds, one case per type of return key (Table K.6-1)."""

from collections.abc import Iterator

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.valuerep import validate_value

from conformance.case import MUST, READ, SECONDARY, case
from conformance.material.data_sets import keywords
from conformance.material.matching import texts
from conformance.material.orders import order_of
from conformance.material.worklist import (
    CODE_KEYS,
    KEYS,
    REFERENCES,
    STEPS,
    WORKLIST_FIND,
    ask,
    identifier,
    reference_worklist,
    schedule,
    step_of,
    wait_for_entries,
)
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial

TYPE_1 = ("PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID")
TYPE_1_OF_STEP = (
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "Modality",
    "ScheduledProcedureStepID",
)
TYPE_2_OF_STEP = ("ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation")
_TYPE_1C = ("RequestedProcedureDescription",)
TYPE_2 = (*(one for one in KEYS if one not in TYPE_1 + _TYPE_1C), *REFERENCES)


def entries(trial: Trial) -> Iterator[tuple[str, Dataset, Dataset]]:
    """Every entry of the reference worklist, as the answer to a query for all keys: its name, itself, its step."""
    for name, entry in reference_worklist(trial).entries.items():
        items = entry.get(STEPS)
        trial.expect(items is not None and len(items) == 1, f"one item in the step sequence of {name}", f"{len(items or [])}")
        yield name, entry, step_of(entry)


@case("dicom.mwl.return.1", MUST, "ris", "+", "PS3.4 Table K.6-1; PS3.5 6.2", READ, needs="worklist")
def type_1_keys_have_legal_values(trial: Trial) -> None:
    """Type 1 keys have values, legal in their VR: Station AET, Start Date, Start Time, Modality, SPS ID, Requested Procedure
    ID, Study Instance UID, Patient Name, Patient ID.
    """
    for name, entry, step in entries(trial):
        for dataset, wanted in ((entry, TYPE_1), (step, TYPE_1_OF_STEP)):
            for keyword in wanted:
                values = texts(dataset[keyword]) if keyword in dataset else []
                trial.expect(bool(values), f"a value in {keyword} of {name}", "none")
                for value in values:
                    fault = illegal(str(dataset[keyword].VR), value)
                    trial.expect(not fault, f"a legal value in {keyword} of {name}", fault)


def illegal(vr: str, value: str) -> str:
    """What is wrong with a value, in words; empty when nothing is."""
    try:
        validate_value(vr, value, config.RAISE)
    except ValueError as error:
        return str(error)
    return ""


@case("dicom.mwl.return.2", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def procedure_and_step_are_described_by_text_or_code(trial: Trial) -> None:
    """Type 1C: SPS Description or Scheduled Protocol Code Sequence, and Requested Procedure Description or Code Sequence, with
    value, scheme and meaning.
    """
    for name, entry, step in entries(trial):
        for dataset, description, sequence in (
            (step, "ScheduledProcedureStepDescription", "ScheduledProtocolCodeSequence"),
            (entry, "RequestedProcedureDescription", "RequestedProcedureCodeSequence"),
        ):
            items = dataset.get(sequence) or []
            trial.expect(bool(items or dataset.get(description)), f"{description} or {sequence} of {name}", "neither")
            for item in items:
                missing = [keyword for keyword in CODE_KEYS if not item.get(keyword)]
                trial.expect(not missing, f"{', '.join(CODE_KEYS)} in {sequence} of {name}", f"without {', '.join(missing)}")


@case("dicom.mwl.return.3", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def type_2_keys_are_returned_with_or_without_a_value(trial: Trial) -> None:
    """Type 2 keys are returned (value may be empty): Accession, physicians, Admission ID, location, references, birth date,
    sex, weight, state, alerts, allergies, pregnancy, special needs, priority, transport.
    """
    for name, entry, step in entries(trial):
        missing = [keyword for keyword in TYPE_2 if keyword not in entry]
        missing += [keyword for keyword in TYPE_2_OF_STEP if keyword not in step]
        trial.expect(not missing, f"every key of type 2 that was asked for, of {name}", f"without {', '.join(missing)}")


CONDITIONAL = frozenset(("SpecificCharacterSet", "TimezoneOffsetFromUTC"))
OF_A_SCANNER = ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID")
OF_ITS_STEP = ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepID")


@case("dicom.mwl.return.4", MUST, "ris", "+", "PS3.4 K.4.1.1.3.2, Table K.6-1a", READ, needs="worklist")
def nothing_is_returned_that_was_not_asked_for(trial: Trial) -> None:
    """Only requested keys are returned, plus (0008,0005) and time-zone offset under their conditions (never empty)."""
    patient_id = reference_worklist(trial).orders[0].patient.patient_id
    keys, step = Dataset(), Dataset()
    for keyword in OF_ITS_STEP:
        setattr(step, keyword, None)
    for keyword in OF_A_SCANNER:
        setattr(keys, keyword, None)
    keys.PatientID, keys.ScheduledProcedureStepSequence = patient_id, [step]
    with trial.associate(WORKLIST_FIND) as peer:
        found = ask(peer, keys)
    trial.expect(bool(found.pending), "entries of the patient", "none", found.final.records)
    for one in found.pending:
        entry = one.dataset
        extra = (keywords(entry) - keywords(keys) - CONDITIONAL) | (keywords(step_of(entry)) - keywords(step))
        trial.expect(not extra, "the keys that were asked for", f"also {', '.join(sorted(extra))}", one.records)
        empty = [keyword for keyword in CONDITIONAL if keyword in entry and not texts(entry[keyword])]
        trial.expect(not empty, "a conditional element is never empty", f"{', '.join(empty)} is", one.records)


@case(
    "dicom.mwl.return.5",
    MUST,
    "ris",
    "+",
    "RAD TF-2x App. A, Table A-1 note IHE-23; PS3.4 K.6.1.2.1",
    SECONDARY,
    safety=True,
    needs=("worklist", "orders"),
)
def a_procedure_has_one_study_instance_uid_everywhere(trial: Trial) -> None:
    """Identity is consistent: one Study Instance UID per requested procedure, the same on every query, equal to ZDS-1 or IPC-3
    sent to the PACS.
    """
    order = order_of(trial)
    patient_id = order.patient.patient_id
    with trial.beforehand("an order on the worklist"):
        schedule(trial, [order])
        wait_for_entries(trial, {patient_id}, 1)
    with trial.associate(WORKLIST_FIND) as peer:
        queries = [ask(peer, identifier(PatientID=patient_id)) for _ in range(2)]
    uids = [uid for found in queries for uid in found.values("StudyInstanceUID")]
    trial.expect(len(uids) == 2 and uids[0] == uids[1] != "", "the same Study Instance UID on both queries", ", ".join(uids))
    if "orders_sending" in trial.target.claims.services:
        archive = trial.peer("pacs").mllp
        [told] = archive.wait_for(
            "an order with ZDS or IPC",
            lambda message: message.field("PID", 3) == patient_id and bool(_study(message)),
            trial.timers.propagation_s,
        )
        trial.expect_equal("ZDS-1 or IPC-3", _study(told), uids[0], told.records)


def _study(message: ReceivedMessage) -> str:
    return message.field("ZDS", 1) or message.field("IPC", 3)

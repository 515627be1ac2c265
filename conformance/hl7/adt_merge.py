"""Merged patients (A40): what was known under MRG-1 is found under PID-3, on worklist and archive."""

from collections.abc import Callable, Mapping

from conformance.case import MUST, READ, SECONDARY, SHOULD, Role, case
from conformance.material.archive_view import ArchiveView
from conformance.material.holdings import Holdings
from conformance.material.images import Study
from conformance.material.orders import new_order, order_of
from conformance.material.patients import Patient, adt, merge, pid, register
from conformance.material.read_back import claimed, person_name, studies
from conformance.material.sending import registered
from conformance.material.sop_classes import CT
from conformance.material.steps import MPPS, PerformedStep, entry
from conformance.material.telling import told
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial
from conformance.verdict import Inconclusive
from emulators.wire.er7 import row

RIS_AND_PACS: tuple[Role, ...] = ("ris", "pacs")
MERGE = "HL7 v2.9.1 3.3.40, 3.6.2.1; RAD TF-2 4.12; ITI-30 3.30.4.1"


@case("hl7.adt.merge.1", MUST, ("ris", "pacs", "reporting", "ehr"), "+", MERGE, READ, safety=True)
def after_a_merge_everything_is_under_the_survivor(trial: Trial) -> None:
    """A40: everything of MRG-1 is now under PID-3, orders, worklist and studies; the old ID is not used again. Of an EHR: its
    A40 says who stays and who goes, and what it sends later names who stays.
    """
    if trial.role == "ehr":
        _merge_at_the_placer(trial)
        return
    trial.needs("adt" in trial.target.claims.services, "adt")
    if trial.role == "reporting":
        raise Inconclusive("a reading system shows nobody whose its orders are")
    survivor, merged, holdings, keys = _two_patients(trial)
    told(trial, merge(trial, survivor, merged))
    _expect_all_under(trial, holdings, survivor, merged, keys)


def _two_patients(trial: Trial) -> tuple[Patient, Patient, Holdings, set[str]]:
    """Both registered, each with something of their own."""
    holdings = Holdings(trial)
    survivor = Patient(trial.patient_id(), (trial.identifier("N").capitalize(), "Jane"), "19710202")
    merged = Patient(trial.patient_id(), (trial.identifier("N").capitalize(), "Jane"), "19720202")
    with trial.beforehand("both patients are registered"):
        for patient in (survivor, merged):
            told(trial, register(trial, "A04", patient))
    return survivor, merged, holdings, {holdings.put(survivor), holdings.put(merged)}


def _expect_all_under(trial: Trial, holdings: Holdings, survivor: Patient, merged: Patient, keys: set[str]) -> None:
    def names() -> list[str]:
        found = holdings.entries(PatientID=survivor.patient_id)
        return [person_name(found[key]) for key in keys & found.keys()]

    wanted, is_moved = [survivor.dicom_name] * len(keys), trial.target.policies.merge_effect == "move"
    trial.eventually(lambda: names() == wanted if is_moved else len(names()) == len(keys), trial.timers.propagation_s)
    trial.expect_equal("orders or studies under the ID that stays", len(names()), len(keys))
    if is_moved:
        trial.expect_equal("names of the patient who stays", names(), wanted)
        left = holdings.of(merged.patient_id)
        trial.expect(not left, "none under the ID that is over", f"{len(left)}")


def _merge_at_the_placer(trial: Trial) -> None:
    trial.needs("adt_sending" in trial.target.claims.services, "adt_sending")
    survivor, merged = (registered(trial) for _ in range(2))
    trial.operate(
        "merge",
        **{
            "subject": survivor.patient_id,
            **survivor.step_data,
            "prior_patient_id": merged.patient_id,
            "prior_issuer": merged.issuer,
        },
    )
    engine, limit_s = trial.peer("engine").mllp, trial.timers.propagation_s

    def is_merge(message: ReceivedMessage) -> bool:
        return message.field("MSH", 9, 2) == "A40" and message.field("MRG", 1) == merged.patient_id

    [sent] = engine.wait_for("A40 with the old ID in MRG-1", is_merge, limit_s)
    trial.expect_equal("PID-3", sent.field("PID", 3), survivor.patient_id, sent.records)
    trial.expect_equal("MRG-1.4", sent.field("MRG", 1, 4), merged.issuer, sent.records)
    registered(trial, "update patient", merged)
    ids = {survivor.patient_id, merged.patient_id}
    [later] = engine.wait_for(
        "A08 of the patient", lambda one: one.field("MSH", 9, 2) == "A08" and one.field("PID", 3) in ids, limit_s
    )
    trial.expect_equal("PID-3 of a later message", later.field("PID", 3), survivor.patient_id, later.records)


@case(
    "hl7.adt.merge.2",
    MUST,
    RIS_AND_PACS,
    "-",
    "HL7 3.3.40; dcm4chee documentation, merged patients",
    SECONDARY,
    safety=True,
    needs=("adt", "performed_step"),
)
def a_merge_during_an_exam_loses_nothing(trial: Trial) -> None:
    """A40 while a study of the old ID is open (a step in progress, images arriving): the exam ends under the ID that stays; no
    study is lost, and the old ID does not come back as a second patient.
    """
    (_at_archive if trial.role == "pacs" else _at_filler)(trial)


def _at_archive(trial: Trial) -> None:
    survivor, merged = (Patient(trial.patient_id()) for _ in range(2))
    scheduled = entry(trial, merged)
    named = {"StudyInstanceUID": str(scheduled.StudyInstanceUID), "AccessionNumber": str(scheduled.AccessionNumber)}
    study, step = Study(trial, PatientID=merged.patient_id, **named), PerformedStep(trial, merged, [scheduled])
    images = study.images(4)
    step.has_made(images)
    with trial.beforehand("an exam of the old ID is under way"):
        for patient in (survivor, merged):
            told(trial, register(trial, "A04", patient))
        with trial.associate(MPPS, CT) as peer:
            trial.expect_equal("N-CREATE", peer.n_create(MPPS, step.uid, step.created()).status, 0)
            peer.store_all(images[:2])
    told(trial, merge(trial, survivor, merged))
    with trial.associate(MPPS, CT) as peer:
        for image in images[2:]:
            answer = peer.store(image)
            met = answer.status == 0 or answer.status >> 12 == 0xB
            trial.expect(met, "the rest of the images is stored", answer.meaning, answer.records)
        answer = peer.n_set(MPPS, step.uid, step.ended())
        trial.expect_equal("N-SET", answer.meaning, "0000H success", answer.records)

    def count() -> int:
        found = studies(trial, PatientID=survivor.patient_id, StudyInstanceUID=study.uid).matches
        return len(ArchiveView(trial).instances(study.uid, survivor.patient_id)) if found else 0

    trial.eventually(lambda: count() == len(images), trial.timers.index_s + trial.timers.propagation_s)
    trial.expect_equal("images under the ID that stays", count(), len(images))
    trial.expect_equal("studies under the ID that is over", len(Holdings(trial).of(merged.patient_id)), 0)


def _at_filler(trial: Trial) -> None:
    """The placer hears of the end of the exam under the ID that stays."""
    claimed(trial, "order_status_sending")
    survivor, merged = (Patient(trial.patient_id()) for _ in range(2))
    holdings, order = Holdings(trial), order_of(trial, merged)
    with trial.beforehand("an exam of the old ID is under way"):
        for patient in (survivor, merged):
            told(trial, register(trial, "A04", patient))
        step = PerformedStep(trial, merged, [holdings.entry(holdings.put(merged, order))])
        with trial.associate(MPPS) as peer:
            trial.expect_equal("N-CREATE", peer.n_create(MPPS, step.uid, step.created()).status, 0)
    told(trial, merge(trial, survivor, merged))
    with trial.associate(MPPS) as peer:
        answer = peer.n_set(MPPS, step.uid, step.ended())
        trial.expect_equal("N-SET", answer.meaning, "0000H success", answer.records)

    def is_end(message: ReceivedMessage) -> bool:
        return message.field("ORC", 2) == order.placer and message.field("ORC", 5) == "CM"

    [end] = trial.peer("engine").mllp.wait_for("the end of the order (ORC-5 CM)", is_end, trial.timers.propagation_s)
    trial.expect_equal("PID-3 of the status", end.field("PID", 3), survivor.patient_id, end.records)


@case(
    "hl7.adt.merge.3",
    MUST,
    RIS_AND_PACS,
    "-",
    "HL7 v2.9.1 3.6.2.1; ITI-30 3.30.4.1",
    READ,
    safety=True,
    needs="adt",
    variants=("chain", "repeat", "unknown", "early", "pairs", "authority"),
)
def odd_merges_end_as_the_same_merges_in_their_order(trial: Trial) -> None:
    """A chain, a repetition, an unknown MRG-1, A40 before A04 of PID-3 and several pairs end as a correct serial merge would,
    or are answered AE; the patients of two assigning authorities are never merged.
    """
    tries: Mapping[str, Callable[[Trial], None]] = {
        "chain": _chain,
        "repeat": _repeat,
        "unknown": _unknown,
        "early": _early,
        "pairs": _pairs,
        "authority": _authority,
    }
    tries[trial.variant](trial)


def _chain(trial: Trial) -> None:
    survivor, merged, holdings, keys = _two_patients(trial)
    last = Patient(trial.patient_id())
    told(trial, register(trial, "A04", last))
    told(trial, merge(trial, survivor, merged))
    told(trial, merge(trial, last, survivor))
    _expect_all_under(trial, holdings, last, merged, keys)
    _expect_all_under(trial, holdings, last, survivor, keys)


def _repeat(trial: Trial) -> None:
    survivor, merged, holdings, keys = _two_patients(trial)
    told(trial, merge(trial, survivor, merged))
    told(trial, merge(trial, survivor, merged), "AA", "AE")
    _expect_all_under(trial, holdings, survivor, merged, keys)


def _unknown(trial: Trial) -> None:
    survivor, other, holdings, keys = _two_patients(trial)
    told(trial, merge(trial, survivor, Patient(trial.patient_id())), "AA", "AE")
    _another_merge_is_seen(trial)
    found = [len(holdings.of(one.patient_id) & keys) for one in (survivor, other)]
    trial.expect_equal("orders or studies of each of the two known patients", found, [1, 1])


def _another_merge_is_seen(trial: Trial) -> None:
    """Of two other patients: what was told before has had its effect by then. Raises Inconclusive."""
    survivor, merged, holdings, keys = _two_patients(trial)
    with trial.beforehand("another merge is seen"):
        told(trial, merge(trial, survivor, merged))
        _expect_all_under(trial, holdings, survivor, merged, keys)


def _early(trial: Trial) -> None:
    """The one who stays is registered after the merge; whichever answer, all is found under the answer's meaning."""
    holdings, merged = Holdings(trial), Patient(trial.patient_id())
    survivor = Patient(trial.patient_id(), birth_date="19810303")
    with trial.beforehand("the patient who goes is registered"):
        told(trial, register(trial, "A04", merged))
    keys = {holdings.put(merged)}
    answer = told(trial, merge(trial, survivor, merged), "AA", "AE")
    told(trial, register(trial, "A04", survivor))
    if answer.code == "AA":
        _expect_all_under(trial, holdings, survivor, merged, keys)
    else:
        trial.expect_equal("what the refused merge has left", holdings.of(merged.patient_id), keys)


def _pairs(trial: Trial) -> None:
    first = _two_patients(trial)
    second = _two_patients(trial)
    rows = [one for survivor, merged, _, _ in (first, second) for one in (pid(survivor), row("MRG", {1: merged.cx}))]
    answer = told(trial, adt(trial, "A40", rows), "AA", "AE")
    for survivor, merged, holdings, keys in (first, second):
        if answer.code == "AA":
            _expect_all_under(trial, holdings, survivor, merged, keys)
        else:
            found = [len(holdings.of(one.patient_id) & keys) for one in (survivor, merged)]
            trial.expect_equal("what the refused merge has left", found, [1, 1])


def _authority(trial: Trial) -> None:
    holdings = Holdings(trial)
    survivor, merged = (Patient(trial.patient_id(), issuer=issuer) for issuer in ("HOSPA", "HOSPB"))
    with trial.beforehand("both patients are registered"):
        for patient in (survivor, merged):
            told(trial, register(trial, "A04", patient))
    keys = {holdings.put(merged)}
    told(trial, merge(trial, survivor, merged), "AE", "AR", "AA")
    _another_merge_is_seen(trial)
    trial.eventually(lambda: bool(keys & holdings.of(survivor.patient_id)), trial.timers.quiet_s)
    trial.expect_equal("what is under the other authority's patient", holdings.of(survivor.patient_id), set())
    trial.expect_equal("what is under their own", holdings.of(merged.patient_id), keys)


@case(
    "hl7.adt.merge.4", SHOULD, RIS_AND_PACS, "-", "HL7 3.3.40; dcm4chee documentation, merged patients", SECONDARY, needs="adt"
)
def a_message_for_an_id_that_is_over_is_refused_or_mapped(trial: Trial) -> None:
    """Messages for the ID that was merged away are refused, or are the survivor's, as declared."""
    survivor, merged, holdings, keys = _two_patients(trial)
    told(trial, merge(trial, survivor, merged))
    _expect_all_under(trial, holdings, survivor, merged, keys)
    late = new_order(trial, order_of(trial, merged)) if trial.role == "ris" else register(trial, "A08", merged)
    if trial.target.policies.merged_id_message == "refuse":
        told(trial, late, "AE", "AR")
        trial.expect_equal("under the ID that is over", holdings.of(merged.patient_id), set())
        return
    told(trial, late)
    more = len(keys) + (trial.role == "ris")
    trial.eventually(lambda: len(holdings.of(survivor.patient_id)) == more, trial.timers.propagation_s)
    trial.expect_equal("orders or studies under the ID that stays", len(holdings.of(survivor.patient_id)), more)
    trial.expect_equal("under the ID that is over", holdings.of(merged.patient_id), set())

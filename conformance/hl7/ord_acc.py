"""Accession numbers in forms that somebody does not expect."""

from collections.abc import Sequence
from dataclasses import replace

from conformance.case import MUST, READ, case
from conformance.material.filler import accession_of, entries, message_about
from conformance.material.good_messages import placed_order
from conformance.material.images import Study
from conformance.material.orders import Order, imaging_procedure, order_of, order_status, scheduled
from conformance.material.read_back import studies, text, worklist
from conformance.material.sop_classes import CT
from conformance.material.telling import told
from conformance.target import RoleTarget
from conformance.trial import Trial

UNICODE = "UNICODE UTF-8"


def _values(role: RoleTarget) -> Sequence[str]:
    claims = role.claims
    names = ["lower case", "leading zeros", "inner space", "caret", "20 characters"]
    speaks = UNICODE in claims.hl7_character_sets and (not claims.character_sets or "ISO_IR 192" in claims.character_sets)
    return [*names, "beyond ASCII"] if speaks else names


@case(
    "hl7.ord.acc.1",
    MUST,
    ("ris", "pacs", "ehr"),
    "-",
    "PS3.5 6.2 (SH); HL7 2.A.28 (EI)",
    READ,
    safety=True,
    variants=_values,
)
def an_accession_number_is_the_same_everywhere_or_refused(trial: Trial) -> None:
    """Lower case, leading zeros, an inner space, a caret, 20 characters, a letter beyond ASCII: the same value on all
    interfaces, or refused.
    """
    own = trial.identifier("", 11)
    value = {
        "lower case": f"a{own.lower()}",
        "leading zeros": f"000{own}",
        "inner space": f"A {own}",
        "caret": f"A^{own}",
        "20 characters": trial.identifier("A", 20),
        "beyond ASCII": f"Ä{own}",
    }[trial.variant]
    order = replace(order_of(trial), accession=value)
    {"ris": _at_the_filler, "pacs": _at_the_archive, "ehr": _at_the_placer}[trial.role](trial, order)


def _options(trial: Trial) -> dict[str, dict[int, str]]:
    return {"msh_fields": {18: UNICODE}} if trial.variant == "beyond ASCII" else {}


def _at_the_filler(trial: Trial, order: Order) -> None:
    """The number comes with a procedure that another filler has scheduled."""
    trial.needs("omi" in trial.target.claims.services, "omi: a procedure with the accession number of another filler")
    sent = imaging_procedure(trial, order, [trial.identifier("S")], **_options(trial))
    if told(trial, sent, "AA", "AE", "AR").code != "AA":
        shown = trial.eventually(
            lambda: bool(worklist(trial, PatientID=order.patient.patient_id).pending), trial.timers.quiet_s
        )
        trial.expect(not shown, "nothing of what was refused", "a worklist entry")
        return
    found = entries(trial, order.patient, bool)
    trial.expect_equal("Accession Number on the worklist", [text(one, "AccessionNumber") for one in found], [order.accession])
    if "orders_sending" in trial.target.claims.services:
        announced = message_about(trial, "pacs", "the procedure", order.patient, "NW")
        trial.expect_equal("accession number of RAD-4", accession_of(announced), order.accession, announced.records)


def _at_the_archive(trial: Trial, order: Order) -> None:
    services = trial.target.claims.services
    trial.needs("storage" in services and "query" in services, "storage and query")
    if "orders" in services and told(trial, scheduled(trial, order, **_options(trial)), "AA", "AE", "AR").code != "AA":
        return
    study = Study(
        trial,
        SpecificCharacterSet="ISO_IR 192",
        PatientID=order.patient.patient_id,
        PatientName=order.patient.dicom_name,
        AccessionNumber=order.accession,
        StudyInstanceUID=order.study_instance_uid,
    )
    with trial.associate(CT) as peer:
        answer = peer.store(study.image())
    if answer.status != 0 and answer.status >> 12 != 0xB:
        return
    trial.eventually(lambda: bool(studies(trial, StudyInstanceUID=study.uid).pending), trial.timers.index_s)
    found = studies(trial, StudyInstanceUID=study.uid).matches
    trial.expect_equal("Accession Number found", [text(one, "AccessionNumber") for one in found], [order.accession])


def _at_the_placer(trial: Trial, order: Order) -> None:
    """The filler says the number with the first status."""
    trial.needs("order_status" in trial.target.claims.services, "order_status")
    placed_order(trial, order=order)
    if told(trial, order_status(trial, order, "SC", **_options(trial)), "AA", "AE", "AR").code != "AA":
        return

    def shown() -> bool:
        return order.accession in trial.operate("show chart", subject=order.placer)

    trial.expect(trial.eventually(shown, trial.timers.propagation_s), f"a chart with {order.accession}", "one without it")

"""Reports received: what an EHR shows, and what a RIS sends on, of preliminary, final, corrected and withdrawn reports."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace

from conformance.case import MUST, NO_CLAUSE, OPINION, READ, SHOULD, Role, case
from conformance.material.documents import PDF
from conformance.material.good_messages import placed_order
from conformance.material.messages import Sent
from conformance.material.orders import Order, order_of, scheduled
from conformance.material.patients import Patient
from conformance.material.report_receivers import CORRECTED, FINAL, NOTHING, PRELIMINARY, VALID, WITHDRAWN, Receiver
from conformance.material.reports import ADDENDUM, NARRATIVE, observation, text_rows
from conformance.material.telling import told
from conformance.target import RoleTarget
from conformance.trial import Trial
from emulators.wire.er7 import Field, Row, row

RECEIVERS: tuple[Role, ...] = ("ehr", "ris")
NOT_VALID = (PRELIMINARY, WITHDRAWN, NOTHING)
DICOM_STUDY = ("113014", "DICOM Study", "DCM")
EARLIER, LATER = "20250303100000", "20250303103000"
"""OBR-22: before and after that of every other report."""


def finding(trial: Trial) -> str:
    """A line that is in no other report."""
    return f"Finding {trial.identifier('F')}."


def shows_final(trial: Trial) -> tuple[Receiver, str]:
    """A receiver that shows a final report, and the line of that. Raises Inconclusive."""
    receiver, final = Receiver(trial), finding(trial)
    receiver.had((final,))
    return receiver, final


def another_is_shown(trial: Trial) -> None:
    """A report about another patient, sent now: what was sent before has had its effect by then. Raises Inconclusive."""
    Receiver(trial).had((finding(trial),))


@case("hl7.oru.recv.1", MUST, RECEIVERS, "+", "HL7 v2.9.1 7.3.1, OBX-11, tables 0085 and 0123", READ, needs="reports")
def a_final_report_replaces_the_preliminary_one(trial: Trial) -> None:
    """Preliminary, then final replaces the text: OBR-25 and OBX-11 P, then F; there is one report in the end."""
    receiver, preliminary, final = Receiver(trial), finding(trial), finding(trial)
    receiver.take(receiver.report((preliminary,), "P"))
    receiver.expect((PRELIMINARY,), (preliminary,))
    receiver.take(receiver.report((final,), "F"))
    receiver.expect((FINAL,), (final,), without=(preliminary,))


@case("hl7.oru.recv.2", MUST, (*RECEIVERS, "reporting"), "+", "HL7 tables 0085 and 0123", READ, needs="reports")
def a_correction_replaces_the_final_report_and_is_shown_as_one(trial: Trial) -> None:
    """A corrected report (C) replaces the final one, and is shown as corrected."""
    (receiver, final), corrected = shows_final(trial), finding(trial)
    receiver.take(receiver.report((corrected,), "C"))
    receiver.expect((CORRECTED,), (corrected,), without=(final,))


@case(
    "hl7.oru.recv.3",
    MUST,
    RECEIVERS,
    "+",
    "HL7 7.2.4, 7.2.5 (suffixes, withdrawn in 2.9); table 0085",
    READ,
    safety=True,
    needs="reports",
    variants=("suffix", "whole text", "own OBR"),
)
def an_addendum_leaves_the_original_where_it_is(trial: Trial) -> None:
    """Text that follows a final report keeps the original, and both are shown: as OBX with the suffix ADT, as a corrected
    report with the whole text, in an OBR of its own.
    """
    (receiver, original), added = shows_final(trial), finding(trial)
    receiver.take(_with_addendum(trial, receiver, original, added))
    receiver.expect(VALID, (original, added))


def _with_addendum(trial: Trial, receiver: Receiver, original: str, added: str) -> Sent:
    if trial.variant == "whole text":
        return receiver.report((original, added), "C", obr_fields={22: LATER})
    first, second = text_rows((original,), "F"), text_rows((added,), "F", ADDENDUM, 2)
    if trial.variant == "own OBR":
        second = [_obr_of_its_own(receiver.order), *second]
    return receiver.report(rows=[*first, *second])


def _obr_of_its_own(order: Order) -> Row:
    fields: dict[int, Field] = {
        1: "2",
        2: order.placer,
        3: order.accession,
        4: order.procedure,
        18: order.accession,
        22: LATER,
        25: "F",
    }
    return row("OBR", {**fields, 32: (("8811", "Moss", "Rita"),)})


@case(
    "hl7.oru.recv.4",
    MUST,
    RECEIVERS,
    "-",
    "HL7 table 0085; v2-to-FHIR: D and W entered-in-error, X cancelled",
    READ,
    safety=True,
    needs="reports",
    variants=("X", "D", "W"),
)
def a_withdrawn_report_is_not_shown_as_valid(trial: Trial) -> None:
    """OBX-11 X (no result), D (deleted) and W (wrong patient) are honoured: the text of the final report before is not shown as
    valid any more.
    """
    receiver, final = shows_final(trial)
    order_status = "X" if trial.variant == "X" else "C"  # table 0123 has neither D nor W
    sent = receiver.report(status=order_status, rows=text_rows((final,), trial.variant), obr_fields={22: LATER})
    receiver.take(sent)
    receiver.expect((WITHDRAWN, NOTHING), without=(final,))


@case(
    "hl7.oru.recv.5",
    SHOULD,
    RECEIVERS,
    "-",
    "HL7 table 0085 has no A in 2.3.1 and 2.5.1; table 0123, A: some results available",
    READ,
    safety=True,
    needs="reports",
    variants=("OBX-11 A", "OBX-11 Z", "OBR-25 A", "OBR-25 Z", "OBR-25 empty", "OBX-11 P under F"),
)
def a_status_that_is_not_in_the_tables_is_not_final(trial: Trial) -> None:
    """Status codes outside the tables of the version, none, and OBR-25 against OBX-11 are refused or shown as not final."""
    receiver, text, policies = Receiver(trial), finding(trial), trial.target.policies
    field, _, rest = trial.variant.partition(" ")
    code = {"empty": "", "P under F": "P"}.get(rest, rest)
    order_status, text_status = ("F", code) if field == "OBX-11" else (code, "F")
    sent = receiver.report(status=order_status, rows=text_rows((text,), text_status))
    answer = receiver.take(sent, "AA", "AE", "AR")
    another_is_shown(trial)
    if answer.code == "AA":
        receiver.expect_stays(NOT_VALID)
    else:
        receiver.expect_stays((NOTHING,), without=(text,))
    declared = ("AE", "AR") if policies.unknown_status == "refuse" else ("AA",)
    trial.should(answer.code in declared, f"MSA-1: {' or '.join(declared)}, as declared", answer.code, answer.records)


@case("hl7.oru.recv.6", OPINION, RECEIVERS, "-", "HL7 7.3.1 (ORC optional)", NO_CLAUSE, safety=True, needs="reports")
def a_report_before_its_order_gets_to_the_right_order(trial: Trial) -> None:
    """A report for an unknown order is kept, and stands at its order when that comes, or it is refused, and sent again then; it
    never stands at another order of the patient.
    """
    patient, text = Patient(trial.patient_id()), finding(trial)
    other, keeps = Receiver(trial, patient), trial.target.policies.unknown_order_report == "keep"
    receiver = Receiver(trial, order=order_of(trial, patient))
    early = receiver.report((text,))
    receiver.take(early, *(("AA",) if keeps else ("AE", "AR")))
    another_is_shown(trial)
    other.expect_stays((NOTHING,), without=(text,))
    _ordered(trial, receiver.order)
    if not keeps:
        receiver.take(early)
    receiver.expect((FINAL,), (text,))
    other.expect_stays((NOTHING,), without=(text,))


def _ordered(trial: Trial, order: Order) -> None:
    """The order comes, under the numbers that the report named: at a RIS from the filler that has scheduled it."""
    with trial.beforehand("the order comes"):
        if trial.role == "ehr":
            placed_order(trial, order=order)
        else:
            told(trial, scheduled(trial, order, sender="engine"))


@case(
    "hl7.oru.recv.7",
    SHOULD,
    RECEIVERS,
    "-",
    "HL7 table 0085",
    READ,
    safety=True,
    needs="reports",
    variants=("preliminary", "the same", "older"),
)
def a_late_or_repeated_report_does_not_win(trial: Trial) -> None:
    """P after F, the same F again, and an F signed earlier than the one that is there change nothing, whether they are taken or
    refused: there is one final report, the latest.
    """
    (receiver, final), late = shows_final(trial), finding(trial)
    line, status, signed_at = {
        "preliminary": (late, "P", EARLIER),
        "the same": (final, "F", ""),
        "older": (late, "F", EARLIER),
    }[trial.variant]
    sent = receiver.report((line,), status, obr_fields={22: signed_at} if signed_at else None)
    receiver.take(sent, "AA", "AE", "AR")
    another_is_shown(trial)
    receiver.expect_stays((FINAL,), (final,), without=(late,))
    trial.expect_equal("how often the text is shown", receiver.shown().text.count(final), 1)


def _forms(role: RoleTarget) -> Sequence[str]:
    forms = ["TX repeated", "FT with line breaks", "several OBX", "PDF", "pointer", "coded"]
    return [*forms, "study"] if "reports_sending" in role.claims.services else forms


@case(
    "hl7.oru.recv.8",
    MUST,
    (*RECEIVERS, "reporting"),
    "+",
    "HL7 7.2.4, OBX-2, OBX-4, OBX-5 (7.4.2); DCM 113014 in OBX-3: RAD TF-2 4.28",
    READ,
    needs="reports",
    variants=_forms,
)
def every_form_of_a_text_comes_out_as_it_went_in(trial: Trial) -> None:
    """Body forms: TX with repeating OBX-5, FT with line breaks, several OBX with sub-IDs, a PDF as ED, a link as RP, coded
    findings, the Study Instance UID beside the text. All lines in their order; the same document; the study linked.
    """
    receiver = Receiver(trial)
    lines, pointer = [finding(trial) for _ in range(3)], f"https://reports.example/{trial.identifier('R')}"
    forms: dict[str, list[Row]] = {
        "TX repeated": [observation(1, "TX", list(lines), "F")],
        "FT with line breaks": [observation(1, "FT", "\n".join(lines), "F")],
        "several OBX": text_rows(lines, "F"),
        "PDF": [_pdf(trial)],
        "pointer": [observation(1, "RP", (pointer, "PACS", "Application", "pdf"), "F", ("18748-4", "Report", "LN"))],
        "coded": [observation(1, "CWE", [(f"C{n}", line, "99RADLOOP") for n, line in enumerate(lines)], "F")],
        "study": [observation(1, "ST", receiver.order.study_instance_uid, "F", DICOM_STUDY), *text_rows(lines, "F", first=2)],
    }
    receiver.take(receiver.report(rows=forms[trial.variant]))
    is_document = trial.variant in ("PDF", "pointer")
    receiver.expect((FINAL,), () if is_document else lines)
    shown = receiver.shown()
    if is_document:
        wanted = pointer if trial.variant == "pointer" else hashlib.sha256(_content(trial)).hexdigest()
        trial.expect(wanted in shown.documents, f"the document {wanted}", " ".join(shown.documents) or "none", shown.records)
    if trial.variant == "study":
        trial.expect_equal("studies", shown.studies, (receiver.order.study_instance_uid,), shown.records)


def _content(trial: Trial) -> bytes:
    """A PDF unlike that of any other trial."""
    return PDF + f"% {trial.run.run_id} {trial.key}\n".encode()


def _pdf(trial: Trial) -> Row:
    value = ("RADLOOP", "application", "pdf", "Base64", b64encode(_content(trial)).decode())
    return observation(1, "ED", value, "F", NARRATIVE)


@case("hl7.oru.recv.9", OPINION, RECEIVERS, "-", "", NO_CLAUSE, safety=True, needs="reports")
def a_report_about_the_order_of_another_patient_is_on_neither(trial: Trial) -> None:
    """A report whose PID-3 does not fit its order is refused or held, as declared; it is shown to nobody at either patient."""
    one, other, text = Receiver(trial), Receiver(trial), finding(trial)
    mixed = Receiver(trial, order=replace(one.order, patient=other.order.patient))
    is_refused = trial.target.policies.wrong_patient_report == "refuse"
    mixed.take(mixed.report((text,)), *(("AE", "AR") if is_refused else ("AA",)))
    another_is_shown(trial)
    for receiver in (one, other):
        receiver.expect_stays((NOTHING,), without=(text,))

"""Reading for several sites."""

from dataclasses import replace

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.messages import Sent
from conformance.material.orders import Order, order_of, ready_to_read
from conformance.material.patients import Patient
from conformance.material.reading import ReadingRoom
from conformance.material.reports import report
from conformance.material.routing import route_of
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial
from conformance.verdict import Failure

SITES = ("SITE1", "SITE2")
"""Their assigning authorities, and their facilities (MSH-4)."""


@case(
    "rpt.tele.1",
    OPINION,
    ("reporting", "engine"),
    "-",
    "opinion; HL7 CX and EI assigning authority",
    NO_CLAUSE,
    safety=True,
)
def equal_accession_numbers_of_two_sites_are_not_mixed(trial: Trial) -> None:
    """Two sites send the same accession number, each for a patient of its own. A reading system reads and reports both, each
    under its own patient, or refuses the second; an engine passes on the reports of both, with their authorities, and none
    twice.
    """
    orders = _orders_of_equal_number(trial)
    if trial.role == "reporting":
        _expect_read_apart(trial, orders)
    else:
        _expect_passed_on_apart(trial, orders)


def _orders_of_equal_number(trial: Trial) -> list[Order]:
    accession = trial.accession_number()
    patients = [Patient(trial.patient_id(), issuer=site) for site in SITES]
    return [replace(order_of(trial, patient), accession=accession) for patient in patients]


def _expect_read_apart(trial: Trial, orders: list[Order]) -> None:
    """What was taken can be opened, and its report is of the patient whose images were asked for. Raises Failure."""
    room = ReadingRoom(trial)
    taken: list[Order] = []
    for order, site in zip(orders, SITES, strict=True):
        room.archive_images(order)
        with trial.mllp("ris") as sender:
            answer = sender.ask(ready_to_read(trial, order, msh_fields={4: site}).payload)
        taken += [order] if answer.code in ("AA", "CA") else []
    trial.expect(bool(taken), "the case of one site at least is taken", "both are refused")
    unread = list(taken)
    for number in range(1, len(taken) + 1):
        text = trial.identifier("FINDING")
        room.open(unread[0])
        trial.eventually(lambda: any(map(room.is_asked_for, unread)), trial.timers.propagation_s)
        opened = next(filter(room.is_asked_for, unread), None)
        if opened is None:
            raise Failure("every case that was taken can be opened", f"{len(unread)} of {len(taken)} cannot")
        room.sign(opened, text)
        found = room.report(opened, number)
        trial.expect(text.encode() in found.payload, "the text that was signed", "another one", found.records)
        trial.expect_equal("PID-3.1", found.field("PID", 3), opened.patient.patient_id, found.records)
        trial.expect_equal("PID-3.4", found.field("PID", 3, 4), opened.patient.issuer, found.records)
        unread.remove(opened)


def _expect_passed_on_apart(trial: Trial, orders: list[Order]) -> None:
    """The report of each site arrives once, with its patient and its numbers, though each is sent twice. Raises Failure."""
    route = route_of(trial, "ORU")
    sent: list[tuple[Order, str, Sent]] = []
    for order, site in zip(orders, SITES, strict=True):
        text = trial.identifier("FINDING")
        sent.append((order, text, report(trial, order, (text,), sender=route.sender, msh_fields={4: site})))
    with trial.mllp(route.sender) as sender:
        for _, _, message in [*sent, *sent]:
            trial.expect_code(sender.ask(message.payload), "AA", "CA")
    listener = trial.peer(route.destinations[0]).mllp

    def copies_of(text: str) -> list[ReceivedMessage]:
        return [one for one in listener.received if text.encode() in one.payload]

    came = trial.eventually(lambda: all(copies_of(text) for _, text, _ in sent), trial.timers.propagation_s)
    trial.expect(came, "the report of each site", "one of them does not come")
    trial.eventually(lambda: False, trial.timers.quiet_s)
    for order, text, _ in sent:
        found = copies_of(text)[0]
        copies = 2 if trial.target.policies.repeated_message == "pass" else 1
        trial.expect_equal("copies of the report of a site", len(copies_of(text)), copies, found.records)
        patient = [found.field("PID", 3, number) for number in (1, 4)]
        trial.expect_equal("PID-3", patient, [order.patient.patient_id, order.patient.issuer], found.records)
        trial.expect_equal("OBR-18", found.field("OBR", 18), order.accession, found.records)
        trial.expect_equal("OBR-2", found.field("OBR", 2), order.placer, found.records)

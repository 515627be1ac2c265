"""Whose report it is."""

from conformance.case import NO_CLAUSE, OPINION, case
from conformance.material.orders import Order
from conformance.material.reading import ReadingRoom, reader
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial


@case(
    "rpt.ctx.1",
    OPINION,
    "reporting",
    "-",
    "opinion (patient safety); RAD TF-2 IID 4.106",
    NO_CLAUSE,
    safety=True,
    needs=("retrieving", "reports_sending"),
)
def a_report_is_of_the_study_that_was_signed(trial: Trial) -> None:
    """The report that is sent names patient, accession number and Study Instance UID of the study that was signed, and its
    reader, also when others were opened in between, by the same reader or by another one.
    """
    room = ReadingRoom(trial)
    first, second, third = (room.put_on_list() for _ in range(3))
    room.open(first, **reader("Moss", "Rita"))
    room.open(second, **reader("Grey", "Ada"))
    room.open(third, **reader("Moss", "Rita"))
    with trial.beforehand("the studies are opened"):
        for order in (first, second, third):
            trial.expect(room.comes_to_ask_for(order), "its images are asked for", "they are not")
    signed = [(order, trial.identifier("FINDING"), who) for order, who in ((second, "Grey"), (first, "Moss"), (third, "Moss"))]
    for order, text, _ in signed:
        room.sign(order, text)
    for order, text, who in signed:
        found = room.report(order)
        others = [other for other, _, _ in signed if other is not order]
        trial.expect(text.encode() in found.payload, "the text of the study that was signed", "another one", found.records)
        _expect_named(trial, found, order, others)
        author = found.message.required("OBR").field(32)
        trial.should(who in author, f"OBR-32: {who}", author or "nothing", found.records)


def _expect_named(trial: Trial, found: ReceivedMessage, order: Order, others: list[Order]) -> None:
    """The numbers of the order, and of no other. Raises Failure."""
    trial.expect_equal("PID-3", found.field("PID", 3), order.patient.patient_id, found.records)
    accession = found.field("OBR", 18) or found.field("OBR", 3)
    trial.expect_equal("OBR-18, or OBR-3", accession, order.accession, found.records)
    for other in others:
        for number in (other.patient.patient_id, other.accession, other.placer, other.study_instance_uid):
            trial.expect(number.encode() not in found.payload, "no number of another study", number, found.records)

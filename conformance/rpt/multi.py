"""Orders that are read as one."""

from conformance.case import MUST, SECONDARY, case
from conformance.material.reading import ReadingRoom
from conformance.trial import Trial


@case("rpt.multi.1", MUST, "reporting", "+", "RAD TF-2 4.6.4.1.2.3.4", SECONDARY, needs=("retrieving", "reports_sending"))
def one_reading_of_a_grouped_study_reports_on_all_its_orders(trial: Trial) -> None:
    """Two accession numbers in one study: it is read once, and the report names both orders, each final and with the text."""
    room = ReadingRoom(trial)
    patient, text = room.patient(), trial.identifier("FINDING")
    first = room.put_on_list(patient)
    second = room.put_on_list(patient, study=first.study_instance_uid)
    room.open(first)
    with trial.beforehand("the study is opened"):
        trial.expect(room.comes_to_ask_for(first), "its images are asked for", "they are not")
    room.sign(first, text)
    for order in (first, second):
        found = room.report(order)
        trial.expect_equal("PID-3", found.field("PID", 3), patient.patient_id, found.records)
        own = [one for one in found.message.all("OBR") if order.accession in (one.component(18, 1), one.component(3, 1))]
        trial.expect(bool(own), f"an OBR of accession number {order.accession}", "none", found.records)
        trial.expect_equal("OBR-25", own[0].component(25, 1), "F", found.records)
        trial.expect_equal("OBR-2", own[0].component(2, 1), order.placer, found.records)
        trial.expect(text.encode() in found.payload, "the text", "none of it", found.records)

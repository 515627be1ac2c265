"""Acknowledgement in original mode."""

from conformance.case import HL7_RECEIVERS, MUST, READ, case
from conformance.material.patients import register
from conformance.trial import Trial


@case(
    "hl7.ack.orig.1", MUST, HL7_RECEIVERS, "+", "HL7 2.9.2 in v2.5.1 (v2.9.1 2.8.2.1); ITI TF-2 App. C.2.3", READ, needs="adt"
)
def a_good_message_is_acknowledged_in_original_mode(trial: Trial) -> None:
    """One answer with MSA-1 AA, AE or AR, MSA-2 = MSH-10, MSH-3 to MSH-6 swapped, its own MSH-7 and MSH-10."""
    sent = register(trial, "A04")
    with trial.mllp() as peer:
        answer = peer.ask(sent.payload)
        trial.expect_code(answer, "AA")
        trial.expect_equal("MSA-2", answer.field("MSA", 2), sent.control_id, answer.records)
        swapped = [answer.field("MSH", number) for number in (3, 4, 5, 6)]
        asked = [sent.field("MSH", number) for number in (5, 6, 3, 4)]
        trial.expect_equal("MSH-3 to MSH-6", swapped, asked, answer.records)
        trial.expect(bool(answer.field("MSH", 10)), "an MSH-10 of its own", "none", answer.records)
        trial.expect(bool(answer.field("MSH", 7)), "MSH-7", "none", answer.records)

"""The life of a report."""

from conformance.case import MUST, READ, case
from conformance.material.reading import ReadingRoom
from conformance.peers.mllp import ReceivedMessage
from conformance.trial import Trial

CORRECTED = ("C",)
FINAL = ("F",)
WITH_ADDENDUM = ("F", "C", "A")  # final still, corrected, or of table 0123 "some, but not all, results available"


@case("rpt.state.1", MUST, "reporting", "+", "HL7 tables 0085, 0123", READ, needs="reports_sending")
def each_state_of_a_report_is_sent_as_what_it_is(trial: Trial) -> None:
    """Preliminary, final, addendum, correction, withdrawal: an ORU for each, with its status in OBR-25 and OBX-11. What was
    final is never sent as preliminary again.
    """
    room = ReadingRoom(trial)
    order = room.put_on_list()
    room.open(order)
    texts = [trial.identifier("TEXT") for _ in range(4)]
    room.sign(order, texts[0], "P")
    _expect_status(trial, room.report(order, 1), ("P",), texts[0])
    room.sign(order, texts[1], "F")
    _expect_status(trial, room.report(order, 2), FINAL, texts[1])
    trial.operate("sign report", subject=order.accession, status="P", text=texts[0])  # nothing must come of it
    trial.operate("add addendum", subject=order.accession, text=texts[2])
    _expect_status(trial, room.report(order, 3), WITH_ADDENDUM, texts[2])
    room.sign(order, texts[3], "C")
    _expect_status(trial, room.report(order, 4), CORRECTED, texts[3])
    trial.operate("withdraw report", subject=order.accession, status="W")
    withdrawn = room.report(order, 5)
    statuses = {withdrawn.field("OBR", 25), *_of_text(withdrawn)}
    trial.expect(
        bool(statuses & {"W", "X", "D"}), "OBR-25 or OBX-11: W, X or D", ", ".join(sorted(statuses)), withdrawn.records
    )
    trial.eventually(lambda: len(room.reports(order)) > 5, trial.timers.quiet_s)
    trial.expect_equal("reports", len(room.reports(order)), 5)


def _expect_status(trial: Trial, found: ReceivedMessage, wanted: tuple[str, ...], text: str) -> None:
    """OBR-25 and the OBX-11 of all text, and the text. Raises Failure."""
    trial.expect(text.encode() in found.payload, "the text that was signed", "another one", found.records)
    status = found.field("OBR", 25)
    trial.expect(status in wanted, f"OBR-25: {' or '.join(wanted)}", status or "nothing", found.records)
    allowed = {"P": {"P"}, "F": {"F"}, "C": {"C", "F"}, "A": {"F", "C", "P"}}[status]
    others = _of_text(found) - allowed
    trial.expect(not others, f"OBX-11 under {status}: {', '.join(sorted(allowed))}", ", ".join(others), found.records)


def _of_text(found: ReceivedMessage) -> set[str]:
    """OBX-11 of the observations that are text."""
    return {one.component(11, 1) for one in found.message.all("OBX") if one.component(2, 1) in ("TX", "FT", "ST")}

"""Verification."""

from conformance.case import ACCEPTORS, MUST, READ, case
from conformance.trial import VERIFICATION, Trial


@case("dicom.echo.1", MUST, ACCEPTORS, "+", "PS3.4 A.2; PS3.7 9.1.5", READ)
def echo_answers_each_request_under_its_message_id(trial: Trial) -> None:
    """C-ECHO answers 0000H with the same Message ID, several times in one association."""
    with trial.associate(VERIFICATION) as peer:
        for message_id in (1, 65535, 7):
            answer = peer.echo(message_id)
            trial.expect_equal("status", answer.meaning, "0000H success", answer.records)
            trial.expect(answer.data is None, "no data set", "a data set", answer.records)

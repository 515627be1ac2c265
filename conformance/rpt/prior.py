"""Earlier studies."""

import threading

from conformance.case import SECONDARY, SHOULD, case
from conformance.material.reading import ReadArchive, ReadingRoom
from conformance.peers.conversation import Conversation, Received
from conformance.trial import Trial

HELD_AT_MOST = 4
"""Of the time in which the study must be asked for: a product that waits for its prior is never on time."""


class SlowForPriors(ReadArchive):
    """Holds the C-MOVE of one study until it is told to go on."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self.held = ""
        self.go_on = threading.Event()

    def move(self, conversation: Conversation, request: Received, uid: str) -> None:
        if uid == self.held:
            self.go_on.wait(HELD_AT_MOST * self.trial.timers.propagation_s)
        super().move(conversation, request, uid)


@case("rpt.prior.1", SHOULD, "reporting", "+", "RAD TF-2 4.14, 4.16; opinion", SECONDARY, needs="retrieving")
def priors_are_found_and_do_not_hold_up_the_study(trial: Trial) -> None:
    """Earlier studies of the patient are asked for, also one that came under an ID which was merged into his; an archive that
    is slow with them does not hold up the study to be read.
    """
    archive = SlowForPriors(trial)
    room = ReadingRoom(trial, archive)
    patient = room.patient()
    archive.held = prior = room.archive_prior(patient, image_patient_id=trial.patient_id())
    order = room.put_on_list(patient)
    try:
        room.open(order)
        trial.expect(room.comes_to_ask_for(order), "the study is asked for while its prior is on the way", "it is not")
        found = trial.eventually(lambda: bool(room.moves(prior)), trial.timers.propagation_s)
        trial.expect(found, "the prior is asked for", "it is not")
    finally:
        archive.go_on.set()
        room.close((order,))

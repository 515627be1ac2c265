"""A reading system as user of an archive."""

from collections.abc import Mapping

from conformance.case import MUST, READ, case
from conformance.material.orders import Order
from conformance.material.reading import ReadArchive, ReadingRoom
from conformance.peers.conversation import Conversation, Received
from conformance.trial import Trial

WARNING, OUT_OF_RESOURCES = 0xB000, 0xA702
"""Sub-operations complete with failures; unable to perform sub-operations (PS3.4 Table C.4-2)."""
UNIQUE_KEYS = {"PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"}
BESIDE = {"SpecificCharacterSet", "QueryRetrieveLevel"}
IMAGES = 3


class Failing(ReadArchive):
    """Answers every query with FF01H, and the first C-MOVE of some studies with a failure: of a warning one image was sent."""

    find_status = 0xFF01

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial)
        self.first_answers: dict[str, int] = {}

    def move(self, conversation: Conversation, request: Received, uid: str) -> None:
        status = self.first_answers.pop(uid, 0)
        if not status:
            super().move(conversation, request, uid)
            return
        images = self.studies[uid]
        sent = images[:1] if status == WARNING else []
        self.send(sent)
        self.say(conversation, request, status, len(sent), len(images) - len(sent))


@case("rpt.qr.1", MUST, "reporting", "+", "PS3.4 C.2.2.1.2, C.4.2.2.1", READ, needs="retrieving", slow=True)
def what_was_not_retrieved_is_asked_for_again(trial: Trial) -> None:
    """C-MOVE has unique keys only; FF01H is an answer as FF00H; images come on another association. A study of which C-MOVE
    brought less than there is (B000H) or nothing (A702H) is asked for again, by itself or when it is opened again: it is not
    taken as whole.
    """
    archive = Failing(trial)
    room = ReadingRoom(trial, archive)
    orders: Mapping[int, Order] = {status: room.put_on_list() for status in (0, WARNING, OUT_OF_RESOURCES)}
    for status, order in orders.items():
        room.archive_images(order, IMAGES)
        archive.first_answers[order.study_instance_uid] = status
        room.open(order)
    for order in orders.values():
        trial.expect(room.comes_to_ask_for(order), "C-MOVE for a study that was found with FF01H", "none")
        for request in room.moves(order.study_instance_uid):
            others = {element.keyword for element in request.dataset} - UNIQUE_KEYS - BESIDE
            trial.expect(not others, "only unique keys in C-MOVE", ", ".join(sorted(others)), request.records)
    failed = [orders[WARNING], orders[OUT_OF_RESOURCES]]

    def all_again() -> bool:
        return all(len(room.moves(order.study_instance_uid)) > 1 for order in failed)

    if not trial.eventually(all_again, trial.timers.retrieval_s):
        for order in failed:
            room.open(order)
        trial.eventually(all_again, trial.timers.propagation_s)
    for status in (WARNING, OUT_OF_RESOURCES):
        again = len(room.moves(orders[status].study_instance_uid)) > 1
        none = f"none within {trial.timers.retrieval_s:g} s, nor when it is opened again"
        trial.expect(again, f"C-MOVE again after {status:04X}H", none)
    room.close(orders.values())

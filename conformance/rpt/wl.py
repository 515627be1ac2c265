"""The reading list."""

from conformance.case import MEMORY, OPINION, case
from conformance.material.orders import Order, order_of, ready_to_read
from conformance.material.reading import ReadingRoom
from conformance.trial import Trial


@case(
    "rpt.wl.1", OPINION, "reporting", "+", "RAD TF-1 (SWF, RWF); RAD-4, RAD-13, RAD-49", MEMORY, needs=("retrieving", "orders")
)
def the_reading_list_is_in_step_with_the_orders(trial: Trial) -> None:
    """What is complete can be opened, so that its images are asked for; what was never ready, was cancelled or has been read
    cannot.
    """
    room = ReadingRoom(trial)
    ready, cancelled, read = (room.put_on_list() for _ in range(3))
    never = order_of(trial)
    room.archive_images(never)
    room.take_off_list(cancelled)
    room.sign(read, "No finding.")
    room.report(read)
    room.open(ready)
    trial.expect(room.comes_to_ask_for(ready), "images of what is ready are asked for", "they are not")
    for order, what in ((never, "was never ready"), (cancelled, "was cancelled"), (read, "has been read")):
        room.open(order)
        trial.expect(not _opens_soon(room, order), f"what {what} does not open", "its images are asked for")
    room.tell(ready_to_read(trial, never))
    room.open(never)
    trial.expect(room.comes_to_ask_for(never), "what has become ready opens", "its images are not asked for")
    room.close((ready, never))


def _opens_soon(room: ReadingRoom, order: Order) -> bool:
    """Whether its images are asked for before it has been quiet for long enough."""
    return room.trial.eventually(lambda: room.is_asked_for(order), room.trial.timers.quiet_s)

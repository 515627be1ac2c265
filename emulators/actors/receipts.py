"""What a receiver of HL7 messages remembers of each MSH-10, so that a retry has no second effect.

The same message again gets the acknowledgement it got then. Another message under a used MSH-10 is refused with AE
(declared behaviour; the standard is silent). A message that was refused has changed nothing, and its MSH-10 is not used: it
is judged anew when it comes again, since what it lacked may have come.
"""

from typing import Any

from emulators.messages.common import Acknowledgement


class Receipts:
    """One per receiving system."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], tuple[Any, Acknowledgement]] = {}

    def earlier(self, sender: str, message: Any) -> Acknowledgement | None:
        """The answer to give if this MSH-10 was taken before from ``sender``, else None."""
        seen = self._given.get((sender, message.control_id))
        if seen is None:
            return None
        earlier, acknowledgement = seen
        if earlier is message or (earlier == message and earlier.original == message.original):
            return acknowledgement
        return Acknowledgement("AE", message.control_id, "205 MSH-10")

    def give(self, sender: str, message: Any, code: str = "AA", error: str = "") -> Acknowledgement:
        """Make the acknowledgement of a new message, and remember it if it was taken."""
        acknowledgement = Acknowledgement(code, message.control_id, error)
        if code == "AA":
            self._given[sender, message.control_id] = (message, acknowledgement)
        return acknowledgement

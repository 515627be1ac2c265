"""Performed procedure steps as their SCP keeps them, RIS and PACS alike (PS3.4 F.7.2).

============  ============================  ======================================
state         message                       answer, then
============  ============================  ======================================
unknown       StepStarted                   0000H, in progress
known         StepStarted                   0111H, as before
unknown       StepProgressed, StepEnded     0112H, still unknown
in progress   StepProgressed                0000H, in progress
in progress   StepEnded                     0000H, completed or discontinued: final
in progress   StepEnded, COMPLETED, without 0120H, in progress
              series now or before
final         StepProgressed, StepEnded     0110H, as before
============  ============================  ======================================
"""

from dataclasses import dataclass, replace

from emulators.actors.outbox import DUPLICATE_SOP_INSTANCE, PROCESSING_FAILURE
from emulators.messages.common import SUCCESS, Status
from emulators.messages.steps import PerformedSeries, StepEnded, StepProgressed, StepStarted

NO_SUCH_INSTANCE = 0x0112
MISSING_ATTRIBUTE = 0x0120
NO_LONGER_UPDATED = 0xA710
"""Error ID of an N-SET after a final state (PS3.4 F.7.2.2.3)."""


@dataclass(slots=True)
class PerformedStep:
    """How it was started, the series it has said so far, and how it ended; ``ended`` is None while it is in progress."""

    started: StepStarted
    series: tuple[PerformedSeries, ...] = ()
    ended: StepEnded | None = None


class PerformedSteps:
    """Performed steps by their SOP Instance UID."""

    def __init__(self) -> None:
        self._steps: dict[str, PerformedStep] = {}

    def __getitem__(self, mpps_uid: str) -> PerformedStep:
        """A step that was started."""
        return self._steps[mpps_uid]

    def take(self, message: StepStarted | StepProgressed | StepEnded) -> Status:
        """The answer to a message about a step; whatever is not SUCCESS has changed nothing."""
        step = self._steps.get(message.mpps_uid)
        if isinstance(message, StepStarted):
            if step is not None:
                return Status(DUPLICATE_SOP_INSTANCE)
            self._steps[message.mpps_uid] = PerformedStep(message)
            return SUCCESS
        if step is None:
            return Status(NO_SUCH_INSTANCE)
        if step.ended is not None:
            return Status(PROCESSING_FAILURE, "performed procedure step may no longer be updated", NO_LONGER_UPDATED)
        series = message.series or step.series
        if isinstance(message, StepEnded):
            if message.status == "COMPLETED" and not series:
                return Status(MISSING_ATTRIBUTE, "PerformedSeriesSequence is missing")
            step.ended = message if message.series == series else replace(message, series=series)
        step.series = series
        return SUCCESS

    def ended(self, mpps_uid: str) -> StepEnded:
        """How a step ended, with all series that it has said: in its last message, or before."""
        ended = self._steps[mpps_uid].ended
        assert ended is not None  # asked for what has just been taken
        return ended

"""A performed-step manager that knows one end only: a step that was discontinued is completed to it.

Catalogue: ``dicom.mpps.scp.5`` (DISCONTINUED with its reason is followed), ``pir.case.4`` (a wrong worklist entry is not
offered for reading). Seen: the placer hears CM and not DC, and what was broken off is to be read.
"""

from dataclasses import replace
from typing import Any

from emulators.messages.common import NO_CODE
from emulators.messages.steps import StepEnded
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def heard(self, message: Any) -> Any:
        if not isinstance(message, StepEnded) or not message.series:  # what has no series cannot be completed
            return message
        return replace(message, status="COMPLETED", reason=NO_CODE)

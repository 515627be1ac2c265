"""An archive that takes storage commitment requests (N-ACTION, 0000H) and never sends the result.

Catalogue: ``dicom.stgcmt.scp.1`` (an N-EVENT-REPORT follows); for the modality in front of it ``dicom.stgcmt.scu.3``. Seen: no
N-EVENT-REPORT, and a modality that keeps its images and asks again.
"""

from typing import Any

from emulators.core.event import Request
from emulators.messages.commitment import CommitRequest
from emulators.messages.common import SUCCESS
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def answered_instead(self, request: Request) -> Any:
        return SUCCESS if isinstance(request.message, CommitRequest) else None

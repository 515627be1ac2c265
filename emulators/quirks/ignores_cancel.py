"""An order filler that acknowledges a cancel request (ORC-1 CA) and does nothing: no answer, and the patient is still expected.

Catalogue: ``hl7.ord.cancel.1`` (the worklist entry goes, the placer hears CR, the image manager CA). Seen: the entry is still
on the worklist, and neither CR nor UC comes.
"""

from typing import Any

from emulators.core.event import Request
from emulators.messages.common import Acknowledgement
from emulators.messages.orders import CancelOrder
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def answered_instead(self, request: Request) -> Any:
        message = request.message
        return Acknowledgement("AA", message.control_id) if isinstance(message, CancelOrder) else None

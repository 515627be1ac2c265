"""A receiver that acknowledges HL7 messages before they are safe, and loses them: AA, and nothing comes of it.

Catalogue: ``ie.ack.1`` (nothing with AA is lost), ``flow.brk.2``. Seen: what the message asks for never leaves, and never
shows.
"""

from typing import Any

from emulators.core.event import Request
from emulators.messages.common import Acknowledgement
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def answered_instead(self, request: Request) -> Any:
        control_id = getattr(request.message, "control_id", None)
        return None if control_id is None else Acknowledgement("AA", control_id)

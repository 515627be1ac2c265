"""A receiver that takes demographics once: later changes (A08, A31) are acknowledged, and change nothing.

Catalogue: ``hl7.adt.upd.1`` (changed demographics show everywhere). Seen: worklist, C-FIND and later messages with the old
name, birth date and sex.
"""

from typing import Any

from emulators.core.event import Request
from emulators.messages.adt import UpdatePatient, UpdatePerson
from emulators.messages.common import Acknowledgement
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def answered_instead(self, request: Request) -> Any:
        message = request.message
        return Acknowledgement("AA", message.control_id) if isinstance(message, (UpdatePatient, UpdatePerson)) else None

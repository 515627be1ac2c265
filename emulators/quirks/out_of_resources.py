"""An archive that is full now and then: it answers every third study that is offered with A700H, out of resources.

Catalogue: ``dicom.store.status.4`` (A7xx, and later 0000H), ``dicom.qr.move.3`` for who sends to it. Seen: C-STORE responses of
status A700H; the study is there once its sender has tried again.
"""

from typing import Any

from emulators.core.actor import Actor
from emulators.core.event import Request
from emulators.messages.imaging import Admission, StudyHeader
from emulators.quirks._wrapper import Wrapper

STATUS = 0xA700
EVERY = 3


class Quirk(Wrapper):
    def __init__(self, actor: Actor) -> None:
        super().__init__(actor)
        self._offered = 0

    def answered_instead(self, request: Request) -> Any:
        if not isinstance(request.message, StudyHeader):
            return None
        self._offered += 1
        return None if self._offered % EVERY else Admission(STATUS)

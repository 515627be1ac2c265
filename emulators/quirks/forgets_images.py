"""An archive that says 0000H before an image is in its index, and loses it: nobody finds what it has taken.

Catalogue: ``dicom.store.status.1`` (0000H, then found within T.index), ``flow.brk.11``. Seen: C-STORE responses of status
0000H, C-FIND without the study, and a storage commitment that fails with 0112H.
"""

from collections.abc import Sequence

from emulators.core.effect import Effect
from emulators.core.event import Event, Told
from emulators.core.instant import Instant
from emulators.messages.imaging import InstancesStored
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        if isinstance(event, Told) and isinstance(event.message, InstancesStored):
            return ()
        return super().handle(event, now)

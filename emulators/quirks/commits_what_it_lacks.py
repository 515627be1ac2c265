"""An archive that commits to whatever it is asked for, whether it has it or not; who believes it deletes the only copy.

Catalogue: ``dicom.stgcmt.scp.2`` (unknown instances fail with 0112H), ``dicom.stgcmt.scp.3``. Seen: an N-EVENT-REPORT of type 1
that names instances which no C-FIND finds.
"""

from dataclasses import replace

from emulators.core.effect import Effect, Send
from emulators.messages.commitment import CommitResult
from emulators.quirks._wrapper import Wrapper


class Quirk(Wrapper):
    def done(self, effect: Effect) -> Effect:
        if not isinstance(effect, Send) or not isinstance(effect.message, CommitResult):
            return effect
        result = effect.message
        safe = (*result.committed, *(replace(reference, failure_reason=0) for reference in result.failed))
        return replace(effect, message=replace(result, committed=safe, failed=()))

"""The images that a workstation has on its own disk: brought for a case, gone when nobody needs them.

A study that was let go stays unwanted: what comes of it later, from a transfer that was under way, goes at once. It is wanted
again when a case asks for it.
"""

from collections.abc import Sequence
from typing import Any

from emulators.core.effect import Discard, Effect
from emulators.messages.imaging import InstancesStored
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet


class LocalImages:
    """By Study Instance UID."""

    def __init__(self) -> None:
        self._here: dict[str, InstanceSet] = {}
        self._unwanted: dict[str, None] = {}

    def __getstate__(self) -> dict[str, Any]:
        """For a snapshot: not what has been read."""
        return {**self.__dict__, "_unwanted": {}}

    def count(self, study: str) -> int:
        """How many instances are here; each counts once, however often it came."""
        return len(self._here.get(study, NO_INSTANCES))

    def want(self, study: str) -> None:
        self._unwanted.pop(study, None)

    def came(self, batch: InstancesStored) -> Sequence[Effect]:
        """A batch is on the disk."""
        study = batch.study_instance_uid
        if study in self._unwanted:
            return [Discard(study)]
        self._here[study] = self._here.get(study, NO_INSTANCES).union(batch.instances)
        return ()

    def let_go(self, study: str) -> Sequence[Effect]:
        """Nobody needs it."""
        self._unwanted[study] = None
        return [Discard(study)] if self._here.pop(study, None) else []

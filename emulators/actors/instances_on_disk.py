"""Which instances an archive has on disk, as storage commitment asks (PS3.4 J.3.3, PS3.3 C.14.1.1).

=====================================================  =========
an instance is                                         answer
=====================================================  =========
on disk, of the SOP class named                        committed
on disk, but another one under its UID was refused     0110H
on disk, of another SOP class                          0119H
not on disk                                            0112H
=====================================================  =========

Who had an instance refused must not be told that it is safe: what is on disk is not what he has.
"""

from emulators.messages.commitment import Referenced
from emulators.messages.imaging import InstancesStored
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet

PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
CLASS_INSTANCE_CONFLICT = 0x0119


class InstancesOnDisk:
    """Kept by the UID without its last component, so that a series costs one entry."""

    def __init__(self) -> None:
        self._stored: dict[str, dict[str, InstanceSet]] = {}
        """By root, by SOP class."""
        self._refused: dict[str, InstanceSet] = {}

    def add(self, batch: InstancesStored) -> None:
        for root, instances in batch.instances.by_root().items():
            of_class = self._stored.setdefault(root, {})
            of_class[batch.sop_class_uid] = of_class.get(batch.sop_class_uid, NO_INSTANCES).union(instances)
        for root, instances in batch.refused.by_root().items():
            self._refused[root] = self._refused.get(root, NO_INSTANCES).union(instances)

    def commit(self, asked: Referenced) -> tuple[Referenced, ...]:
        """The instances asked for, by what becomes of them; ``failure_reason`` is 0 for those that are safe."""
        found: dict[int, InstanceSet] = {}
        for root, instances in asked.instances.by_root().items():
            for reason, part in self._judged(root, instances, asked.sop_class_uid):
                if part:
                    found[reason] = found.get(reason, NO_INSTANCES).union(part)
        return tuple(Referenced(asked.sop_class_uid, part, reason) for reason, part in found.items())

    def _judged(self, root: str, asked: InstanceSet, sop_class_uid: str) -> tuple[tuple[int, InstanceSet], ...]:
        of_class = self._stored.get(root, {})
        missing = asked.without(of_class.get(sop_class_uid, NO_INSTANCES))
        stored = asked.without(missing)
        safe = stored.without(self._refused.get(root, NO_INSTANCES))
        unknown = missing
        for other in of_class.values():
            unknown = unknown.without(other)
        return (
            (0, safe),
            (PROCESSING_FAILURE, stored.without(safe)),
            (CLASS_INSTANCE_CONFLICT, missing.without(unknown)),
            (NO_SUCH_INSTANCE, unknown),
        )

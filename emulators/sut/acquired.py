"""What the scanners sent to a product in the archive's place: what it must hold in the end."""

from emulators.messages.imaging import StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet


class Acquired:
    """Study Instance UID to series to instances. Written by sending threads, read when they have ended."""

    def __init__(self) -> None:
        self._studies: dict[str, dict[str, InstanceSet]] = {}

    def add(self, store: StoreStudy) -> None:
        """These were sent, or sent again."""
        series = self._studies.setdefault(store.header.study_instance_uid, {})
        known = series.get(store.series_instance_uid, NO_INSTANCES)
        series[store.series_instance_uid] = known.union(store.instances)

    @property
    def studies(self) -> dict[str, dict[str, InstanceSet]]:
        """By Study and Series Instance UID."""
        return self._studies

    def __len__(self) -> int:
        return sum(len(instances) for series in self._studies.values() for instances in series.values())

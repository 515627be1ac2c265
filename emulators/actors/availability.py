"""Instance availability: what an archive tells of its images (PS3.4 Annex R, RAD-49), and what becomes of it where it is told.

===================  ============================================  ==================================
a study was          event                                         then
===================  ============================================  ==================================
never announced      it is whole (routing.py), or quiet            announced: all that is on disk
announced            images come, are hidden, rejected, or shown   announced anew, as it is now
announced            anything else                                 nothing: it would be the same again
===================  ============================================  ==================================

What queries do not show is UNAVAILABLE, the rest ONLINE. Held studies and orphans are shown, and can be had. Rejection notes
are not spoken of.
"""

from collections.abc import Iterator, Sequence

from emulators.actors.study_table import Study
from emulators.core.effect import Effect, Note
from emulators.core.identity import uid
from emulators.messages.availability import ONLINE, UNAVAILABLE, AvailableInstances, InstancesAvailable
from emulators.messages.common import SUCCESS, Status
from emulators.messages.imaging import KEY_OBJECT_SELECTION
from emulators.messages.instance_set import NO_INSTANCES


class Announcer:
    """For an archive called ``ae_title``; ``to`` are the systems that are told."""

    def __init__(self, to: Sequence[str], ae_title: str) -> None:
        self.to = to
        self._ae_title = ae_title
        self._told: dict[str, tuple[AvailableInstances, ...]] = {}
        """By Study Instance UID: what was said last."""
        self._times: dict[str, int] = {}

    def has_told(self, study: Study) -> bool:
        """Whether it was ever announced."""
        return study.uid in self._told

    def due(self, study: Study, steps: Sequence[str]) -> InstancesAvailable | None:
        """What is to be said now of a study, if it is not what was said last. It counts as said."""
        present = tuple(self._instances(study))
        if not present or present == self._told.get(study.uid):
            return None
        self._told[study.uid] = present
        times = self._times[study.uid] = self._times.get(study.uid, 0) + 1
        return InstancesAvailable(uid("availability", study.uid, times), study.uid, tuple(steps), present)

    def _instances(self, study: Study) -> Iterator[AvailableInstances]:
        shown = study.shown
        for key, series in study.series.items():
            online = shown[key].instances if key in shown else NO_INSTANCES
            hidden = series.instances.without(online)
            if online:
                yield AvailableInstances(*key, online, ONLINE, self._ae_title)
            if hidden and key[1] != KEY_OBJECT_SELECTION:
                yield AvailableInstances(*key, hidden, UNAVAILABLE, self._ae_title)


def taken(message: InstancesAvailable, _sender: str) -> tuple[Status, Sequence[Effect]]:
    """The answer of who is told, and a Note ``instances available`` of the study: how many can be had, and how many not."""
    fields = {"online": message.count(ONLINE), "unavailable": message.count(UNAVAILABLE)}
    return SUCCESS, [Note("instances available", message.study_instance_uid, fields)]

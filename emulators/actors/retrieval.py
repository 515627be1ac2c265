"""How a workstation brings the studies of its cases, and their priors, from the archive.

A case that is looked for goes through::

    asking the archive --all its studies are there--> retrieving --all are here--> open
      ^            |                                    |      |
      +--LOOK_AGAIN+            its own studies are here, and PRIORS_LIMIT is over: open without the priors

- The archive is asked for all studies of the patient; for one that is not among them by its UID, because it may be filed under
  what somebody typed at the scanner.
- A study is here when as many images are here as the archive has. The counters of the C-MOVE decide only where the archive does
  not say how many there are. What is missing when the C-MOVE is over is asked for again.
- A study that is here, or on its way for another case, is not asked for again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from emulators.actors.local_images import LocalImages
from emulators.actors.outbox import Delivery
from emulators.actors.priors import NOT_COUNTED, PriorRule, find_by_uid, find_studies, instances_of
from emulators.actors.reading_case import Case
from emulators.actors.system import DeliveryMethod, System
from emulators.core.effect import CancelTimer, Effect, Note, SetTimer
from emulators.core.instant import MINUTE, SECOND
from emulators.messages import attributes
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import InstancesStored
from emulators.messages.query import Find, Found, Move, MoveResult

LOOK_AGAIN_US = 15 * SECOND
"""How long it takes to look again for a study that the archive does not have yet, or not whole."""

PRIORS_LIMIT_US = MINUTE
"""How long a reader waits for the priors when the study itself is here."""

TIMERS = frozenset(("look", "move", "priors"))
"""What the keys of its timers begin with."""

_WARNING = 0xB


class Retrieval:
    """For ``system``, which is called ``ae_title`` by the archive ``pacs``. ``cases`` are the cases on its list, by accession
    number; ``opened`` is what it does when one of them is open."""

    def __init__(
        self,
        system: System,
        pacs: str,
        ae_title: str,
        priors: PriorRule,
        cases: Mapping[str, Case],
        opened: Callable[[Case], Sequence[Effect]],
    ) -> None:
        self._system = system
        self._pacs = pacs
        self._ae_title = ae_title
        self._priors = priors
        self._cases = cases
        self._opened = opened
        self._images = LocalImages()
        self._waiting: dict[str, dict[Case, None]] = {}
        """By UID of a study whose C-MOVE is under way, or will be again."""
        self.deliveries: dict[type, DeliveryMethod] = {Find: self._found, Move: self._moved}

    def look_for(self, case: Case) -> Sequence[Effect]:
        """Bring a case, from the beginning."""
        case.awaited, case.matches, case.priors_until, case.is_open = {}, {}, None, False
        return self._system.outbox.put(self._pacs, find_studies(case.entry.patient), queue=f"find/{case.accession}")

    def want(self, study: str) -> None:
        """It may come."""
        self._images.want(study)

    def came(self, batch: InstancesStored) -> Sequence[Effect]:
        """A batch is on the disk."""
        return [*self._images.came(batch), *self._arrived(batch.study_instance_uid)]

    def stop(self, case: Case) -> None:
        """Nothing more is awaited for this case."""
        for study in case.awaited:
            self._stop_waiting(case, study)

    def let_go(self, case: Case, studies: Iterable[str]) -> Sequence[Effect]:
        """The case needs these studies no more: what no case on the list needs goes from the disk."""
        effects: list[Effect] = []
        for study in dict.fromkeys(studies):
            case.awaited.pop(study, None)
            case.brought.pop(study, None)
            self._stop_waiting(case, study)
            if not any(other.needs(study) for other in self._cases.values()):
                effects.extend(self._images.let_go(study))
        return effects

    def priors_here(self, case: Case) -> int:
        """How many of them are whole."""
        return sum(self._is_here(case, study) for study in case.awaited if study not in case.studies)

    def timer_fired(self, kind: str, subject: str) -> Sequence[Effect]:
        """Look again for what was not there yet, or go on without it."""
        if kind == "move":
            return self._ask_for(subject) if subject in self._waiting else ()
        case = self._cases.get(subject)
        if case is None or case.reader is None:
            return ()
        if kind == "priors":
            return self._show(case)
        return () if case.awaited else self.look_for(case)

    # --- asking --------------------------------------------------------------------------------------------------------

    def _found(self, delivery: Delivery) -> Sequence[Effect]:
        """A list that ends with a failure is still one in which the study can be."""
        accession = delivery.queue.partition("/")[2]
        case = self._cases.get(accession)
        if case is None or case.reader is None or case.awaited:
            return ()
        answer: Found = delivery.answer
        case.matches.update((match.text("StudyInstanceUID"), match) for match in answer.matches)
        matches = dict(case.matches)
        missing = [study for study in case.studies if study not in matches]
        if missing and delivery.accepted and not delivery.message.keys.text("StudyInstanceUID"):
            return self._system.outbox.put(self._pacs, find_by_uid(missing), delivery.queue)
        if missing:
            return [SetTimer(f"look/{accession}", self._system.now + LOOK_AGAIN_US)]
        current = {study: matches.pop(study) for study in case.studies}
        priors = self._priors.chosen(case.entry, current.values(), matches.values(), self._system.stamp())
        for match in (*current.values(), *priors):
            case.awaited[match.text("StudyInstanceUID")] = instances_of(match)
        effects: list[Effect] = []
        for study in case.awaited:
            effects.extend(self._retrieve(study, case))
        return [*effects, *self._show(case)]

    def _retrieve(self, study: str, case: Case) -> Sequence[Effect]:
        self._images.want(study)
        case.brought[study] = None
        if self._is_here(case, study):
            return ()
        is_under_way = study in self._waiting
        self._waiting.setdefault(study, {})[case] = None
        return () if is_under_way else self._ask_for(study)

    def _ask_for(self, study: str) -> Sequence[Effect]:
        move = Move(attributes.of({"StudyInstanceUID": study}), destination=self._ae_title)
        return self._system.outbox.put(self._pacs, move, queue=f"move/{study}")

    def _moved(self, delivery: Delivery) -> Sequence[Effect]:
        study = delivery.message.keys.text("StudyInstanceUID")
        answer: MoveResult = delivery.answer
        here = self._images.count(study)
        if _all_came(answer, here):
            for case in self._waiting.get(study, ()):
                if case.awaited[study] == NOT_COUNTED:
                    case.awaited[study] = here
        effects = self._arrived(study)
        if study not in self._waiting:
            return effects
        fields = {"here": here, "status": f"{answer.status:04X}H"}
        again = SetTimer(f"move/{study}", self._system.now + LOOK_AGAIN_US)
        return [*effects, Note("images missing", study, fields), again]

    # --- arriving ------------------------------------------------------------------------------------------------------

    def _is_here(self, case: Case, study: str) -> bool:
        return case.has(study, self._images.count(study))

    def _arrived(self, study: str) -> Sequence[Effect]:
        """Show the cases for which the study is now whole."""
        complete = [case for case in self._waiting.get(study, ()) if self._is_here(case, study)]
        for case in complete:
            self._stop_waiting(case, study)
        return [effect for case in complete for effect in self._show(case)]

    def _stop_waiting(self, case: Case, study: str) -> None:
        waiting = self._waiting.get(study, {})
        waiting.pop(case, None)
        if not waiting:
            self._waiting.pop(study, None)

    def _show(self, case: Case) -> Sequence[Effect]:
        """Open the case if its studies are here, and its priors too, or the time for them is over."""
        if case.is_open or not case.awaited or not all(self._is_here(case, study) for study in case.studies):
            return ()
        timer = f"priors/{case.accession}"
        effects: list[Effect] = []
        if all(self._is_here(case, study) for study in case.awaited):
            if case.priors_until is not None:
                effects.append(CancelTimer(timer))
        elif case.priors_until is None:
            case.priors_until = self._system.now + PRIORS_LIMIT_US
            return [SetTimer(timer, case.priors_until)]
        elif self._system.now < case.priors_until:
            return ()
        case.is_open = True
        return [*effects, *self._opened(case)]


def _all_came(answer: MoveResult, here: int) -> bool:
    """Whether a C-MOVE brought all there is, of a study that its archive does not count."""
    went_well = answer.status == SUCCESS.code or answer.status >> 12 == _WARNING
    return went_well and not answer.failed and 0 < here >= answer.completed + answer.warned

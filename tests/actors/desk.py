"""A workstation at which a test sits: it keeps the sends that are open, so that they can be answered one by one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulators.actors.workstation import PriorRule, Workstation
from emulators.core.effect import Discard, Effect, Send
from emulators.core.event import OutcomeKind
from emulators.core.identity import accession_number, uid
from emulators.core.instant import Instant
from emulators.messages import attributes
from emulators.messages.attributes import Attributes
from emulators.messages.common import Acknowledgement, Patient
from emulators.messages.instance_set import InstanceSet
from emulators.messages.orders import ReadingListEntry, ReadingListRemoval, ReportStatus
from emulators.messages.query import Find, Found, Move, MoveResult
from emulators.messages.report import Report
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    NOW,
    PATIENT,
    READER,
    STUDY,
    ask,
    end,
    notes,
    of_procedure,
    only_send,
    sends,
    stored,
    tell,
    touch,
    wake,
)

SECOND, SECOND_STUDY = accession_number("P2"), uid("study", "P2")
PRIOR, OLDER_PRIOR = "2.25.1", "2.25.2"


def match(study: str = STUDY, study_at: str = NOW, instances: str = "4", patient: Patient = PATIENT, **more: str) -> Attributes:
    """How an archive describes a study."""
    return attributes.of(
        {
            "PatientID": patient.patient_id,
            "IssuerOfPatientID": patient.issuer,
            "StudyInstanceUID": study,
            "StudyDate": study_at[:8],
            "StudyTime": study_at[8:],
            "ModalitiesInStudy": "CT",
            "NumberOfStudyRelatedInstances": instances,
            **more,
        }
    )


CURRENT, SECOND_MATCH = match(), match(SECOND_STUDY)
PRIORS = (match(OLDER_PRIOR, "20240501100000", "3"), match(PRIOR, "20250501100000", "2"))


def entry(placer: str = "P1", patient: Patient = PATIENT, number: int = 1, study: str = "", **order: Any) -> ReadingListEntry:
    """The ``number``-th time an order is put on the list."""
    message = of_procedure(ReadingListEntry, placer, patient, f"{placer}-RL{number}")
    assert isinstance(message, ReadingListEntry)
    if study:
        message = replace(message, steps=tuple(replace(step, study_instance_uid=study) for step in message.steps))
    return replace(message, order=replace(message.order, **order))


class Desk:
    """``placers`` are the orders on its list."""

    def __init__(self, *placers: str, rule: PriorRule | None = None) -> None:
        self.actor = Workstation("workstation", CLOCK, "RADWS", "ris", "pacs", rule)
        self.open: list[Send] = []
        self.taken: list[Any] = []
        """What the RIS took, in order."""
        for placer in placers:
            self.ask(entry(placer))

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    # --- the RIS -------------------------------------------------------------------------------------------------------

    def ask(self, message: object) -> Sequence[Effect]:
        """The RIS says something; it is taken."""
        answered, effects = ask(self.actor, message, "ris")
        assert (answered.code, answered.error) == ("AA", "")
        return self.keep(effects)

    def remove(self, placer: str = "P1", number: int = 1) -> Sequence[Effect]:
        return self.ask(of_procedure(ReadingListRemoval, placer, control_id=f"{placer}-RR{number}"))

    def to_ris(self) -> Send:
        """The one message that waits for the RIS: they are of one lane."""
        (send,) = [send for send in self.open if send.to == "ris"]
        return send

    def ris_answers(self, code: str = "AA", error: str = "") -> list[Effect]:
        """The RIS answers one message."""
        send = self.to_ris()
        if code == "AA":
            self.taken.append(send.message)
        return [*self.answer(send, Acknowledgement(code, send.message.control_id, error))]

    def ris_takes(self) -> list[Effect]:
        """The RIS takes all that there is; what was done about that."""
        effects: list[Effect] = []
        while any(send.to == "ris" for send in self.open):
            effects += [effect for effect in self.ris_answers() if not isinstance(effect, Send)]
        return effects

    def reports(self) -> list[Report]:
        return [message for message in self.taken if isinstance(message, Report)]

    def statuses(self) -> list[tuple[str, str]]:
        """Placer order number and status of what the RIS was told."""
        told = (message for message in self.taken if isinstance(message, ReportStatus))
        return [(message.placer_order_number, message.status) for message in told]

    # --- the archive ---------------------------------------------------------------------------------------------------

    def answer(self, send: Send, message: object, now: Instant = 0) -> Sequence[Effect]:
        return self.end(send, OutcomeKind.ANSWERED, message, now)

    def end(self, send: Send, kind: OutcomeKind, message: object = None, now: Instant = 0) -> Sequence[Effect]:
        self.open.remove(send)
        return self.keep(end(self.actor, send, kind, message, now))

    def found(self, *studies: Attributes, now: Instant = 0, status: int = 0) -> Sequence[Effect]:
        """The archive answers the one open query."""
        return self.answer(only_send(self.open, Find), Found(studies, status), now)

    def move(self, study: str = STUDY) -> Send:
        """The one open C-MOVE of this study, which names nothing else."""
        keys = attributes.of({"StudyInstanceUID": study})
        (send,) = [send for send in self.open if send.message == Move(keys, destination="RADWS")]
        return send

    def moved(
        self, study: str = STUDY, *, completed: int = 0, failed: int = 0, warned: int = 0, status: int = 0
    ) -> list[Effect]:
        return [*self.answer(self.move(study), MoveResult(completed, failed, warned, status))]

    def images_come(self, last: int = 4, study: str = STUDY, first: int = 1, now: Instant = 0) -> Sequence[Effect]:
        return self.keep(tell(self.actor, stored(InstanceSet(f"{study}.1", first, last), study), now))

    # --- the reader ----------------------------------------------------------------------------------------------------

    def touch(self, stimulus: str, accession: str = ACCESSION, **data: Any) -> Sequence[Effect]:
        return self.keep(touch(self.actor, stimulus, subject=accession, **data))

    def open_study(self, accession: str = ACCESSION) -> Sequence[Effect]:
        return self.touch("open study", accession, reader=READER)

    def sign(self, status: str = "F", accession: str = ACCESSION, text: str = "Text.") -> Sequence[Effect]:
        return self.touch("sign report", accession, status=status, text=text)

    def wake(self, key: str, now: Instant = 0) -> Sequence[Effect]:
        return self.keep(wake(self.actor, key, now))

    def show(self, accession: str = ACCESSION, *studies: Attributes) -> list[Effect]:
        """Open a case: the archive has these studies, and all that is asked for comes, four images each."""
        effects = [*self.open_study(accession), *self.found(*(studies or (CURRENT, SECOND_MATCH)))]
        for send in [send for send in self.open if isinstance(send.message, Move)]:
            study = send.message.keys.text("StudyInstanceUID")
            effects += [*self.images_come(4, study), *self.moved(study, completed=4)]
        return effects

    def list_of_names(self) -> list[str]:
        return list(self.actor.reading_list())


def asked_for(effects: Sequence[Effect]) -> list[str]:
    """The studies that a C-MOVE was sent for."""
    return [send.message.keys.text("StudyInstanceUID") for send in sends(effects) if isinstance(send.message, Move)]


def discarded(effects: Sequence[Effect]) -> list[str]:
    return [effect.study_instance_uid for effect in effects if isinstance(effect, Discard)]


def opened(effects: Sequence[Effect]) -> list[tuple[str, int]]:
    """The cases that are open now, and how many priors each shows."""
    return [(subject, fields["priors"]) for name, subject, fields in notes(effects) if name == "study opened"]


def grouped() -> Desk:
    """Two orders that were done in one study."""
    desk = Desk("P1")
    desk.ask(entry("P2", study=STUDY))
    return desk

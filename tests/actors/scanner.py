"""A scanner at which a test stands: it keeps the sends that are open, so that they can be answered by their type."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulators.actors.modality import CommitmentPolicy, Modality
from emulators.core.effect import Effect, Send
from emulators.core.event import OutcomeKind
from emulators.core.identity import accession_number, uid
from emulators.messages.attributes import Attributes
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet
from emulators.messages.steps import PerformedSeries, StepEnded, StepStarted
from emulators.messages.worklist import WorklistItems, WorklistQuery
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    MPPS,
    PROTOCOL,
    SERIES,
    VISIT,
    ask,
    end,
    images,
    only_send,
    scheduled,
    sends,
    touch,
    wake,
    worklist_item,
)

ITEM = worklist_item()
OTHER_ITEM = worklist_item("P2")
OTHER = accession_number("P2")
FORM_HEADER = replace(
    HEADER, study_id=scheduled().requested_procedure_id, referring_physician=VISIT.referring_physician, body_part="CHEST"
)
OWN_STUDY = uid("unscheduled study", f"CT1/{ACCESSION}")


class CtImages:
    """What a CT knows of its images."""

    def sop_class_uid(self, modality: str) -> str:
        assert modality == "CT"
        return CT_IMAGE_STORAGE

    def nominal_bytes(self, modality: str) -> int:
        assert modality == "CT"
        return 500_000


class Scanner:
    """A modality with the sends that are open, so that a test can answer them by type."""

    def __init__(self, commitment: CommitmentPolicy | None = None) -> None:
        self.actor = Modality("ct1", CLOCK, "CT1", "ris", "pacs", CtImages(), commitment=commitment)
        self.open: list[Send] = []

    def keep(self, effects: Sequence[Effect]) -> Sequence[Effect]:
        self.open += sends(effects)
        return effects

    def under_way(self, message: type) -> Send:
        return only_send(self.open, message)

    def touch(self, stimulus: str, now: int = 0, **data: Any) -> Sequence[Effect]:
        return self.keep(touch(self.actor, stimulus, now, **{"subject": ACCESSION, **data}))

    def answer(self, message: type, with_what: object, now: int = 0) -> Sequence[Effect]:
        return self.end(message, OutcomeKind.ANSWERED, with_what, now)

    def end(self, message: type, kind: OutcomeKind, with_what: object = None, now: int = 0) -> Sequence[Effect]:
        send = self.under_way(message)
        self.open.remove(send)
        return self.keep(end(self.actor, send, kind, with_what, now))

    def wake(self, key: str, now: int = 0) -> Sequence[Effect]:
        return self.keep(wake(self.actor, key, now))

    def result(self, committed: InstanceSet, failed: InstanceSet = NO_INSTANCES, transaction: int = 1) -> Sequence[Effect]:
        """A commitment result comes; it is answered with success."""
        message = CommitResult(uid("transaction", MPPS, transaction), referenced(committed), referenced(failed, 0x0112))
        status, effects = ask(self.actor, message, "pacs")
        assert status == SUCCESS
        return self.keep(effects)


def referenced(instances: InstanceSet, reason: int = 0) -> tuple[Referenced, ...]:
    return (Referenced(CT_IMAGE_STORAGE, instances, reason),) if instances else ()


def performed(instances: InstanceSet, protocol: str = PROTOCOL.meaning, series: str = SERIES) -> PerformedSeries:
    return PerformedSeries(series, CT_IMAGE_STORAGE, protocol, instances)


def lay_on_table(scanner: Scanner, now: int = 0, **data: Any) -> Sequence[Effect]:
    return scanner.touch("patient on table", now, **{"modality": "CT", "body_part": "CHEST", **data})


def find(scanner: Scanner, *items: Attributes, status: int = 0) -> Sequence[Effect]:
    return scanner.answer(WorklistQuery, WorklistItems(items, status))


def performing(*others: Attributes, **data: Any) -> Scanner:
    scanner = Scanner()
    lay_on_table(scanner, **data)
    find(scanner, ITEM, *others)
    scanner.answer(StepStarted, SUCCESS)
    return scanner


def sending(count: int = 4) -> Scanner:
    scanner = performing()
    scanner.touch("images acquired", instances=count)
    return scanner


def committing(count: int = 4) -> Scanner:
    scanner = sending(count)
    scanner.answer(StoreStudy, StoreResult(stored=images(1, count)))
    scanner.answer(StepEnded, SUCCESS)
    scanner.answer(CommitRequest, SUCCESS)
    return scanner


def done(count: int = 4) -> Scanner:
    scanner = committing(count)
    scanner.result(images(1, count))
    return scanner

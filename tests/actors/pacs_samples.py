"""A PACS that a test asks: how a study comes to it, whose it is, and how it is committed."""

from typing import Any

from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import Pacs
from emulators.core.effect import Effect
from emulators.core.instant import MINUTE, Instant
from emulators.messages import attributes
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import Admission, StudyHeader
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, MovePlan
from emulators.messages.query import Move as MoveRequest
from tests.actors.samples import (
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    STUDY,
    answer,
    ask,
    images,
    notes,
    only_send,
    schedule_procedure,
    stored,
    tell,
)

ALL = images(1, 4)
"""The images of the study of ``HEADER``, as its step names them."""


def pacs(*messages: object) -> Pacs:
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"})
    for message in messages:
        ask(actor, message, "ris")
    return actor


def quiet_pacs(**settings: Any) -> Pacs:
    """One that expects the study of ``HEADER``, and takes it for complete when a minute has been quiet."""
    actor = Pacs("pacs", CLOCK, {}, RetryPolicy(), quiet_us=MINUTE, **settings)
    ask(actor, schedule_procedure(), "ris")
    return actor


def archive(actor: Pacs, header: StudyHeader = HEADER, count: int = 4) -> list[Effect]:
    """A study comes: its header is admitted, then the archive tells of one batch."""
    admission, effects = ask(actor, header, "ct1")
    assert admission == Admission()
    assert effects == []
    study = header.study_instance_uid
    return tell(actor, stored(InstanceSet(f"{study}.1", 1, count), study))


def images_come(actor: Pacs, instances: InstanceSet = ALL, now: Instant = 0) -> list[Effect]:
    """A batch of the study of ``HEADER`` comes."""
    ask(actor, HEADER, "ct1", now)
    return tell(actor, stored(instances), now)


def states(effects: list[Effect]) -> list[tuple[str, str]]:
    """State and reason of each note of reconciliation."""
    fields = [fields for name, _, fields in notes(effects) if name == "study reconciled"]
    return [(str(one["state"]), str(one["reason"])) for one in fields]


def identity(actor: Pacs, study: str = STUDY) -> tuple[str, str, str] | None:
    """Patient ID, name and accession number that a query shows; None for a study that it does not find."""
    asked = dict.fromkeys(("PatientID", "PatientName", "AccessionNumber"), "")
    found = ask(actor, Find(attributes.of({**asked, "StudyInstanceUID": study})), "workstation")[0].matches
    if not found:
        return None
    (match,) = found
    return match.text("PatientID"), match.text("PatientName"), match.text("AccessionNumber")


def sent_header(actor: Pacs, study: str = STUDY) -> StudyHeader:
    """The header with which the images of a study leave."""
    plan, _ = ask(actor, MoveRequest(attributes.of({"StudyInstanceUID": study}), destination="RADWS"), "workstation")
    assert isinstance(plan, MovePlan)
    return plan.stores[0].header


def commit(actor: Pacs, *asked: InstanceSet, transaction: str = "1.2.3", sop_class: str = CT_IMAGE_STORAGE) -> CommitResult:
    references = tuple(Referenced(sop_class, instances) for instances in asked)
    status, effects = ask(actor, CommitRequest(transaction, references), "ct1")
    assert status == SUCCESS
    send = only_send(effects, CommitResult)
    assert send.to == "ct1"
    answer(actor, send, SUCCESS)
    result: CommitResult = send.message
    assert result.transaction_uid == transaction
    return result

"""Rejection notes at the PACS: what they name is not found, not sent and announced as unavailable."""

from dataclasses import replace

import pytest

from emulators.actors.availability import Announcer
from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import Pacs
from emulators.core.effect import Effect
from emulators.core.instant import MINUTE
from emulators.messages import attributes
from emulators.messages.availability import InstancesAvailable
from emulators.messages.common import SUCCESS
from emulators.messages.imaging import KEY_OBJECT_SELECTION, InstancesStored, StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, FindPlan, Move, MovePlan
from emulators.search import search
from emulators.store.memory import MemoryArchive
from tests.actors.samples import (
    CLOCK,
    HEADER,
    SOMEBODY_ELSE,
    STUDY,
    answer,
    ask,
    images,
    only_send,
    sends,
    stored,
    tell,
    wake,
)

NOTES = f"{STUDY}.9"


def pacs() -> Pacs:
    """An archive with five images, which has told the RIS of them."""
    announcer = Announcer(("ris",), "RADPACS")
    actor = Pacs("pacs", CLOCK, {"RADWS": "workstation"}, RetryPolicy(), quiet_us=MINUTE, announcer=announcer)
    ask(actor, HEADER, "ct1")
    tell(actor, stored(images(1, 5)))
    answer(actor, only_send(wake(actor, f"quiet/{STUDY}", MINUTE), InstancesAvailable), SUCCESS)
    return actor


def note(rejected: InstanceSet, of: str = STUDY, study: str = STUDY) -> InstancesStored:
    """A rejection note in ``study``, of instances ``of`` a study."""
    itself = InstanceSet(NOTES, 1, 1)
    rejects = ((of, rejected.union(itself)),) if of == study else ((of, rejected), (study, itself))
    return InstancesStored(study, NOTES, KEY_OBJECT_SELECTION, itself, 0, 0, 800, "KO", rejects=rejects)


def said(effects: list[Effect]) -> list[tuple[int, str]]:
    return [(len(one.instances), one.availability) for send in sends(effects) for one in send.message.series]


def shown(actor: Pacs) -> dict[str, str]:
    """What a query for the study returns."""
    asked = dict.fromkeys(("NumberOfStudyRelatedInstances", "NumberOfStudyRelatedSeries", "ModalitiesInStudy"), "")
    found = ask(actor, Find(attributes.of({**asked, "StudyInstanceUID": STUDY})), "workstation")[0].matches
    return {keyword: str(value) for match in found for keyword, value in match if keyword in asked}


def planned(actor: Pacs) -> tuple[StoreStudy, ...]:
    """What a C-MOVE of the study sends."""
    plan, _ = ask(actor, Move(attributes.of({"StudyInstanceUID": STUDY}), destination="RADWS"), "workstation")
    assert isinstance(plan, MovePlan)
    return plan.stores


def moved(actor: Pacs) -> list[str]:
    return [uid for store in planned(actor) for uid in store.instances]


def test_what_is_rejected_is_neither_found_nor_sent_and_said_to_be_unavailable() -> None:
    """dicom.ian.2."""
    actor = pacs()
    effects = tell(actor, note(images(2, 3)))
    assert said(effects) == [(3, "ONLINE"), (2, "UNAVAILABLE")]
    left = [*images(1, 1), *images(4, 5)]
    assert moved(actor) == left
    assert shown(actor) == {
        "NumberOfStudyRelatedInstances": "3",
        "NumberOfStudyRelatedSeries": "1",
        "ModalitiesInStudy": "CT",
    }


def test_what_is_rejected_stays_so_when_it_comes_again() -> None:
    actor = pacs()
    tell(actor, note(images(2, 3)))
    tell(actor, stored(images(2, 3)))
    assert len(moved(actor)) == 3


def test_a_study_that_is_rejected_whole_is_not_found() -> None:
    actor = pacs()
    assert said(tell(actor, note(images(1, 5)))) == [(5, "UNAVAILABLE")]
    assert shown(actor) == {}


def test_a_note_of_another_patient_rejects_nothing() -> None:
    actor = pacs()
    other = replace(HEADER, patient=SOMEBODY_ELSE, study_instance_uid="1.2.3", accession_number="")
    ask(actor, other, "ct1")
    assert said(tell(actor, note(images(2, 3), study="1.2.3"))) == []
    assert len(moved(actor)) == 5


@pytest.mark.parametrize(("level", "expected"), [("SERIES", ["3"]), ("IMAGE", ["3", "3", "3"])])
def test_below_the_study_what_is_rejected_is_neither_listed_nor_counted(level: str, expected: list[str]) -> None:
    actor, archive = pacs(), MemoryArchive()
    (store,) = planned(actor)
    batch = archive.open_batch()
    archive.add(batch, store)
    archive.tell(batch)
    tell(actor, note(images(2, 3)))
    asked = {"StudyInstanceUID": STUDY, "NumberOfSeriesRelatedInstances": ""}
    series = {} if level == "SERIES" else {"SeriesInstanceUID": store.series_instance_uid}
    plan, _ = ask(actor, Find(attributes.of({**asked, **series}), level), "workstation")
    assert isinstance(plan, FindPlan)
    found = search(plan, archive).matches
    assert [match.text("NumberOfSeriesRelatedInstances") for match in found] == expected

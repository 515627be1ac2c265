"""Since when, by whom and why the images of a study leave under an identity of the archive's."""

from dataclasses import replace

import pytest

from emulators.actors.outbox import RetryPolicy
from emulators.actors.pacs import Pacs
from emulators.actors.routing import RoutingRule
from emulators.core.instant import HOUR, MINUTE, Instant
from emulators.messages import attributes
from emulators.messages.coercion import COERCE, CORRECT, AttributeModification
from emulators.messages.common import PersonName
from emulators.messages.imaging import StoreStudy, StudyHeader
from emulators.messages.query import Get, MovePlan
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    ask,
    images,
    merge_patients,
    only_send,
    register_patient,
    schedule_procedure,
    stored,
    tell,
    touch,
    update_patient,
    wake,
)

MARRIED = replace(PATIENT, name=PersonName("Smith", "Jane"))


def pacs(default_issuer: str = "", *rules: RoutingRule) -> Pacs:
    actor = Pacs("pacs", CLOCK, {}, RetryPolicy(), None, rules, default_issuer=default_issuer, ae_title="RADPACS")
    ask(actor, register_patient(), "engine")
    return actor


def archive(actor: Pacs, header: StudyHeader = HEADER, now: Instant = HOUR) -> None:
    ask(actor, header, "ct1", now)
    tell(actor, stored(images(1, 4)), now)


def said(actor: Pacs, now: Instant = 10 * HOUR) -> AttributeModification | None:
    """What images say that are retrieved now."""
    plan, _ = ask(actor, Get(attributes.of({"StudyInstanceUID": STUDY})), "workstation", now)
    assert isinstance(plan, MovePlan)
    (store,) = plan.stores
    return store.modification


def at(time: str, reason: str = COERCE) -> AttributeModification:
    return AttributeModification(f"20260302{time}", "RADPACS", reason)


def test_what_the_archive_knows_when_a_study_comes_it_says_since_then() -> None:
    actor = pacs("NORTH")
    archive(actor, replace(HEADER, patient=replace(PATIENT, issuer="")))
    assert said(actor) == said(actor, 20 * HOUR) == at("090000")


@pytest.mark.parametrize("message", [update_patient(MARRIED), merge_patients(PATIENT, SOMEBODY_ELSE)])
def test_after_a_patient_message_it_is_since_that(message: object) -> None:
    actor = pacs()
    archive(actor)
    ask(actor, message, "engine", 2 * HOUR)
    assert said(actor) == at("100000")


def test_after_an_order_it_is_since_that() -> None:
    actor = pacs()
    archive(actor, replace(HEADER, accession_number=""))
    ask(actor, schedule_procedure(), "ris", 2 * HOUR)
    assert said(actor) == at("100000")


def test_what_changes_nothing_of_the_identity_leaves_the_time() -> None:
    actor = pacs()
    archive(actor)
    ask(actor, update_patient(MARRIED), "engine", 2 * HOUR)
    ask(actor, update_patient(MARRIED, "V1-A082"), "engine", 3 * HOUR)
    ask(actor, schedule_procedure(patient=MARRIED), "ris", 4 * HOUR)
    touch(actor, "accept study", 5 * HOUR, subject=STUDY)
    assert said(actor) == at("100000")


def test_what_a_person_assigns_is_corrected_and_what_systems_then_say_is_followed() -> None:
    actor = pacs()
    ask(actor, schedule_procedure(), "ris")
    archive(actor, replace(HEADER, patient=SOMEBODY_ELSE))
    touch(actor, "assign study", 2 * HOUR, subject=STUDY, accession=ACCESSION)
    assert said(actor) == at("100000", CORRECT)
    ask(actor, update_patient(MARRIED), "engine", 3 * HOUR)
    assert said(actor) == at("110000")


def test_what_is_sent_on_says_it_too() -> None:
    actor = pacs("", RoutingRule("teleradiology"))
    ask(actor, schedule_procedure(), "ris")
    archive(actor, replace(HEADER, accession_number=""))
    sent = only_send(wake(actor, f"quiet/{STUDY}", HOUR + MINUTE), StoreStudy).message
    assert (sent.header.accession_number, sent.modification) == (ACCESSION, at("090000"))


def test_without_an_ae_title_the_archive_says_its_name() -> None:
    actor = Pacs("pacs", CLOCK, {})
    archive(actor)
    assert said(actor) == AttributeModification("20260302090000", "pacs", COERCE)

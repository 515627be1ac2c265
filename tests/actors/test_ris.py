"""The RIS: from the order to its scheduled step, worklist and performed step, reading list, and the report's way on."""

from collections import Counter
from collections.abc import Iterable

import pytest

from emulators.actors.ris import Ris, RisPeers
from emulators.core.effect import Effect
from emulators.core.event import OutcomeKind
from emulators.core.identity import accession_number, uid
from emulators.messages.common import SUCCESS
from emulators.messages.orders import OrderStatus, ReadingListEntry, ReportStatus, ScheduleProcedure
from emulators.messages.worklist import WorklistQuery
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    MPPS,
    NOW,
    PATIENT,
    PROCEDURE,
    PROTOCOL,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    accept,
    answer,
    ask,
    end,
    notes,
    only_send,
    order,
    place_order,
    register_patient,
    report,
    scheduled,
    sends,
    sent,
    step_ended,
    step_started,
    wake,
    worklist_item,
)


def empty_ris() -> Ris:
    peers = RisPeers(engine="engine", pacs="pacs", workstation="workstation")
    return Ris("ris", CLOCK, peers, {"CT": ("CT1",), "US": ("US1", "US2", "US3")}, {PROCEDURE.value: PROTOCOL})


def take_all(actor: Ris, effects: Iterable[Effect]) -> None:
    """Let the peers take what the RIS sends, so that its queues are empty again."""
    waiting = sends(effects)
    while waiting:
        send = waiting.pop()
        hl7 = hasattr(send.message, "control_id")
        waiting += sends(accept(actor, send) if hl7 else answer(actor, send, SUCCESS))


def ris(*messages: object) -> Ris:
    """A RIS that has been asked these, and whose peers took what it sent."""
    actor = empty_ris()
    for message in messages:
        take_all(actor, ask(actor, message)[1])
    return actor


STARTED = (place_order(), step_started())
COMPLETED = (*STARTED, step_ended())


# --- orders ------------------------------------------------------------------------------------------------------------


def test_an_order_is_scheduled_announced_to_the_archive_and_told_to_the_placer() -> None:
    acknowledgement, effects = ask(empty_ris(), place_order())
    assert acknowledgement.code == "AA"
    announcement = only_send(effects, ScheduleProcedure)
    assert announcement.to == "pacs"
    assert announcement.message == ScheduleProcedure("P1-SP1", NOW, PATIENT, VISIT, order(), scheduled())
    status = only_send(effects, OrderStatus)
    assert status.to == "engine"
    assert status.message == OrderStatus("P1-SC1", NOW, PATIENT, "P1", ACCESSION, PROCEDURE, "SC")
    fields = {"mrn": "M1", "accession": ACCESSION, "study": STUDY, "station": "CT1"}
    assert notes(effects) == [("procedure scheduled", "P1", fields)]


def test_an_order_that_comes_again_under_another_control_id_is_not_scheduled_twice() -> None:
    actor = ris(place_order())
    assert ask(actor, place_order(control_id="C2"))[1] == []
    assert len(ask(actor, WorklistQuery())[0].items) == 1


def test_an_order_for_a_modality_without_a_scanner_is_refused() -> None:
    acknowledgement, effects = ask(empty_ris(), place_order(modality="NM"))
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "204 OBR-24")
    assert effects == []


def test_a_procedure_without_a_protocol_of_its_own_is_its_own_protocol() -> None:
    actor = Ris("ris", CLOCK, RisPeers("engine", "pacs", "workstation"), {"CT": ("CT1",)}, {})
    assert only_send(ask(actor, place_order())[1], ScheduleProcedure).message.procedure.protocol == PROCEDURE


def test_an_accession_number_that_is_taken_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_few(placer: str, occurrence: int = 1) -> str:
        return accession_number("the same for all" if occurrence == 1 else placer, occurrence)

    monkeypatch.setattr("emulators.actors.ris.accession_number", of_few)
    actor = ris(place_order("P1"), place_order("P2"))
    items = ask(actor, WorklistQuery())[0].items
    assert {item.scheduled.accession_number for item in items} == {of_few("P1"), of_few("P2", 2)}
    assert {item.scheduled.study_instance_uid for item in items} == {uid("study", "P1"), uid("study", "P2", 2)}


def test_orders_are_spread_over_the_scanners_of_their_modality() -> None:
    actor = ris(*(place_order(f"P{number}", modality="US") for number in range(60)))
    items = ask(actor, WorklistQuery())[0].items
    spread = Counter(item.scheduled.station_ae_title for item in items)
    assert set(spread) == {"US1", "US2", "US3"}
    assert min(spread.values()) >= 10


def test_a_registration_is_taken() -> None:
    acknowledgement, effects = ask(empty_ris(), register_patient())
    assert acknowledgement.code == "AA"
    assert effects == []


# --- worklist and performed steps --------------------------------------------------------------------------------------


def test_a_scheduled_step_is_on_the_worklist_with_its_patient_visit_and_order() -> None:
    answered, effects = ask(ris(place_order()), WorklistQuery(station_ae_title="CT1"), "ct1")
    assert answered.items == (worklist_item(),)
    assert answered.status == 0x0000
    assert effects == []


def test_a_started_step_leaves_the_worklist_and_is_told_to_placer_and_archive() -> None:
    actor = ris(place_order())
    status, effects = ask(actor, step_started(), "ct1")
    assert status == SUCCESS
    assert sorted(sent(effects)) == [("engine", "OrderStatus"), ("pacs", "StepStarted")]
    assert only_send(effects, OrderStatus).message.status == "IP"
    assert ask(actor, WorklistQuery())[0].items == ()


def test_an_ended_step_is_told_to_placer_and_archive_and_put_on_the_reading_list() -> None:
    status, effects = ask(ris(*STARTED), step_ended(), "ct1")
    assert status == SUCCESS
    expected = [("engine", "OrderStatus"), ("pacs", "StepEnded"), ("workstation", "ReadingListEntry")]
    assert sorted(sent(effects)) == expected
    assert only_send(effects, OrderStatus).message.status == "CM"
    entry = only_send(effects, ReadingListEntry).message
    assert entry == ReadingListEntry("P1-RL1", NOW, PATIENT, VISIT, order(), scheduled())


def test_a_step_that_was_created_already_is_a_duplicate() -> None:
    """PS3.7 10.1.5.1.6."""
    status, effects = ask(ris(*STARTED), step_started(), "ct1")
    assert status.code == 0x0111
    assert effects == []


def test_a_step_that_ended_can_no_longer_be_changed() -> None:
    """PS3.4 F.7.2.2."""
    status, effects = ask(ris(*COMPLETED), step_ended(), "ct1")
    assert status.code == 0x0110
    assert effects == []


def test_the_end_of_a_step_that_was_never_created_names_no_instance() -> None:
    status, effects = ask(ris(place_order()), step_ended(), "ct1")
    assert status.code == 0x0112
    assert effects == []


@pytest.mark.parametrize("before", [(), (place_order("P2"),), STARTED, COMPLETED])
def test_a_step_that_is_not_scheduled_cannot_be_started(before: tuple[object, ...]) -> None:
    status, effects = ask(ris(*before), step_started(mpps_uid="1.2.3"), "ct1")
    assert status.code == 0x0110
    assert effects == []


def test_the_placer_hears_of_the_moves_in_order_even_when_the_engine_was_away() -> None:
    actor = empty_ris()
    first = only_send(ask(actor, place_order())[1], OrderStatus)
    ask(actor, step_started(), "ct1")
    ask(actor, step_ended(), "ct1")
    end(actor, first, OutcomeKind.REFUSED)
    told = []
    waiting = sends(wake(actor, first.key))
    while waiting:
        send = waiting.pop()
        told.append(send.message.status)
        waiting += sends(accept(actor, send))
    assert told == ["SC", "IP", "CM"]


# --- reports -----------------------------------------------------------------------------------------------------------


def report_status(status: str = "ASSIGNED", accession: str = ACCESSION) -> ReportStatus:
    return ReportStatus("P1-RA1", NOW, PATIENT, "P1", accession, PROCEDURE, status)


def test_a_reading_status_is_noted() -> None:
    acknowledgement, effects = ask(ris(*COMPLETED), report_status(), "workstation")
    assert acknowledgement.code == "AA"
    assert notes(effects) == [("reading status", "P1", {"accession": ACCESSION, "status": "ASSIGNED"})]


def test_reports_go_unchanged_to_the_engine() -> None:
    actor = ris(*COMPLETED)
    for status in ("P", "F"):
        acknowledgement, effects = ask(actor, report(status), "workstation")
        assert acknowledgement.code == "AA"
        (send,) = sends(effects)
        assert (send.to, send.message) == ("engine", report(status))
        accept(actor, send)


def test_a_preliminary_report_that_comes_late_does_not_follow_the_final_one() -> None:
    actor = ris(*COMPLETED, report("F"))
    acknowledgement, effects = ask(actor, report("P"), "workstation")
    assert acknowledgement.code == "AA"
    assert effects == []


@pytest.mark.parametrize("message", [report("F"), report_status()])
def test_what_speaks_of_an_unknown_accession_number_is_refused(message: object) -> None:
    acknowledgement, effects = ask(ris(place_order("P2")), message, "workstation")
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "204 OBR-3")
    assert effects == []


def test_a_report_for_another_patient_is_refused_and_not_sent_on() -> None:
    actor = ris(*COMPLETED)
    acknowledgement, effects = ask(actor, report("F", patient=SOMEBODY_ELSE), "workstation")
    assert (acknowledgement.code, acknowledgement.error) == ("AE", "204 PID-3")
    assert effects == []
    assert sent(ask(actor, report("F", control_id="C2"), "workstation")[1]) == [("engine", "Report")]


def test_a_step_is_known_by_its_own_uid() -> None:
    """Two orders, the second one's end does not end the first."""
    actor = ris(place_order("P1"), place_order("P2"), step_started("P1", MPPS), step_started("P2", "1.2.3"))
    entry = only_send(ask(actor, step_ended("1.2.3"), "ct1")[1], ReadingListEntry).message
    assert entry.order.placer_order_number == "P2"
    assert ask(actor, step_ended(MPPS), "ct1")[0] == SUCCESS

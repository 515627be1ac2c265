"""The RIS as a whole: an order's way, whom it tells, and what it does without some of its peers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.ris import RisPeers
from emulators.core.event import OutcomeKind
from emulators.core.identity import accession_number, uid
from emulators.messages.orders import OrderStatus, ProcedureMessage
from emulators.messages.steps import StepStarted
from tests.actors.ris_samples import do, new_ris, on_worklist, press, ris, steps_on_worklist
from tests.actors.samples import (
    ACCESSION,
    MPPS,
    SOMEBODY_ELSE,
    STUDY,
    WRONG_ENTRY,
    accept,
    ask,
    cancel_order,
    change_order,
    end,
    merge_patients,
    only_send,
    place_order,
    register_patient,
    report,
    report_status,
    scheduled,
    sends,
    step_ended,
    step_started,
    wake,
)


def test_the_plain_exam_says_to_everybody_what_it_always_said() -> None:
    """Control ids and order of the messages to each peer, from order to report."""
    actor = new_ris()
    sent: dict[str, list[str]] = {"engine": [], "pacs": [], "workstation": []}
    for message, sender in (
        (register_patient(), "engine"),
        (place_order(), "engine"),
        (step_started(), "ct1"),
        (step_ended(), "ct1"),
        (report_status("ASSIGNED"), "workstation"),
        (report("P"), "workstation"),
        (report("F"), "workstation"),
    ):
        for to, told in do(actor, message, sender).sent:
            sent[to].append(getattr(told, "control_id", type(told).__name__))
    assert sent == {
        "engine": ["P1-SC1", "P1-IP1", "P1-CM1", "P1-RP1", "P1-RF1"],
        "pacs": ["P1-SP1", "StepStarted", "StepEnded"],
        "workstation": ["P1-RL1"],
    }


def test_numbers_and_station_of_an_order_are_what_they_always_were() -> None:
    """Fixed values: a change of any of them gives every stored run other facts."""
    ((_, _, fields),) = do(new_ris(), place_order("P1", modality="US")).notes
    assert fields == {
        "mrn": "M1",
        "accession": "AZ0XVRY200",
        "study": "2.25.152432241547499310721947196176607331268",
        "station": "US3",
    }


def test_the_placer_hears_of_the_moves_in_order_even_when_the_engine_was_away() -> None:
    actor = new_ris()
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


def test_a_system_that_the_site_does_not_have_is_told_nothing() -> None:
    actor = new_ris(RisPeers())
    for message in (place_order(), step_started(), step_ended(), report("F"), place_order("P2"), cancel_order("P2")):
        done = do(actor, message, "workstation")
        assert done.sent == []
        assert done.answer.summary in ("AA", "0000H")


def test_performed_steps_go_to_the_image_manager_or_where_the_site_says() -> None:
    for peers, to in (
        (RisPeers("engine", "pacs", "workstation"), ["pacs"]),
        (RisPeers("engine", "pacs", "workstation", steps=""), []),
        (RisPeers("engine", "", "workstation", steps="archive"), ["archive"]),
    ):
        done = do(ris(place_order(), peers=peers), step_started())
        assert [receiver for receiver, message in done.sent if isinstance(message, StepStarted)] == to


def test_the_status_tells_what_is_open() -> None:
    actor = ris(place_order("P1", "P2", "P3"), step_started("P1"), cancel_order("P2"), unscheduled("P9", 1))
    status = actor.status()
    assert status["open_procedures"] == [
        {"accession": ACCESSION, "placer": "P1", "status": "in progress"},
        {"accession": accession_number("P3"), "placer": "P3", "status": "scheduled"},
    ]
    study = uid("own study", "P9", 1)
    assert status["exams_to_reconcile"] == [{"study": study, "mrn": "M2", "accession": "", "station": "CT1"}]
    assert status["queues"] == []


def test_a_step_is_known_by_its_own_uid() -> None:
    """Two orders, the second one's end does not end the first."""
    actor = ris(place_order("P1", "P2"), step_started("P1"), step_started("P2", mpps_uid="1.2.3"))
    assert do(actor, step_ended("1.2.3")).statuses() == [("P2", "SC", "CM")]
    assert do(actor, step_ended(MPPS)).statuses() == [("P1", "SC", "CM")]
    assert scheduled().accession_number == ACCESSION
    assert scheduled().study_instance_uid == STUDY


# --- anything in any order ---------------------------------------------------------------------------------------------

Happening = Callable[[str, int, str], Any]
"""A message about an order, one of several performed steps, and a control id."""

HAPPENINGS: Mapping[str, Happening] = {
    "place": lambda placer, _, control: place_order(placer, control_id=control),
    "change": lambda placer, day, control: change_order(placer, control_id=control, requested_at=f"2026031{day}090000"),
    "cancel": lambda placer, _, control: cancel_order(placer, control_id=control),
    "merge": lambda placer, _, control: merge_patients(control_id=control),
    "start": lambda placer, step, _: step_started(placer, mpps_uid=mpps_uid(placer, step)),
    "start unscheduled": lambda placer, step, _: unscheduled(placer, step),
    "end": lambda placer, step, _: step_ended(mpps_uid(placer, step)),
    "break off": lambda placer, step, _: step_ended(mpps_uid(placer, step), "DISCONTINUED"),
    "see the wrong entry": lambda placer, step, _: step_ended(mpps_uid(placer, step), "DISCONTINUED", WRONG_ENTRY),
    "report": lambda placer, _, control: report("F", placer, control_id=control),
}


def mpps_uid(placer: str, step: int) -> str:
    return uid("step", placer, step)


def unscheduled(placer: str, step: int) -> StepStarted:
    """An exam that names no order."""
    started = step_started(placer, mpps_uid=mpps_uid(placer, step))
    return replace(started, scheduled=(), study_instance_uid=uid("own study", placer, step), patient=SOMEBODY_ELSE)


placers = st.sampled_from(("P1", "P2", "P3"))
days = st.lists(st.tuples(st.sampled_from((*HAPPENINGS, "link")), placers, st.integers(0, 3)), max_size=30)


@given(days)
def test_whatever_happens_peers_and_worklist_agree_and_no_control_id_is_used_twice(days: list[tuple[str, str, int]]) -> None:
    """The last status that the placer was told is "scheduled" for exactly what is on the worklist, and the study there is that
    which the image manager was told of last."""
    actor = new_ris()
    told: dict[str, str] = {}
    studies: dict[str, str] = {}
    used: list[str] = []
    for number, (kind, placer, which) in enumerate(days):
        if kind == "link":
            done = press(actor, "link exam", subject=uid("own study", placer, which), accession=accession_number(placer))
        else:
            done = do(actor, HAPPENINGS[kind](placer, which, f"C{number}"))
        for to, message in done.sent:
            if isinstance(message, OrderStatus):
                told[message.accession_number] = message.status
            if isinstance(message, ProcedureMessage) and to == "pacs":
                studies[message.procedure.accession_number] = message.procedure.study_instance_uid
            if isinstance(message, OrderStatus | ProcedureMessage):
                used.append(message.control_id)
        waiting = {item.text("AccessionNumber"): item.text("StudyInstanceUID") for item in on_worklist(actor)}
        assert waiting == {accession: studies[accession] for accession, status in told.items() if status == "SC"}
        assert len(steps_on_worklist(actor)) == len(waiting)
    assert len(set(used)) == len(used)

"""Every quirk does what its file says, seen from the messages of its actor alone; without it the same actor behaves."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import emulators.quirks
from emulators.actors.ehr import Ehr
from emulators.actors.engine import Engine
from emulators.actors.pacs import Pacs
from emulators.core.actor import Actor
from emulators.core.effect import Note, Reply
from emulators.core.errors import ConfigError
from emulators.core.event import Event, Outcome, OutcomeKind, Request, Stimulus, TimerFired, Withdrawn
from emulators.messages import attributes
from emulators.messages.adt import RegisterPatient, UpdatePerson
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import SUCCESS, Acknowledgement, PersonName
from emulators.messages.orders import OrderStatus, PlaceOrder, ReadingListEntry
from emulators.messages.query import Find, Found
from emulators.messages.report import Report
from emulators.messages.worklist import WorklistItems, WorklistQuery
from emulators.quirks import find, names
from emulators.serving.quirks import with_quirks
from tests.actors.ris_samples import new_ris
from tests.actors.samples import (
    ACCESSION,
    CLOCK,
    CT_IMAGE_STORAGE,
    HEADER,
    PATIENT,
    SOMEBODY_ELSE,
    STUDY,
    VISIT,
    cancel_order,
    images,
    merge_patients,
    order,
    order_status,
    place_order,
    register_patient,
    report,
    schedule_procedure,
    step_ended,
    step_started,
    stored,
    update_patient,
    worklist_item,
)
from tests.quirks.watching import Watched

Quirk = Callable[[Actor], Actor]

MARRIED = replace(PATIENT, name=PersonName("Poe", "Jane"))
WANTED = CommitRequest("2.25.99", (Referenced(CT_IMAGE_STORAGE, images(1, 4)),))
ASKED = dict.fromkeys(("AccessionNumber", "PatientID", "PatientName"), "")


def ris(quirk: Quirk) -> Watched:
    return Watched(quirk(new_ris()))


def pacs(quirk: Quirk) -> Watched:
    return Watched(quirk(Pacs("pacs", CLOCK, {"RADWS": "workstation"})))


def ehr(quirk: Quirk) -> Watched:
    return Watched(quirk(Ehr("ehr", CLOCK, "engine")))


def engine(quirk: Quirk) -> Watched:
    routes = {("ehr", RegisterPatient): ("ris",), ("ehr", PlaceOrder): ("ris",), ("ris", OrderStatus): ("ehr",)}
    return Watched(quirk(Engine("engine", CLOCK, routes)))


def on_worklist(house: Watched, keyword: str) -> list[str]:
    """One attribute of every entry."""
    answered: WorklistItems = house.ask(WorklistQuery(attributes.of({keyword: ""})), sender="ct1")
    return [item.text(keyword) for item in answered.items]


def found(house: Watched, keyword: str, **keys: str) -> list[str]:
    """One attribute of every study that a query finds."""
    answered: Found = house.ask(Find(attributes.of({**ASKED, "StudyInstanceUID": "", **keys})), sender="workstation")
    return [match.text(keyword) for match in answered.matches]


def archive(house: Watched) -> None:
    """Four images of the scheduled study come."""
    house.ask(schedule_procedure(), sender="ris")
    house.ask(HEADER, sender="ct1")
    house.tell(stored(images(1, 4)))


# --- what is seen of each ----------------------------------------------------------------------------------------------


def forgets(quirk: Quirk) -> Any:
    """An order is placed."""
    house = ris(quirk)
    house.ask(register_patient(), place_order())
    return [one.code for one in house.answers], house.names()


def acknowledges_another(quirk: Quirk) -> Any:
    house = engine(quirk)
    house.ask(register_patient(), place_order(), place_order("P2"), sender="ehr")
    return [(one.code, one.control_id) for one in house.answers]


def repeats(quirk: Quirk) -> Any:
    """The same message three times."""
    house = engine(quirk)
    house.ask(*[place_order()] * 3, sender="ehr")
    return [one.control_id for one in house.answers], [one.control_id for one in house.of(PlaceOrder)]


def truncates(quirk: Quirk) -> Any:
    """A status through the engine; a study in the archive, by accession number and without."""
    house = engine(quirk)
    house.ask(order_status("SC"), sender="ris")
    (status,) = house.of(OrderStatus)
    house = pacs(quirk)
    archive(house)
    return status.accession_number, found(house, "AccessionNumber"), found(house, "StudyInstanceUID", AccessionNumber=ACCESSION)


def is_full(quirk: Quirk) -> Any:
    """Six studies, each offered once."""
    house = pacs(quirk)
    for number in range(6):
        house.ask(replace(HEADER, study_instance_uid=f"2.25.{number}"), sender="ct1")
    return [admission.status for admission in house.answers]


def forgets_images(quirk: Quirk) -> Any:
    house = pacs(quirk)
    archive(house)
    house.ask(WANTED, sender="ct1")
    (result,) = house.of(CommitResult)
    return found(house, "StudyInstanceUID"), [reference.failure_reason for reference in result.failed]


def merges(quirk: Quirk) -> Any:
    """Two patients with an order and a study each become one."""
    house = ris(quirk)
    house.ask(place_order(), replace(place_order("P2"), patient=SOMEBODY_ELSE), merge_patients())
    archive_house = pacs(quirk)
    archive(archive_house)
    archive_house.ask(merge_patients())
    return on_worklist(house, "PatientID"), found(archive_house, "PatientID")


def updates(quirk: Quirk) -> Any:
    """An A08 and an A31 bring another name, the one to a worklist, the other to an archive."""
    house = ris(quirk)
    house.ask(register_patient(), place_order(), update_patient(MARRIED))
    archive_house = pacs(quirk)
    archive(archive_house)
    archive_house.ask(register_patient(), update_patient(MARRIED, kind=UpdatePerson))
    codes = {one.code for one in house.answers}
    return codes, on_worklist(house, "PatientName"), found(archive_house, "PatientName")


def cancels(quirk: Quirk) -> Any:
    house = ris(quirk)
    house.ask(place_order())
    house.sent.clear()
    acknowledgement = house.ask(cancel_order())
    told = [(one.order_control, one.status) for one in house.of(OrderStatus)]
    return acknowledgement.code, on_worklist(house, "AccessionNumber"), told, house.names()


def commits(quirk: Quirk) -> Any:
    """Half of what is asked for is there."""
    house = pacs(quirk)
    house.ask(HEADER, sender="ct1")
    house.tell(stored(images(1, 2)))
    status = house.ask(WANTED, sender="ct1")
    results = [
        (len(one.committed_instances), sum(len(part.instances) for part in one.failed)) for one in house.of(CommitResult)
    ]
    return status, results


def discontinues(quirk: Quirk) -> Any:
    house = ris(quirk)
    house.ask(place_order())
    house.ask(step_started(), step_ended(status="DISCONTINUED"), sender="ct1")
    return [one.status for one in house.of(OrderStatus)], len(house.of(ReadingListEntry))


def late_reports(quirk: Quirk) -> Any:
    """P, F, and then a P that was held up on the way, twice."""
    house = ris(quirk)
    house.ask(place_order())
    late = report("P", text="Held up.", control_id="LATE")
    house.ask(report("P"), report("F"), late, late, sender="workstation")
    chart = ehr(quirk)
    chart.actor.handle(Stimulus("place order", {"subject": "P1", "patient": PATIENT, "visit": VISIT, "orders": (order(),)}), 0)
    chart.ask(report("P"), report("F"), late, late)
    filed = [(fields["status"], fields["text"]) for name, _, fields in chart.noted if name == "report filed"]
    return [(one.status, one.text) for one in house.of(Report)], filed[-1]


def late_status(quirk: Quirk) -> list[str]:
    """How the chart says it after SC, CM, and an IP that was held up on the way."""
    chart = ehr(quirk)
    chart.actor.handle(Stimulus("place order", {"subject": "P1", "patient": PATIENT, "visit": VISIT, "orders": (order(),)}), 0)
    said = []
    for status in ("SC", "CM", "IP"):
        chart.ask(order_status(status))
        effects = chart.actor.handle(Stimulus("show chart", {"subject": "P1"}), 0)
        said += [effect.fields["shown"] for effect in effects if isinstance(effect, Note)]
    return said


REPORTS = [("P", "Text P."), ("F", "Text F.")]

SEEN: dict[str, tuple[Callable[[Quirk], Any], Any, Any]] = {
    "says_aa_but_forgets": (
        forgets,
        (["AA", "AA"], [("engine", "OrderStatus"), ("pacs", "ScheduleProcedure")]),
        (["AA", "AA"], []),
    ),
    "acknowledges_another_message": (
        acknowledges_another,
        [("AA", "V1-A041"), ("AA", "P1-NW1"), ("AA", "P2-NW1")],
        [("AA", "V1-A041"), ("AA", "V1-A041"), ("AA", "P1-NW1")],
    ),
    "takes_repeats_as_new": (
        repeats,
        (["P1-NW1"] * 3, ["P1-NW1"]),
        (["P1-NW1"] * 3, ["P1-NW1", "P1-NW1-REP1", "P1-NW1-REP2"]),
    ),
    "truncates_accession": (truncates, (ACCESSION, [ACCESSION], [STUDY]), (ACCESSION[:8], [ACCESSION[:8]], [STUDY])),
    "out_of_resources": (is_full, [0x0000] * 6, [0x0000, 0x0000, 0xA700] * 2),
    "forgets_images": (forgets_images, ([STUDY], []), ([], [0x0112])),
    "merges_the_wrong_way_round": (merges, (["M1", "M1"], ["M1"]), (["M2", "M2"], ["M2"])),
    "ignores_updates": (updates, ({"AA"}, ["Poe^Jane"], ["Poe^Jane"]), ({"AA"}, ["Doe^Jane"], ["Doe^Jane"])),
    "ignores_cancel": (
        cancels,
        ("AA", [], [("CR", "CA")], [("engine", "OrderStatus"), ("pacs", "CancelProcedure")]),
        ("AA", [ACCESSION], [], []),
    ),
    "never_commits": (commits, (SUCCESS, [(2, 2)]), (SUCCESS, [])),
    "commits_what_it_lacks": (commits, (SUCCESS, [(2, 2)]), (SUCCESS, [(4, 0)])),
    "takes_discontinued_as_completed": (discontinues, (["SC", "IP", "DC"], 0), (["SC", "IP", "CM"], 1)),
    "takes_every_status": (
        late_status,
        ["scheduled", "awaiting report", "awaiting report"],
        ["scheduled", "awaiting report", "in progress"],
    ),
    "preliminary_wins": (late_reports, (REPORTS, ("F", "Text F.")), ([*REPORTS, ("P", "Held up.")], ("P", "Held up."))),
}
"""What is watched, what is seen of an actor that behaves, and what is seen with the quirk."""


@pytest.mark.parametrize("name", SEEN)
def test_the_quirk_is_seen_from_outside_and_without_it_the_actor_behaves(name: str) -> None:
    watch, behaved, misbehaved = SEEN[name]
    assert watch(lambda actor: actor) == behaved
    assert watch(find(name)) == misbehaved


@pytest.mark.parametrize("name", SEEN)
def test_a_quirk_does_the_same_wrong_each_time(name: str) -> None:
    """What it remembers is its own, and follows from what it was told."""
    watch, _, misbehaved = SEEN[name]
    assert [watch(find(name)) for _ in range(2)] == [misbehaved] * 2


# --- every quirk -------------------------------------------------------------------------------------------------------

FOLDER = Path(emulators.quirks.__file__).parent


def test_every_file_is_a_quirk_found_by_its_name_and_watched_here() -> None:
    files = {file.stem for file in FOLDER.glob("*.py") if not file.name.startswith("_")}
    assert set(names()) == files == set(SEEN)
    assert list(names()) == sorted(names())


@pytest.mark.parametrize("name", names())
def test_every_file_says_what_product_it_is_and_which_case_is_about_it(name: str) -> None:
    said = find(name).__module__
    opening = (FOLDER / f"{name}.py").read_text(encoding="utf-8").split('"""')[1]
    assert said == f"emulators.quirks.{name}"
    assert re.search(r"Catalogue: ``[a-z0-9]+(\.[a-z0-9]+)+``", opening)
    assert "Seen: " in opening


def test_a_quirk_that_there_is_not_is_named_with_those_that_there_are() -> None:
    for unknown in ("ignores_everything", "_wrapper", "", "../ris"):
        with pytest.raises(ConfigError, match=f"there is no quirk {re.escape(unknown)}; there is .*ignores_cancel"):
            find(unknown)


def test_a_site_file_puts_quirks_around_an_actor_the_last_one_outermost() -> None:
    actor = with_quirks(new_ris(), ("ignores_cancel", "says_aa_but_forgets"), "endpoints.ris.quirks")
    assert type(actor) is find("says_aa_but_forgets")
    assert type(actor.actor) is find("ignores_cancel")  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"endpoints\.ris\.quirks: there is no quirk slow"):
        with_quirks(new_ris(), ("slow",), "endpoints.ris.quirks")


class Inside:
    """An actor that keeps what it is told, and answers nothing."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def handle(self, event: Any, now: int) -> list[Any]:
        self.events.append((now, event))
        return [Reply(7, "answer")]


UNTOUCHED: tuple[Event, ...] = (
    Request(7, "ct1", WorklistQuery()),
    Request(7, "workstation", Find()),
    Outcome("out/ris/adt", OutcomeKind.ANSWERED, Acknowledgement("AA", "C1")),
    Outcome("out/ris/adt", OutcomeKind.UNKNOWN, None),
    Stimulus("open study", {"subject": ACCESSION}),
    TimerFired("look/A1"),
    Withdrawn(7),
)


@pytest.mark.parametrize("name", names())
def test_what_a_quirk_is_not_about_goes_through_as_it_is(name: str) -> None:
    inside = Inside()
    actor = find(name)(inside)
    for now, event in enumerate(UNTOUCHED):
        assert list(actor.handle(event, now)) == [Reply(7, "answer")]
        assert inside.events[-1] == (now, event)
        assert inside.events[-1][1] is event


# --- more about some of them -------------------------------------------------------------------------------------------


def heard_through(name: str, message: Any) -> Any:
    """What an actor within the quirk hears of a message, and that the message itself is what it was."""
    inside, before = Inside(), repr(message)
    find(name)(inside).handle(Request(7, "engine", message), 0)
    assert repr(message) == before
    return inside.events[-1][1].message


def test_accession_numbers_are_cut_wherever_they_stand() -> None:
    cut = ACCESSION[:8]
    assert heard_through("truncates_accession", schedule_procedure()).procedure.accession_number == cut
    assert heard_through("truncates_accession", step_started()).scheduled[0].accession_number == cut
    assert heard_through("truncates_accession", report("F")).order.accession_number == cut
    assert heard_through("truncates_accession", HEADER).accession_number == cut
    assert heard_through("truncates_accession", Find(attributes.of({"AccessionNumber": ACCESSION}))).keys == attributes.of(
        {"AccessionNumber": cut}
    )


def test_accession_numbers_are_cut_in_answers_too() -> None:
    inside = Inside()
    answered = Outcome("worklist/1", OutcomeKind.ANSWERED, WorklistItems((worklist_item(),)))
    find("truncates_accession")(inside).handle(answered, 0)
    (item,) = inside.events[-1][1].message.items
    assert item.text("AccessionNumber") == ACCESSION[:8]
    assert item.without(["AccessionNumber"]) == worklist_item().without(["AccessionNumber"])


@pytest.mark.parametrize(("accession", "cut"), [("A1", "A1"), ("", ""), ("A234567 90", "A234567")])
def test_a_cut_accession_number_is_one_that_a_message_can_carry(accession: str, cut: str) -> None:
    assert heard_through("truncates_accession", replace(HEADER, accession_number=accession)).accession_number == cut


def test_a_preliminary_report_that_is_repeated_after_the_final_one_is_the_same_message() -> None:
    """An acknowledgement was lost; the sender repeats what came before the final report."""
    house = ris(find("preliminary_wins"))
    house.ask(place_order())
    house.ask(report("P"), report("F"), sender="workstation")
    assert house.ask(report("P"), sender="workstation").code == "AA"
    assert [one.status for one in house.of(Report)] == ["P", "F"]


def test_a_final_report_takes_its_place_back_from_a_preliminary_one() -> None:
    house = ris(find("preliminary_wins"))
    house.ask(place_order())
    late, last = report("P", control_id="LATE", text="Late."), report("F", control_id="LAST", text="Last.")
    house.ask(report("F"), late, last, sender="workstation")
    assert [(one.status, one.text) for one in house.of(Report)] == [("F", "Text F."), ("P", "Late."), ("F", "Last.")]


def test_a_step_without_any_series_stays_discontinued() -> None:
    ended = replace(step_ended(status="DISCONTINUED"), series=())
    assert heard_through("takes_discontinued_as_completed", ended) == ended


def test_a_merge_the_wrong_way_round_without_an_issuer_stays_with_the_one_that_is_named() -> None:
    merge = replace(merge_patients(), prior_issuer="")
    heard = heard_through("merges_the_wrong_way_round", merge)
    assert (heard.patient.patient_id, heard.patient.issuer, heard.prior_patient_id) == ("M2", "RADLOOP", "M1")


def test_a_cancel_request_that_is_taken_as_new_is_answered_twice() -> None:
    house = ris(find("takes_repeats_as_new"))
    house.ask(place_order(), cancel_order(), cancel_order())
    assert [one.order_control for one in house.of(OrderStatus)] == ["SC", "CR", "CR"]
    assert [one.control_id for one in house.answers] == ["P1-NW1", "P1-CA1", "P1-CA1"]


def test_an_acknowledgement_lags_by_one_for_each_sender() -> None:
    house = ris(find("acknowledges_another_message"))
    house.ask(register_patient(), sender="ehr")
    house.ask(place_order(), sender="engine")
    assert [one.control_id for one in house.answers] == ["V1-A041", "P1-NW1"]

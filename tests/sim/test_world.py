"""The life of the clinic: who comes and when, who reads, and that more of one thing changes nobody else's luck."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.draws import Draws
from emulators.core.errors import ConfigError
from emulators.core.instant import DAY, HOUR, MINUTE
from emulators.trace import Record
from sim.run import scanned_images
from sim.scenario import Scenario, Shift
from sim.world.arrivals import Arrival, arrivals
from sim.world.people import Case, Cases
from sim.world.reading import until_on_duty_us
from tests.clinic import eventful_clinic, half_the_acknowledgements, happenings, run, scenario, small_clinic, visits

MONDAY, SATURDAY = date(2026, 3, 2), date(2026, 3, 7)


def arriving(clinic: Scenario, seed: int = 7, first_day: date = MONDAY) -> list[Arrival]:
    return arrivals(clinic.world, Draws(seed), first_day)


def instants(clinic: Scenario, seed: int = 7) -> list[int]:
    return [arrival.at for arrival in arriving(clinic, seed)]


def cases(clinic: Scenario, count: int, seed: int = 7, kind: int = 0) -> list[Case]:
    source = Cases(clinic, Draws(seed), scanned_images(clinic, seed))
    return [source.case(Arrival(0, number, kind)) for number in range(1, count + 1)]


def busier(clinic: Scenario) -> Scenario:
    """The same with three times the outpatients from 9 to 10."""
    kinds = [kind.model_dump() for kind in clinic.world.arrivals]
    by_hour = list(kinds[0]["expected_exams_by_hour"])
    by_hour[9] *= 3
    kinds[0]["expected_exams_by_hour"] = by_hour
    return scenario(arrivals=kinds)


# --- arrivals ----------------------------------------------------------------------------------------------------------


def test_arrivals_are_in_order_and_in_hours_that_have_any() -> None:
    clinic = small_clinic(days=3)
    found = instants(clinic)
    assert found == sorted(found)
    assert {instant % DAY // HOUR for instant in found} == {8, 9}
    assert {instant // DAY for instant in found} == {0, 1, 2}


def test_over_many_days_as_many_come_as_are_expected() -> None:
    hours = Counter(instant % DAY // HOUR for instant in instants(small_clinic(days=400, arrivals=[visits(5, 1)])))
    assert hours[8] / 400 == pytest.approx(5, rel=0.1)
    assert hours[9] / 400 == pytest.approx(1, rel=0.15)


def test_the_day_of_the_week_multiplies_the_hours() -> None:
    weekdays_only = [1, 1, 1, 1, 1, 0, 0]
    days = {
        arrival.at // DAY for arrival in arriving(small_clinic(days=14, arrivals=[visits(9, 9, day_factors=weekdays_only)]))
    }
    assert days == {0, 1, 2, 3, 4, 7, 8, 9, 10, 11}
    assert arriving(small_clinic(arrivals=[visits(9, 9, day_factors=weekdays_only)]), first_day=SATURDAY) == []


def test_a_day_more_changes_no_earlier_arrival() -> None:
    one, three = instants(scenario(days=1)), instants(scenario(days=3))
    assert [instant for instant in three if instant < DAY] == one
    assert len(three) > len(one)


def test_one_hours_arrivals_do_not_depend_on_another_hour() -> None:
    before, after = instants(scenario()), instants(busier(scenario()))

    def elsewhere(found: Sequence[int]) -> list[int]:
        return [instant for instant in found if instant // HOUR != 9]

    assert elsewhere(after) == elsewhere(before)
    assert set(before) < set(after)  # who came still comes


def test_a_busier_hour_gives_nobody_elses_visit_another_number() -> None:
    assert set(arriving(scenario())) < set(arriving(busier(scenario())))


def test_another_kind_of_visits_changes_no_arrival_of_the_first() -> None:
    outpatients, emergencies = visits(5, 5), visits(3, 3, "E")
    one, both = (arriving(small_clinic(arrivals=kinds)) for kinds in ([outpatients], [outpatients, emergencies]))
    assert [arrival for arrival in both if arrival.kind == 0] == one
    assert len({arrival.number for arrival in both}) == len(both) > len(one)


def test_more_visits_in_an_hour_than_there_are_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^world\.arrivals\[0\]\.expected_exams_by_hour\[8\]: .* more than 1000 an hour"):
        arriving(small_clinic(arrivals=[visits(1_100, 0)]))


# --- people ------------------------------------------------------------------------------------------------------------


def test_a_visit_is_a_function_of_its_number() -> None:
    clinic = scenario()
    forward = cases(clinic, 30)
    source = Cases(clinic, Draws(7), scanned_images(clinic, 7))
    assert [source.case(Arrival(9, number, 0)) for number in range(30, 0, -1)] == forward[::-1]
    assert cases(clinic, 30, seed=8) != forward


def test_a_day_more_or_another_staff_changes_no_visit() -> None:
    assert cases(scenario(days=9, technologists=1, registration_mean_min=30), 30) == cases(scenario(), 30)


def test_more_stat_exams_are_the_same_visits_with_another_priority() -> None:
    calm, hectic = (cases(small_clinic(arrivals=[visits(5, 5, stat_fraction=stat)]), 60) for stat in (0.15, 0.5))
    for before, after in zip(calm, hectic, strict=True):
        assert replace(after, priority=before.priority) == before
        assert before.priority == "ROUTINE" or after.priority == "STAT"


@pytest.mark.parametrize("name", happenings())
def test_more_of_one_happening_changes_no_patient_no_first_procedure_and_nothing_else_that_happens(name: str) -> None:
    """But for what cannot happen together."""
    pairs = {"typing_error": "manual_entry", "done_as_one": "second_procedure"}
    base = happenings(**{pairs[name]: 0.5}) if name in pairs else happenings()
    kind = {"unordered": "E", "transferred": "I"}.get(name, "O")
    clinics = [small_clinic(arrivals=[visits(5, 5, kind)], happenings=made) for made in (base, {**base, name: 0.3})]
    before, after = (cases(clinic, 150) for clinic in clinics)
    for one, other in zip(before, after, strict=True):
        assert (one.patient, one.visit, one.procedure, one.has_prior) == (
            other.patient,
            other.visit,
            other.procedure,
            other.has_prior,
        )
        assert one.happenings - other.happenings <= {pairs.get(name, "")}
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    assert 10 < changed < 70


def test_every_visit_has_its_own_patient_visit_and_orders() -> None:
    found = cases(scenario(), 200)
    for name in ("visit", "patient"):
        assert len({getattr(case, name) for case in found}) == 200
    placers = [exam.placer_order_number for case in found for exam in case.exams]
    assert len(set(placers)) == len(placers) > 200


def test_orders_that_are_placed_together_are_of_one_modality_and_share_a_group_number() -> None:
    for case in cases(small_clinic(happenings=happenings(second_procedure=1)), 50):
        first, second = (case.order(exam, "20260302080000") for exam in case.exams)
        assert first.modality == second.modality
        assert first.procedure != second.procedure
        assert first.placer_group_number == second.placer_group_number != ""
    alone = cases(small_clinic(happenings=happenings()), 1)[0]
    assert alone.order(alone.exams[0], "20260302080000").placer_group_number == ""


def test_fractions_and_mix_are_met_roughly() -> None:
    found = cases(scenario(), 2_000)
    assert sum(case.priority == "STAT" for case in found) / 2_000 == pytest.approx(0.15, abs=0.03)
    assert sum(case.has_prior for case in found) / 2_000 == pytest.approx(0.6, abs=0.04)
    mix = Counter(case.procedure.modality for case in found)
    assert mix["DX"] / 2_000 == pytest.approx(0.54, abs=0.04)
    assert mix["MR"] / 2_000 == pytest.approx(0.08, abs=0.02)
    happened = Counter(name for case in found for name in case.happenings)
    assert happened["merged"] / 2_000 == pytest.approx(0.06, abs=0.02)
    assert (happened["second_procedure"] + happened["done_as_one"]) / 2_000 == pytest.approx(0.08 * 0.92, abs=0.02)


def test_only_women_come_to_mammography_unless_it_is_all_there_is() -> None:
    scanners = [{"name": "mg1", "ae_title": "MG1", "modality": "MG"}, {"name": "us1", "ae_title": "US1", "modality": "US"}]
    reading = {"sigma": 0, "verification_mean_min": 1, "median_min": {"MG": 4, "US": 4}}

    def seen(**mix: float) -> list[Case]:
        return cases(scenario({"scanners": scanners}, arrivals=[visits(5, 5, modality_mix=mix)], reading=reading), 100)

    both = seen(MG=0.5, US=0.5)
    assert {case.patient.sex for case in both if case.procedure.modality == "MG"} == {"F"}
    assert {case.procedure.modality for case in both} == {"MG", "US"}
    assert {case.procedure.modality for case in seen(MG=1.0, US=0.0)} == {"MG"}


def test_no_exam_has_more_images_than_the_cap() -> None:
    found = cases(scenario(images={"cap": 3, "scale": 0.5}), 100)
    assert {exam.instances for case in found for exam in case.exams} <= {1, 2, 3}


def test_a_prior_is_an_earlier_study_of_the_same_patient_and_modality() -> None:
    clinic = scenario()
    source = Cases(clinic, Draws(7), scanned_images(clinic, 7))
    for case in cases(clinic, 50):
        prior = source.prior(case)
        assert prior.header.patient == case.patient
        assert prior.header.modality == case.procedure.modality
        assert prior.header.study_at < clinic.site.epoch.strftime("%Y%m%d%H%M%S")
        assert 1 <= len(prior.instances) <= clinic.world.images.cap


# --- shifts ------------------------------------------------------------------------------------------------------------

DAY_SHIFT, NIGHT_SHIFT, ALWAYS = (
    Shift(start_hour=8, end_hour=17),
    Shift(start_hour=17, end_hour=9),
    Shift(start_hour=0, end_hour=24),
)


@pytest.mark.parametrize(
    ("shift", "hour", "wait_h"),
    [
        (DAY_SHIFT, 8, 0),
        (DAY_SHIFT, 16.9, 0),
        (DAY_SHIFT, 17, 15),
        (DAY_SHIFT, 7.5, 0.5),
        (NIGHT_SHIFT, 17, 0),
        (NIGHT_SHIFT, 23.9, 0),
        (NIGHT_SHIFT, 0, 0),
        (NIGHT_SHIFT, 8.9, 0),
        (NIGHT_SHIFT, 9, 8),
        (ALWAYS, 0, 0),
        (ALWAYS, 23.9, 0),
        (Shift(start_hour=8, end_hour=8), 3, 0),
    ],
)
@pytest.mark.parametrize("day", [0, 5])
def test_a_radiologist_is_on_duty_in_the_hours_of_the_shift(shift: Shift, hour: float, wait_h: float, day: int) -> None:
    assert until_on_duty_us(shift, day * DAY + round(hour * HOUR)) == round(wait_h * HOUR)


@given(st.integers(0, 23), st.integers(0, 24), st.integers(0, 3 * DAY))
def test_after_the_wait_the_shift_has_begun(start: int, end: int, now: int) -> None:
    shift = Shift(start_hour=start, end_hour=end)
    wait_us = until_on_duty_us(shift, now)
    assert 0 <= wait_us < DAY
    assert until_on_duty_us(shift, now + wait_us) == 0
    assert wait_us == 0 or (now + wait_us) % DAY == start * HOUR


def test_nobody_opens_a_study_off_duty() -> None:
    records: list[Record] = []
    afternoon = [{"start_hour": 13, "end_hour": 15}]
    ending = run(small_clinic(radiologists=afternoon, happenings=happenings()), records.append)
    assert ending.finished
    opened = [record["at"] for record in records if record["record"] == "stimulus" and record["name"] == "open study"]
    assert len(opened) == ending.orders
    assert {instant % DAY // HOUR for instant in opened} <= {13, 14}


# --- a fault changes nobody's draws ------------------------------------------------------------------------------------


def draws_of(records: list[Record]) -> dict[str, list[Any]]:
    """What was drawn for each order, as far as the trace shows it: identifiers, station, and the reports in the chart."""
    found: dict[str, list[Any]] = {}
    for record in records:
        if record["record"] == "note" and record["name"] in ("procedure scheduled", "report filed"):
            kept = [record.get(name) for name in ("mrn", "accession", "station", "status", "text", "addendum")]
            found.setdefault(record["subject"], []).append(kept)
    return found


def test_a_fault_changes_nobodys_draws() -> None:
    without: list[Record] = []
    with_losses: list[Record] = []
    run(eventful_clinic(), without.append)
    run(eventful_clinic(), with_losses.append, plan=half_the_acknowledgements(7))
    assert draws_of(with_losses) == draws_of(without)


def test_a_day_more_changes_nobodys_identifiers_and_texts() -> None:
    one: list[Record] = []
    two: list[Record] = []
    run(small_clinic(), one.append)
    run(small_clinic(days=2), two.append)
    first_day = draws_of(one)
    assert {placer: kept for placer, kept in draws_of(two).items() if placer in first_day} == first_day


def test_a_patient_registers_at_the_instant_of_arrival() -> None:
    records: list[Record] = []
    clinic = small_clinic()
    run(clinic, records.append)
    registered = [record["at"] for record in records if record["record"] == "stimulus" and record["name"] == "register"]
    assert registered == instants(clinic)
    assert min(registered) > 8 * HOUR - MINUTE

"""The life of the clinic: who comes and when, who reads, and that more of one thing changes nobody else's luck."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.draws import Draws
from emulators.core.instant import DAY, HOUR, MINUTE
from emulators.trace import Record
from sim.run import scanned_images
from sim.scenario import Scenario, Shift
from sim.world.arrivals import arrivals
from sim.world.people import Case, Cases
from sim.world.reading import until_on_duty_us
from tests.clinic import half_the_acknowledgements, run, scenario, small_clinic


def instants(clinic: Scenario, seed: int = 7) -> list[int]:
    return [arrival.at for arrival in arrivals(clinic.world, Draws(seed))]


def cases(clinic: Scenario, count: int, seed: int = 7) -> list[Case]:
    source = Cases(clinic, Draws(seed), scanned_images(clinic, seed))
    return [source.case(number) for number in range(1, count + 1)]


# --- arrivals ----------------------------------------------------------------------------------------------------------


def test_arrivals_are_in_order_and_in_hours_that_have_any() -> None:
    clinic = small_clinic(days=3)
    found = instants(clinic)
    assert found == sorted(found)
    assert {instant % DAY // HOUR for instant in found} == {8, 9}
    assert {instant // DAY for instant in found} == {0, 1, 2}


def test_over_many_days_as_many_come_as_are_expected() -> None:
    by_hour = [0.0] * 8 + [5.0, 1.0] + [0.0] * 14
    hours = Counter(instant % DAY // HOUR for instant in instants(scenario(days=400, expected_exams_by_hour=by_hour)))
    assert hours[8] / 400 == pytest.approx(5, rel=0.1)
    assert hours[9] / 400 == pytest.approx(1, rel=0.15)


def test_a_day_more_changes_no_earlier_arrival() -> None:
    one, three = instants(scenario(days=1)), instants(scenario(days=3))
    assert [instant for instant in three if instant < DAY] == one
    assert len(three) > len(one)


def test_one_hours_arrivals_do_not_depend_on_another_hour() -> None:
    busy = list(scenario().world.expected_exams_by_hour)
    busy[9] *= 3
    before, after = instants(scenario()), instants(scenario(expected_exams_by_hour=busy))

    def elsewhere(found: Sequence[int]) -> list[int]:
        return [instant for instant in found if instant // HOUR != 9]

    assert elsewhere(after) == elsewhere(before)
    assert set(before) < set(after)  # who came still comes


def test_a_busier_hour_gives_nobody_elses_visit_another_number() -> None:
    busy = list(scenario().world.expected_exams_by_hour)
    busy[9] *= 3
    before = arrivals(scenario().world, Draws(7))
    after = arrivals(scenario(expected_exams_by_hour=busy).world, Draws(7))
    assert set(before) < set(after)


# --- people ------------------------------------------------------------------------------------------------------------


def test_a_visit_is_a_function_of_its_number() -> None:
    clinic = scenario()
    forward = cases(clinic, 30)
    source = Cases(clinic, Draws(7), scanned_images(clinic, 7))
    assert [source.case(number) for number in range(30, 0, -1)] == forward[::-1]
    assert cases(clinic, 30, seed=8) != forward


def test_a_day_more_or_another_staff_changes_no_visit() -> None:
    assert cases(scenario(days=9, technologists=1, registration_mean_min=30), 30) == cases(scenario(), 30)


def test_more_stat_exams_are_the_same_visits_with_another_priority() -> None:
    calm, hectic = cases(scenario(), 60), cases(scenario(stat_fraction=0.5), 60)
    for before, after in zip(calm, hectic, strict=True):
        assert before.patient == after.patient
        assert (before.procedure, before.instances, before.has_prior) == (after.procedure, after.instances, after.has_prior)
        assert before.priority == "ROUTINE" or after.priority == "STAT"


def test_every_visit_has_its_own_patient_visit_and_order() -> None:
    found = cases(scenario(), 200)
    for name in ("placer_order_number", "visit", "patient"):
        assert len({getattr(case, name) for case in found}) == 200


def test_fractions_and_mix_are_met_roughly() -> None:
    found = cases(scenario(), 2_000)
    assert sum(case.priority == "STAT" for case in found) / 2_000 == pytest.approx(0.15, abs=0.03)
    assert sum(case.has_prior for case in found) / 2_000 == pytest.approx(0.6, abs=0.04)
    mix = Counter(case.procedure.modality for case in found)
    assert mix["DX"] / 2_000 == pytest.approx(0.54, abs=0.04)
    assert mix["MR"] / 2_000 == pytest.approx(0.08, abs=0.02)


def test_no_exam_has_more_images_than_the_cap() -> None:
    assert {case.instances for case in cases(scenario(images={"cap": 3, "scale": 0.5}), 100)} <= {1, 2, 3}


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
    ending = run(small_clinic(radiologists=afternoon), records.append)
    assert ending.finished
    opened = [record["at"] for record in records if record["record"] == "stimulus" and record["name"] == "open study"]
    assert len(opened) == ending.orders
    assert {instant % DAY // HOUR for instant in opened} <= {13, 14}


# --- a fault changes nobody's draws ------------------------------------------------------------------------------------


def draws_of(records: list[Record]) -> dict[str, tuple[object, ...]]:
    """What was drawn for each order, as far as the trace shows it: identifiers, images and texts."""
    found: dict[str, list[object]] = {}
    for record in records:
        if record["record"] == "note" and record["name"] in ("procedure scheduled", "report filed"):
            kept = [record.get(name) for name in ("mrn", "accession", "study", "station", "status", "text")]
            found.setdefault(record["subject"], []).append(kept)
    return {placer: tuple(map(str, kept)) for placer, kept in found.items()}


def test_a_fault_changes_nobodys_draws() -> None:
    without: list[Record] = []
    with_losses: list[Record] = []
    run(small_clinic(), without.append)
    run(small_clinic(), with_losses.append, plan=half_the_acknowledgements(7))
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

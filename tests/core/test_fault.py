"""Fault plans: which messages a rule is for, and draws that belong to their message alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.fault import PASS, FaultKind, FaultPlan, Rule, Verdict

LOST = Verdict(FaultKind.RESET_AFTER)
REFUSED = Verdict(FaultKind.REFUSE)
SLOW = Verdict(FaultKind.SLOW, bytes_per_s=1_000)
A04 = ("ehr", "engine", "adt", "RegisterPatient")


def verdicts(plan: FaultPlan, subjects: Sequence[str], now: int = 0) -> list[Verdict]:
    return [plan.verdict(*A04, subject, now) for subject in subjects]


def test_a_plan_without_rules_passes_everything() -> None:
    plan = FaultPlan(7)
    assert plan.verdict(*A04, "M1", 0) is PASS
    assert not plan.touches(*A04)
    assert not plan.concerns("ehr", "engine", "adt")


@pytest.mark.parametrize(
    ("selector", "value", "other"),
    [("sender", "ehr", "ris"), ("receiver", "engine", "ris"), ("lane", "adt", "x"), ("message", "RegisterPatient", "X")],
)
def test_a_selector_matches_its_value_and_no_other(selector: str, value: str, other: str) -> None:
    assert FaultPlan(7, [Rule(LOST, **{selector: value})]).verdict(*A04, "M1", 0) is LOST  # type: ignore[arg-type]
    missed = FaultPlan(7, [Rule(LOST, **{selector: other})])  # type: ignore[arg-type]
    assert missed.verdict(*A04, "M1", 0) is PASS
    assert not missed.touches(*A04)


def test_a_rule_without_selectors_matches_every_message() -> None:
    plan = FaultPlan(7, [Rule(LOST)])
    assert plan.verdict(*A04, "M1", 0) is LOST
    assert plan.verdict("ct1", "pacs", "store", "StoreStudy", "1.2.3", 0) is LOST


def test_a_link_is_concerned_if_any_message_on_it_could_be() -> None:
    plan = FaultPlan(7, [Rule(LOST, sender="ehr", message="PlaceOrder")])
    assert plan.concerns("ehr", "engine", "adt")
    assert not plan.touches(*A04)
    assert not plan.concerns("ris", "engine", "orders")


def test_the_first_rule_that_does_not_pass_gives_the_verdict() -> None:
    rules = [Rule(PASS), Rule(REFUSED, message="PlaceOrder"), Rule(SLOW), Rule(LOST)]
    assert FaultPlan(7, rules).verdict(*A04, "M1", 0) is SLOW


def test_an_occurrence_counts_the_messages_of_one_kind_on_one_link() -> None:
    plan = FaultPlan(7, [Rule(LOST, lane="adt", occurrence=2)])
    plan.verdict("ehr", "engine", "adt", "MergePatients", "M1", 0)
    plan.verdict("engine", "ris", "adt", "RegisterPatient", "M1", 0)
    assert verdicts(plan, ["M1", "M2", "M3"]) == [PASS, LOST, PASS]


def test_a_window_holds_its_start_and_not_its_end() -> None:
    plan = FaultPlan(7, [Rule(LOST, from_us=10, until_us=20)])
    assert [plan.verdict(*A04, "M1", now) is LOST for now in (9, 10, 19, 20)] == [False, True, True, False]


def test_a_window_without_an_end_lasts() -> None:
    plan = FaultPlan(7, [Rule(LOST, from_us=10)])
    assert [plan.verdict(*A04, "M1", now) is LOST for now in (9, 10, 10**15)] == [False, True, True]


def test_a_probability_is_met_roughly_and_its_ends_exactly() -> None:
    subjects = [f"M{number}" for number in range(2_000)]
    assert sum(verdict is LOST for verdict in verdicts(FaultPlan(7, [Rule(LOST, probability=0.3)]), subjects)) in range(
        540, 660
    )
    assert set(verdicts(FaultPlan(7, [Rule(LOST, probability=0.0)]), subjects)) == {PASS}
    assert set(verdicts(FaultPlan(7, [Rule(LOST, probability=1.0)]), subjects)) == {LOST}


def test_each_attempt_draws_anew() -> None:
    drawn = verdicts(FaultPlan(7, [Rule(LOST, probability=0.5)]), ["M1"] * 40)
    assert {LOST, PASS} == set(drawn)


def test_another_seed_draws_otherwise() -> None:
    subjects = [f"M{number}" for number in range(40)]
    rules = [Rule(LOST, probability=0.5)]
    assert verdicts(FaultPlan(7, rules), subjects) == verdicts(FaultPlan(7, rules), subjects)
    assert verdicts(FaultPlan(7, rules), subjects) != verdicts(FaultPlan(8, rules), subjects)


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.data())
def test_a_subject_more_changes_nobody_elses_luck(subjects: list[str], data: st.DataObject) -> None:
    rules = [Rule(LOST, probability=0.5)]
    alone = verdicts(FaultPlan(7, rules), subjects)
    place = data.draw(st.integers(0, len(subjects)))
    crowded = verdicts(FaultPlan(7, rules), [*subjects[:place], "another", *subjects[place:]])
    del crowded[place]
    assert crowded == alone


@given(st.lists(st.sampled_from("abcdef"), max_size=30))
def test_a_rule_more_at_the_end_changes_no_verdict_of_the_others(subjects: list[str]) -> None:
    rule = Rule(LOST, probability=0.5)
    alone = verdicts(FaultPlan(7, [rule]), subjects)
    both = verdicts(FaultPlan(7, [rule, Rule(SLOW, probability=0.5)]), subjects)
    assert [verdict is LOST for verdict in both] == [verdict is LOST for verdict in alone]


@given(st.lists(st.tuples(st.sampled_from(("RegisterPatient", "PlaceOrder")), st.sampled_from("abc")), max_size=30))
def test_one_kind_of_message_does_not_draw_from_another(messages: list[tuple[str, str]]) -> None:
    def of_registrations(asked: list[tuple[str, str]]) -> list[Verdict]:
        plan = FaultPlan(7, [Rule(LOST, probability=0.5)])
        drawn = [(kind, plan.verdict("ehr", "engine", "adt", kind, subject, 0)) for kind, subject in asked]
        return [verdict for kind, verdict in drawn if kind == "RegisterPatient"]

    only = [message for message in messages if message[0] == "RegisterPatient"]
    assert of_registrations(messages) == of_registrations(only)


def test_a_rule_for_another_lane_put_before_changes_nobodys_luck() -> None:
    rule = Rule(Verdict(FaultKind.RESET_AFTER), lane="adt", probability=0.5)
    other = Rule(Verdict(FaultKind.REFUSE), lane="store", probability=0.5)

    def drawn(*rules: Rule) -> list[FaultKind]:
        plan = FaultPlan(7, rules)
        return [plan.verdict("a", "b", "adt", "RegisterPatient", str(subject), 0).kind for subject in range(50)]

    assert drawn(rule) == drawn(other, rule)

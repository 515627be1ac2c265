"""Fault plan files: what a person writes becomes rules, and a wrong key is refused with file and key path."""

import re
from pathlib import Path

import pytest

from emulators.core.errors import ConfigError
from emulators.core.fault import FaultKind, Rule, Verdict
from emulators.core.instant import HOUR, SECOND
from sim.faults import RuleSettings, find


def plan_file(tmp_path: Path, *rules: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nrules = []\n' if not rules else 'title = "Mine"\n' + "".join(f"[[rules]]\n{rule}\n" for rule in rules)
    )
    return str(path)


def test_half_the_acknowledgements_loses_every_answer_by_a_coin() -> None:
    (rule,) = find("half_the_acknowledgements").rules
    assert rule.rule() == Rule(Verdict(FaultKind.RESET_AFTER), probability=0.5)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('verdict = "refuse"', Rule(Verdict(FaultKind.REFUSE))),
        (
            'verdict = "swallow"\nsender = "ris"\nreceiver = "pacs"\nlane = "orders"\nmessage = "OrderStatus"\noccurrence = 3',
            Rule(Verdict(FaultKind.SWALLOW), "ris", "pacs", "orders", "OrderStatus", 3),
        ),
        ('verdict = "delay"\ndelay_s = 1.5', Rule(Verdict(FaultKind.DELAY, delay_us=3 * SECOND // 2))),
        ('verdict = "slow"\nbytes_per_s = 100', Rule(Verdict(FaultKind.SLOW, bytes_per_s=100))),
        ('verdict = "hold"\nuntil_h = 2', Rule(Verdict(FaultKind.HOLD, until_us=2 * HOUR))),
        ('verdict = "pass"\nfrom_h = 1\nto_h = 1.5', Rule(Verdict(FaultKind.PASS), from_us=HOUR, until_us=3 * HOUR // 2)),
    ],
)
def test_a_rule_of_a_file_is_a_rule_of_the_plan(tmp_path: Path, text: str, rule: Rule) -> None:
    settings = find(plan_file(tmp_path, text))
    assert [found.rule() for found in settings.rules] == [rule]


def test_a_plan_of_a_file_gives_its_verdicts(tmp_path: Path) -> None:
    plan = find(plan_file(tmp_path, 'verdict = "refuse"\nlane = "adt"', 'verdict = "truncate"')).plan(7)
    assert plan.verdict("ehr", "engine", "adt", "RegisterPatient", "M1", 0).kind is FaultKind.REFUSE
    assert plan.verdict("ehr", "engine", "orders", "PlaceOrder", "P1", 0).kind is FaultKind.TRUNCATE


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ('verdict = "explode"', "rules[1].verdict: "),
        ('lane = "adt"', "rules[1].verdict: Field required"),
        ('verdict = "refuse"\nline = "adt"', "rules[1].line: Extra inputs are not permitted"),
        ('verdict = "refuse"\nprobability = 50', "rules[1].probability: "),
        ('verdict = "refuse"\noccurrence = -1', "rules[1].occurrence: "),
        ('verdict = "delay"', "rules[1]: Value error, delay_s: needed with verdict delay"),
        ('verdict = "slow"', "rules[1]: Value error, bytes_per_s: needed with verdict slow"),
        ('verdict = "hold"', "rules[1]: Value error, until_h: needed with verdict hold"),
        ('verdict = "hold"\nuntil_h = 1\ndelay_s = 1', "rules[1]: Value error, delay_s: not used with verdict hold"),
        ('verdict = "refuse"\nbytes_per_s = 1', "rules[1]: Value error, bytes_per_s: not used with verdict refuse"),
    ],
)
def test_a_wrong_rule_is_refused_with_file_and_key_path(tmp_path: Path, rule: str, complaint: str) -> None:
    path = plan_file(tmp_path, 'verdict = "refuse"', rule)
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{path}: {complaint}')}"):
        find(path)


def test_an_unknown_plan_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"^all: no such fault plan; there is .*half_the_acknowledgements.*, or give the path"
    ):
        find("all")


def test_a_plan_may_have_no_rules(tmp_path: Path) -> None:
    assert find(plan_file(tmp_path)).plan(7).concerns("ehr", "engine", "adt") is False


def test_a_rule_needs_no_more_than_its_verdict() -> None:
    assert RuleSettings(verdict=FaultKind.REFUSE).rule() == Rule(Verdict(FaultKind.REFUSE))

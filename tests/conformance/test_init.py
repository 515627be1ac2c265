"""`radloop certify init`: what a product answers becomes a target file that is taken as it stands."""

import tomllib
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest

from commands.certify.emulator import Emulator
from conformance.case import ROLES, Role
from conformance.draft import draft, likely_role
from conformance.operator_steps import TargetOperator
from conformance.runner import Run
from conformance.survey import TRANSFER_SYNTAXES, Survey, Surveyor
from conformance.taps import Taps
from conformance.target import Target, load_target, parse_target
from conformance.verdict import Ended, Failure, Outcome
from tests.conformance.bench import case_of

CT, IMPLICIT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
MPEG2 = "1.2.840.10008.1.2.4.100"


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    emulator = Emulator("pacs", tmp_path_factory.mktemp("pacs"))
    yield emulator.target()
    emulator.close()


def ask(target: Target, called: str = "", calling: str = "") -> Survey:
    own = target.roles["pacs"]
    return Surveyor(own.dicom, called or own.title, calling or str(target.tester.peers["modality"].ae_title), 10).survey()


def test_our_archive_tells_its_services_classes_and_syntaxes(pacs: Target) -> None:
    found = ask(pacs)
    assert found.implementation == "RADLOOP"
    assert set(found.services) >= {"storage", "query", "move", "commitment", "performed_step"}
    assert "worklist" not in found.services
    assert "study" in found.query_models
    assert set(pacs.roles["pacs"].claims.sop_classes) <= set(found.accepted)
    assert {IMPLICIT, EXPLICIT} <= set(found.common)
    assert not found.takes_strangers
    assert likely_role(found) == "pacs"


def test_the_draft_of_our_archive_is_taken_and_says_what_was_found(pacs: Target, tmp_path: Path) -> None:
    found = ask(pacs)
    path = tmp_path / "target.toml"
    path.write_text(draft(found, "pacs", "127.0.0.1", 104, "ARCHIVE", "CT1"), encoding="utf-8")
    target = load_target(path)
    own = target.roles["pacs"]
    assert (own.dicom, own.title, own.claims.services) == (("127.0.0.1", 104), "ARCHIVE", tuple(found.services))
    assert own.claims.sop_classes == tuple(found.accepted)
    assert own.policies.unknown_calling_ae_title == "refuse"
    assert target.tester.peers["modality"].ae_title == "CT1"


def test_a_product_that_claims_more_classes_than_fit_one_association_is_judged(pacs: Target) -> None:
    own = pacs.roles["pacs"]
    many = (*own.claims.sop_classes, *(f"1.2.3.{number}" for number in range(200)))
    role = own.model_copy(update={"claims": own.claims.model_copy(update={"sop_classes": many})})
    target = pacs.model_copy(update={"roles": {"pacs": role}})
    with closing(Run(target, "pacs", Taps(StringIO()), TargetOperator({}, attended=False), 1)) as run:
        result = run.case(case_of("dicom.ul.assoc.4"))
    assert result.outcome is Outcome.PASS, result.trials[0].said


def test_a_wrong_title_says_which(pacs: Target) -> None:
    with pytest.raises(Failure, match="called AE title"):
        ask(pacs, called="WRONG")
    with pytest.raises(Failure, match="calling AE title"):
        ask(pacs, calling="WRONG")


def test_nobody_there_says_so(pacs: Target) -> None:
    with pytest.raises(Ended, match=r"a connection to 127\.0\.0\.1:1"):
        Surveyor(("127.0.0.1", 1), "A", "B", 1).survey()


def test_transfer_syntaxes_of_some_classes_only_are_no_claim_but_a_comment() -> None:
    survey = Survey("X", ["storage"], accepted={CT: [IMPLICIT, EXPLICIT], "1.2.3": [IMPLICIT, MPEG2]})
    assert (survey.common, survey.for_some) == ([IMPLICIT], {EXPLICIT: [CT], MPEG2: ["1.2.3"]})
    text = draft(survey, "pacs", "h", 104, "A", "B")
    assert parse_target(tomllib.loads(text), "draft").roles["pacs"].claims.transfer_syntaxes == (IMPLICIT,)
    assert f'#   "{MPEG2}": MPEG2 Main Profile / Main Level, for 1: 1.2.3' in text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("survey", [Survey("nothing"), Survey('odd "\\ \x7f é', takes_strangers=False)], ids=["empty", "odd"])
def test_a_draft_of_any_role_is_taken_also_with_its_comments_taken_away(role: Role, survey: Survey) -> None:
    text = draft(survey, role, "192.0.2.1", 11112, 'A "B', "LONG_TITLE_OF_16")
    target = parse_target(tomllib.loads(text), "draft")
    assert (target.product.name, target.roles[role].title) == (survey.implementation, 'A "B')
    keys = ("# mllp_port", "# application", "# facility", "# [tester", "# vendor")
    more = "\n".join(line.removeprefix("# ") if line.startswith(keys) else line for line in text.splitlines())
    parse_target(tomllib.loads(more), "draft")


def test_each_commented_policy_and_timer_is_one_that_is_taken() -> None:
    text = draft(Survey("x"), "pacs", "h", 104, "A", "B")
    policies = text[text.index("[roles.pacs.policies]") : text.index("[roles.pacs.limits]")].splitlines()[2:]
    timers = text[text.index("[timers]") : text.index("# What a person does")].splitlines()[2:]
    body = "\n".join(line.removeprefix("# ") for line in policies)
    own = {"host": "h", "policies": tomllib.loads(body)}
    data = {
        "product": {"name": "x", "version": "1"},
        "roles": {"pacs": own},
        "tester": {"peers": {}},
        "timers": tomllib.loads("\n".join(line.removeprefix("# ") for line in timers)),
    }
    assert len(tomllib.loads(body)) > 20
    parse_target(data, "draft")


def test_every_transfer_syntax_is_asked_once() -> None:
    assert len(set(TRANSFER_SYNTAXES)) == len(TRANSFER_SYNTAXES) > 30

"""What may be signed after what, and what is taken back when the receiver refuses it."""

from dataclasses import replace

import pytest

from emulators.actors.signing import ADDENDUM, Signatures, checked_status, checked_text
from emulators.core.errors import LocalProtocolError
from emulators.messages.report import Report
from tests.actors.samples import report

KINDS = ("P", "F", "C", ADDENDUM, "X", "D", "W")


def signed(kind: str, number: int = 1) -> Report:
    if kind == ADDENDUM:
        return replace(report("F", control_id=f"AD{number}"), text="", addendum="More.")
    return report(kind, control_id=f"{kind}{number}")


def after(*kinds: str, taken: bool = True) -> Signatures:
    signatures = Signatures()
    for number, kind in enumerate(kinds):
        signatures.sign(signed(kind, number))
        if taken:
            signatures.end(signed(kind, number), accepted=True)
    return signatures


def allowed(signatures: Signatures) -> str:
    """The first letters of what may follow; A for an addendum."""
    return "".join(kind[0].upper() for kind in KINDS if not signatures.objection(kind))


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(
    ("before", "may_follow"),
    [
        ((), "PFX"),
        (("P",), "PFXDW"),
        (("P", "F"), "CAXDW"),
        (("F", "C"), "CAXDW"),
        (("F", ADDENDUM), "CAXDW"),
        (("F", "C", ADDENDUM), "CAXDW"),
        (("X",), "PF"),
        (("F", "W"), "PF"),
        (("P", "D"), "PF"),
    ],
)
def test_what_may_be_signed_follows_from_what_was_signed_last_taken_or_not(
    before: tuple[str, ...], may_follow: str, taken: bool
) -> None:
    assert allowed(after(*before, taken=taken)) == may_follow


def test_an_objection_says_what_cannot_follow_what() -> None:
    assert after("F").objection("P") == "P cannot follow F"
    assert after().objection("C") == "C cannot follow nothing"


@pytest.mark.parametrize(("taken", "then"), [((), "F"), (("P",), "F"), (("P", "F"), "C"), (("F",), ADDENDUM)])
def test_what_is_refused_counts_as_not_signed(taken: tuple[str, ...], then: str) -> None:
    signatures = after(*taken)
    signatures.sign(signed(then, 9))
    signatures.end(signed(then, 9), accepted=False)
    assert signatures.last == (taken[-1] if taken else "")
    assert allowed(signatures) == allowed(after(*taken))


def test_a_refused_preliminary_report_leaves_the_final_one_that_was_signed_behind_it() -> None:
    signatures = after("P", "F", taken=False)
    signatures.end(signed("P", 0), accepted=False)
    assert (signatures.last, signatures.taken) == ("F", "")


def test_a_dead_letter_that_is_sent_again_is_taken_but_a_preliminary_one_does_not_come_behind_the_final_one() -> None:
    late = after("P", "F")
    late.end(signed("P", 9), accepted=True)
    assert (late.taken, late.is_read) == ("F", True)
    only = Signatures()
    only.end(signed("F", 9), accepted=True)
    assert (only.taken, only.is_read) == ("F", True)


def test_a_case_is_read_when_the_receiver_has_what_ends_it() -> None:
    assert [kind for kind in "PFCXDW" if after("P", kind).is_read] == list("FCXDW")
    assert not after("F", taken=False).is_read
    assert not after().is_read


def test_text_is_made_as_messages_carry_it() -> None:
    assert checked_text("FINDINGS: \r\nNone.\n\n", "F") == "FINDINGS:\nNone."


@pytest.mark.parametrize(
    ("text", "kind"), [("", "F"), (" \n ", "P"), ("", ADDENDUM), ("a\x00b", "F"), ("a\x1cb", "C"), ("Text.", "W")]
)
def test_what_is_no_report_is_our_own_mistake(text: str, kind: str) -> None:
    with pytest.raises(LocalProtocolError, match="text"):
        checked_text(text, kind)


@pytest.mark.parametrize("status", ["", "A", "X", "p", "FC"])
def test_only_preliminary_final_and_corrected_reports_are_signed(status: str) -> None:
    with pytest.raises(LocalProtocolError, match="status"):
        checked_status(status)

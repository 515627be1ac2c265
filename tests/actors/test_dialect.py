"""Dialects: what a system writes otherwise, the way back, and what fits neither."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from emulators.actors.dialect import TRANSLATED, AccessionMap, CodePair, Dialect, Translator
from emulators.core.errors import LocalProtocolError
from emulators.messages.adt import VISIT_MESSAGES, UpdatePatient
from emulators.messages.common import Code
from emulators.messages.orders import (
    CancelProcedure,
    ChangeProcedure,
    ReadingListEntry,
    ReadingListRemoval,
    ScheduleProcedure,
)
from tests.actors import samples
from tests.actors.samples import PROCEDURE, order_status, place_order, report

THEIR_CODE = Code("71250", "C4", "CT THORAX W/O DYE")
DIALECT = Dialect(
    accession=AccessionMap(strip_prefix="A", zero_pad=11, add_prefix="R-"),
    procedures=(CodePair(("CTCHEST", "RADLOOP", "CT of the chest"), ("71250", "C4", "CT THORAX W/O DYE")),),
    order_statuses={"DC": "CA"},
    priorities={"STAT": "ROUTINE", "ROUTINE": "STAT"},
    issuers={"RADLOOP": "THEIRS"},
)
TRANSLATOR = Translator(DIALECT)
NUMBER = samples.ACCESSION
THEIR_NUMBER = f"R-00{NUMBER[1:]}"

EVERY_MESSAGE: list[Any] = [
    *(samples.update_patient(kind=kind) for kind in VISIT_MESSAGES),
    samples.merge_patients(),
    place_order("P1", "P2"),
    samples.change_order(),
    samples.cancel_order(),
    samples.filler_order(NUMBER),
    samples.number_assigned(NUMBER),
    order_status("IP"),
    samples.report_status("FINAL"),
    *(
        samples.of_procedure(kind)
        for kind in (ScheduleProcedure, ChangeProcedure, CancelProcedure, ReadingListEntry, ReadingListRemoval)
    ),
    report("F", "P1", "P2", addendum="More."),
]


def test_every_message_is_tried() -> None:
    assert {type(message) for message in EVERY_MESSAGE} == set(TRANSLATED)


@pytest.mark.parametrize("message", EVERY_MESSAGE, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_went_out(message: Any) -> None:
    theirs = TRANSLATOR.theirs(message)
    assert theirs != message
    assert theirs.control_id == message.control_id
    assert theirs.patient.issuer == "THEIRS"
    assert TRANSLATOR.ours(theirs) == message


@pytest.mark.parametrize("message", EVERY_MESSAGE, ids=lambda message: type(message).__name__)
def test_a_dialect_like_the_houses_changes_nothing(message: Any) -> None:
    translator = Translator(Dialect())
    assert translator.theirs(message) is message
    assert translator.ours(message) is message


def test_each_value_is_written_where_it_stands() -> None:
    placed = TRANSLATOR.theirs(place_order("P1", "P2"))
    assert [(one.procedure, one.priority) for one in placed.orders] == [(THEIR_CODE, "STAT")] * 2
    status = TRANSLATOR.theirs(order_status("DC"))
    assert (status.accession_number, status.procedure, status.status) == (THEIR_NUMBER, THEIR_CODE, "CA")
    assert TRANSLATOR.theirs(report("F")).order.accession_number == THEIR_NUMBER
    assert TRANSLATOR.theirs(samples.merge_patients()).prior_issuer == "THEIRS"
    scheduled = TRANSLATOR.theirs(samples.schedule_procedure())
    assert (scheduled.procedure.accession_number, scheduled.order.priority) == (THEIR_NUMBER, "STAT")
    assert TRANSLATOR.theirs(samples.filler_order(NUMBER)).accession_number == THEIR_NUMBER


def test_no_number_stays_none() -> None:
    status = replace(order_status("SC"), accession_number="")
    assert TRANSLATOR.theirs(status).accession_number == ""
    assert TRANSLATOR.ours(status).accession_number == ""


def test_a_code_that_no_map_names_passes() -> None:
    other = replace(order_status("SC"), procedure=Code("X", "Y", "Z"), patient=replace(samples.PATIENT, issuer="OTHER"))
    theirs = TRANSLATOR.theirs(other)
    assert (theirs.procedure, theirs.patient, theirs.status) == (other.procedure, other.patient, "SC")


def test_a_procedure_is_known_by_scheme_and_value_alone() -> None:
    named = replace(order_status("SC"), procedure=replace(PROCEDURE, meaning="Thorax"))
    assert TRANSLATOR.theirs(named).procedure == THEIR_CODE
    foreign = replace(order_status("SC"), procedure=replace(PROCEDURE, scheme="L"))
    assert TRANSLATOR.theirs(foreign).procedure == foreign.procedure


def test_a_code_that_is_the_houses_own_comes_back_as_that() -> None:
    assert TRANSLATOR.theirs(order_status("DC")).status == "CA"
    assert TRANSLATOR.ours(replace(order_status("CA"), accession_number="")).status == "CA"


# --- accession numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "ours", "theirs"),
    [
        (AccessionMap(), "A12", "A12"),
        (AccessionMap(strip_prefix="A"), "A12", "12"),
        (AccessionMap(add_prefix="S1-"), "A12", "S1-A12"),
        (AccessionMap(zero_pad=6), "A12", "000A12"),
        (AccessionMap(strip_prefix="A", zero_pad=5, add_prefix="R"), "A12", "R00012"),
        (AccessionMap(strip_prefix="A", zero_pad=5, add_prefix="R"), "A1234567", "R1234567"),
    ],
)
def test_an_accession_number_is_written_both_ways(written: AccessionMap, ours: str, theirs: str) -> None:
    assert written.theirs(ours) == theirs
    assert written.ours(theirs) == ours


@given(
    st.builds(AccessionMap, st.sampled_from(("", "A", "A0")), st.integers(0, 8), st.sampled_from(("", "R", "0"))),
    st.text("A01R", min_size=1, max_size=8),
)
def test_what_is_written_comes_back_the_same_or_is_an_error(written: AccessionMap, number: str) -> None:
    try:
        theirs = written.theirs(number)
    except LocalProtocolError:
        pass
    else:
        assert written.ours(theirs) == number
    try:
        ours = written.ours(number)
    except LocalProtocolError:
        return
    assert written.theirs(ours) == number


@pytest.mark.parametrize(
    ("written", "number", "complaint"),
    [
        (AccessionMap(add_prefix="HOSPITAL"), NUMBER, "accession_number: longer than 16 characters"),
        (AccessionMap(strip_prefix="B"), NUMBER, "accession_number: does not start as those of the house do"),
        (AccessionMap(strip_prefix="A", zero_pad=9), "A012", "accession_number: would not come back the same"),
        (AccessionMap(strip_prefix="A"), "A", "accession_number: would not come back the same"),
    ],
)
@pytest.mark.parametrize("kind", [order_status("SC"), report("F"), samples.schedule_procedure()])
def test_a_number_that_does_not_fit_is_an_error_that_does_not_tell_it(
    kind: Any, written: AccessionMap, number: str, complaint: str
) -> None:
    if hasattr(kind, "accession_number"):
        message = replace(kind, accession_number=number)
    elif hasattr(kind, "steps"):
        message = replace(kind, steps=(replace(kind.procedure, accession_number=number),))
    else:
        message = replace(kind, orders=(replace(kind.order, accession_number=number),))
    with pytest.raises(LocalProtocolError) as error:
        Translator(Dialect(accession=written)).theirs(message)
    assert str(error.value) == complaint


def test_a_number_that_its_sender_cannot_have_made_is_an_error() -> None:
    with pytest.raises(LocalProtocolError, match="does not start as those of its sender do"):
        TRANSLATOR.ours(order_status("SC"))
    with pytest.raises(LocalProtocolError, match="would not come back the same"):
        TRANSLATOR.ours(replace(order_status("SC"), accession_number="R-12"))


# --- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"order_statuses": {"SC": "ZZ"}}, "order_statuses: knows CA, CM, DC, IP, SC only"),
        ({"order_statuses": {"ZZ": "SC"}}, "order_statuses: knows CA, CM, DC, IP, SC only"),
        ({"priorities": {"STAT": "NOW"}}, "priorities: knows ROUTINE, STAT only"),
        ({"issuers": {"A": "X", "B": "X"}}, "issuers: two codes become one"),
        ({"procedures": [{"ours": ["1", "L", ""], "theirs": ["9", "X", ""]}] * 2}, "procedures: the house has one code twice"),
        (
            {"procedures": [{"ours": [value, "L", ""], "theirs": ["9", "X", ""]} for value in "12"]},
            "procedures: two codes become one",
        ),
        ({"procedures": [{"ours": ["1" * 17, "L", ""], "theirs": ["9", "X", ""]}]}, "code.value: longer than 16 characters"),
        ({"accession": {"pad": 3}}, "Unexpected keyword argument"),
        ({"accessions": {}}, "Unexpected keyword argument"),
    ],
)
def test_a_wrong_dialect_is_refused_when_it_is_read(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(Dialect).validate_python(settings)


def test_a_dialect_is_read_from_plain_data() -> None:
    data = {
        "accession": {"strip_prefix": "A", "zero_pad": 11, "add_prefix": "R-"},
        "procedures": [{"ours": ["CTCHEST", "RADLOOP", "CT of the chest"], "theirs": ["71250", "C4", "CT THORAX W/O DYE"]}],
        "order_statuses": {"DC": "CA"},
        "priorities": {"STAT": "ROUTINE", "ROUTINE": "STAT"},
        "issuers": {"RADLOOP": "THEIRS"},
    }
    assert TypeAdapter(Dialect).validate_python(data) == DIALECT


def test_two_codes_that_are_exchanged_come_back() -> None:
    translator = Translator(Dialect(order_statuses={"CA": "DC", "DC": "CA"}))
    for status in ("CA", "DC", "SC"):
        assert translator.ours(translator.theirs(order_status(status))) == order_status(status)


def test_an_update_says_what_it_deletes_in_any_dialect() -> None:
    nameless = replace(samples.PATIENT, sex="")
    message = samples.update_patient(nameless, kind=UpdatePatient, deleted=("sex",))
    assert TRANSLATOR.theirs(message).deleted == ("sex",)


def test_an_order_without_a_code_or_priority_of_theirs_is_the_same_object() -> None:
    message = place_order()
    assert Translator(Dialect(priorities={"STAT": "ROUTINE"})).theirs(message) is message

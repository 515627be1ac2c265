"""Canonical forms: one form per value, refused where there is none, and an error that names no value."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.adt import RegisterPatient, UpdatePatient
from emulators.messages.common import Acknowledgement, Code, Patient, PersonName, Status, Visit
from emulators.messages.orders import Order, OrderStatus
from emulators.messages.query import Find
from emulators.messages.report import Report, ReportedOrder

Form = Callable[[str], str]

FORMS: dict[str, Form] = {
    "text": partial(canonical.text, limit=8, attribute="a"),
    "ascii text": partial(canonical.ascii_text, limit=8, attribute="a"),
    "code string": partial(canonical.code_string, attribute="a"),
    "name component": partial(canonical.name_component, attribute="a"),
    "lines": partial(canonical.lines, attribute="a"),
    "uid": partial(canonical.uid, attribute="a"),
    "name group": partial(canonical.name_group, attribute="a"),
    "date": partial(canonical.date, attribute="a"),
    "stamp": partial(canonical.stamp, attribute="a"),
}

KEPT = [
    ("text", "O'Neil ü"),
    ("text", "a*b"),
    ("ascii text", "RADPACS"),
    ("code string", "CT"),
    ("code string", "CTA_1 X"),
    ("name component", "van der Aa"),
    ("name group", "山田^太郎"),
    ("lines", "FINDINGS\n\nNone."),
    ("uid", "1.2.840.10008.1.1"),
    ("uid", "2.25.0"),
    ("date", "20240229"),
    ("stamp", "20260302235959"),
]

CHANGED = [
    ("text", "  a b ", "a b"),
    ("ascii text", " CT1 ", "CT1"),
    ("code string", " CT ", "CT"),
    ("lines", "a  \r\nb\rc\n\n", "a\nb\nc"),
    ("name group", " 山田 ^太郎^^^", "山田^太郎"),
]

REFUSED = [
    ("text", "123456789"),
    ("text", "a\\b"),
    ("text", "a\nb"),
    ("text", '""'),
    ("text", "a\x00b"),
    ("text", "a\ud800b"),
    ("ascii text", "RÖNTGEN"),
    ("code string", "ct"),
    ("code string", "A" * 17),
    ("code string", "*"),
    ("name component", "Doe^Jane"),
    ("name component", "Doe=Jane"),
    ("name component", "A" * 65),
    ("name group", "a^b^c^d^e^f"),
    ("name group", "a=b"),
    ("lines", "a\tb"),
    ("lines", "a\x0bb"),
    ("lines", "a\ud800b"),
    ("uid", ""),
    ("uid", "1"),
    ("uid", "1.02"),
    ("uid", "1..2"),
    ("uid", "1.2."),
    ("uid", "1.2\n"),
    ("uid", "1.٣"),
    ("uid", "1." + "2" * 63),
    ("date", "20260229"),
    ("date", "2026-3-2"),
    ("date", "20260302 "),
    ("stamp", "20260302"),
    ("stamp", "20260302246000"),
]


@pytest.mark.parametrize(("form", "value"), KEPT)
def test_a_canonical_value_stays(form: str, value: str) -> None:
    assert FORMS[form](value) == value


@pytest.mark.parametrize(("form", "value", "expected"), CHANGED)
def test_a_value_takes_its_canonical_form(form: str, value: str, expected: str) -> None:
    assert FORMS[form](value) == expected


@pytest.mark.parametrize(("form", "value"), REFUSED)
def test_a_value_without_a_canonical_form_is_refused(form: str, value: str) -> None:
    with pytest.raises(LocalProtocolError, match=r"^a: "):
        FORMS[form](value)


@pytest.mark.parametrize("form", FORMS)
@given(value=st.text(st.sampled_from("0123456789 .-*^=\\\nAaü\ud800") | st.characters(), max_size=70))
def test_a_canonical_form_is_its_own_canonical_form(form: str, value: str) -> None:
    try:
        once = FORMS[form](value)
    except LocalProtocolError:
        return
    assert FORMS[form](once) == once


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("lines",)])
@given(value=st.text(st.sampled_from("Zz?\\\x01") | st.characters(), min_size=20, max_size=100))
def test_an_error_does_not_show_the_value(form: str, value: str) -> None:
    try:
        FORMS[form](value)
    except LocalProtocolError as refusal:
        complaint = str(refusal)
    else:
        return
    assert value not in complaint


def test_an_empty_date_or_stamp_is_allowed_and_an_empty_uid_is_not() -> None:
    assert canonical.date("", "a") == canonical.stamp("", "a") == ""
    with pytest.raises(LocalProtocolError):
        canonical.uid("", "a")


def test_one_of_names_what_is_allowed() -> None:
    assert canonical.one_of("M", frozenset("MF"), "sex") == "M"
    with pytest.raises(LocalProtocolError, match=re.escape("sex: not one of F, M")):
        canonical.one_of("X", frozenset("MF"), "sex")


# --- messages are canonical on construction ----------------------------------------------------------------------------

NAME = PersonName("Doe", "Jane")
PATIENT = Patient("M1", "RADLOOP", NAME)
CODE = Code("CT1", "RADLOOP", "CT of the chest")
ORDER = ReportedOrder("P1", "A1", "1.2", CODE)


def test_parts_of_messages_take_their_canonical_form() -> None:
    assert PersonName(" Doe ", " Jane ") == NAME
    assert Patient(" M1 ", "RADLOOP ", NAME) == PATIENT
    assert Code("CT1 ", " RADLOOP", "CT of the chest ") == CODE
    assert Visit(" V1 ", location=" CLINIC ") == Visit("V1", location="CLINIC")
    assert Status(0xC000, " no such step ").comment == "no such step"


def test_the_text_of_a_report_takes_its_canonical_form() -> None:
    report = Report("C1", "20260302080000", PATIENT, (ORDER,), "F", "a \r\nb\r\n", NAME, "20260302080000")
    assert report.text == "a\nb"


@pytest.mark.parametrize(
    "make",
    [
        lambda: PersonName("A" * 30, "B" * 30, "C" * 30),
        lambda: Patient("M1", "", NAME, "19701301"),
        lambda: Patient("M1", "", NAME, "", "X"),
        lambda: Visit("V1", "X"),
        lambda: Code("", "RADLOOP", "a scheme without a value"),
        lambda: Code("A" * 17, "", ""),
        lambda: Acknowledgement("CC", "C1"),
        lambda: Status(0xC000, "é"),
        lambda: Order("P" * 23, CODE, "CT", "CHEST", "STAT", ""),
        lambda: Order("P1", CODE, "CT", "CHEST", "URGENT", ""),
        lambda: RegisterPatient("C" * 21, "20260302080000", PATIENT, Visit("V1")),
        lambda: RegisterPatient("C1", "2026", PATIENT, Visit("V1")),
        lambda: Find(level="PATIENT"),
        lambda: Report("C1", "", PATIENT, (ORDER,), "A", "", NAME, ""),
        lambda: Report("C1", "", PATIENT, (ORDER,), "W", "withdrawn, and still there", NAME, ""),
        lambda: Report("C1", "", PATIENT, (), "F", "", NAME, ""),
        lambda: UpdatePatient("C1", "", PATIENT, Visit("V1"), ("name",)),
        lambda: OrderStatus("C1", "", PATIENT, "P1", "A1", CODE, "ZZ"),
    ],
)
def test_a_message_that_no_wire_can_carry_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(LocalProtocolError):
        make()


def test_a_person_name_is_a_value() -> None:
    assert hash(PersonName("Doe ", "Jane")) == hash(NAME)
    assert list(PersonName("Doe", "Jane", "M", "Dr", "MD").components()) == ["Doe", "Jane", "M", "Dr", "MD"]

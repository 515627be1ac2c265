"""Who it is: what an ADT deletes, identifiers and their authorities, names in several ways of writing, merges."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from emulators.codecs.hl7v2 import Rejection
from emulators.messages.adt import MergePatients, UpdatePatient, current
from emulators.messages.common import NOBODY, PersonName
from tests import strategies
from tests.codecs.hl7_golden import GOLDEN, changed
from tests.codecs.hl7_samples import JAPANESE, MESSAGES, PATIENT, VISIT, codec, variant

LINK = codec("2.5.1")


def read(name: str, *changes: tuple[str, str]) -> Any:
    return LINK.decode(changed(name, *changes))


# --- what is deleted (2.5.3) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth_date", "sex", "deleted"),
    [
        ("19700228", "F", ()),
        ("", "", ()),
        ('""', "F", ("birth_date",)),
        ("", '""', ("sex",)),
        ('""', '""', ("birth_date", "sex")),
    ],
)
def test_an_update_keeps_what_is_empty_and_deletes_what_is_null(birth_date: str, sex: str, deleted: tuple[str, ...]) -> None:
    update = read("UpdatePatient", ("|19700228|F", f"|{birth_date}|{sex}"))
    assert update.deleted == deleted
    after = current(PATIENT, update)
    assert (after.birth_date, after.sex) == tuple(
        "" if attribute in deleted else getattr(PATIENT, attribute) for attribute in ("birth_date", "sex")
    )


def test_an_unknown_sex_keeps_the_known_one() -> None:
    assert read("UpdatePatient", ("|19700228|F", "|19700228|U")).deleted == ()


# --- who -----------------------------------------------------------------------------------------------------------------


def test_one_number_under_two_authorities_is_two_patients() -> None:
    here, there = read("UpdatePatient"), read("UpdatePatient", ("^^^HOSPITAL", "^^^CLINIC"))
    assert (here.patient.patient_id, here.patient.issuer) == ("MRN-1", "HOSPITAL")
    assert (there.patient.patient_id, there.patient.issuer) == ("MRN-1", "CLINIC")


def test_an_identifier_of_64_characters_survives() -> None:
    assert read("UpdatePatient", ("MRN-1", "9" * 64)).patient.patient_id == "9" * 64


def test_the_type_of_an_event_is_told_by_msh_9_2() -> None:
    names = [name for name, text in GOLDEN.items() if "|ADT^" in text]
    assert len(names) == 16
    for name in names:
        assert type(LINK.decode(GOLDEN[name].encode())) is type(MESSAGES[name])


# --- merges --------------------------------------------------------------------------------------------------------------


def test_a_merge_names_both_and_the_authority_of_each() -> None:
    merge = read("MergePatients", ("MRG|MRN-0^^^HOSPITAL", "MRG|MRN-0^^^CLINIC"))
    assert (merge.patient.patient_id, merge.patient.issuer) == ("MRN-1", "HOSPITAL")
    assert (merge.prior_patient_id, merge.prior_issuer) == ("MRN-0", "CLINIC")


def test_an_authority_that_is_not_said_is_not_made_up() -> None:
    merge: MergePatients = read("MergePatients", ("MRG|MRN-0^^^HOSPITAL", "MRG|MRN-0"))
    assert merge.prior_issuer == ""


# --- names ---------------------------------------------------------------------------------------------------------------


@given(strategies.person_names.filter(lambda name: name != NOBODY))
def test_a_name_is_the_same_in_every_field(name: PersonName) -> None:
    """XPN in PID-5, XCN in PV1-8, NDL in OBR-32."""
    update = UpdatePatient("1", "20250301080000", replace(PATIENT, name=name), replace(VISIT, referring_physician=name))
    assert LINK.decode(LINK.encode(update)) == update
    report: Any = variant("Report", reader=name)
    assert LINK.decode(LINK.encode(report)) == report


@pytest.mark.parametrize(
    ("pid_5", "name"),
    [
        ("Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P", JAPANESE),
        ("山田^太郎^^^^^L^I~Yamada^Tarou^^^^^L^A~やまだ^たろう^^^^^L^P", JAPANESE),  # any order
        ("Yamada^Tarou~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P~Y^T^^^^^N", JAPANESE),  # no code is alphabetic; an alias
        ("山田^太郎^^^^^L^I", PersonName("", ideographic="山田^太郎")),
        (
            "Yamada^Tarou^^Jr^Dr~山田^太郎^^二世^先生^^L^I",
            PersonName("Yamada", "Tarou", "", "Dr", "Jr", "山田^太郎^^先生^二世"),
        ),
    ],
)
def test_each_way_of_writing_a_name_is_a_repetition(pid_5: str, name: PersonName) -> None:
    assert read("Japanese", ("Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P", pid_5)).patient.name == name


@pytest.mark.parametrize("part", ["山\\S\\田", "山=田", "山\\E\\田"])
def test_a_component_that_a_dicom_name_cannot_hold_is_refused(part: str) -> None:
    with pytest.raises(Rejection, match="AE 102 PID-5"):
        read("Japanese", ("山田^", f"{part}^"))

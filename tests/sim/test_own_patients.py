"""A user's own ADT messages: every way of writing them down, what they do to the people, and the visits of these people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.draws import Draws
from emulators.carriers import CodecCarriers
from emulators.core.errors import ConfigError
from emulators.core.fault import FaultPlan
from emulators.messages.common import Patient, PersonName
from reports.measures.facts import Facts
from sim.own_data import OwnData
from sim.own_patients import OwnPatients, read_feed
from sim.run import Ending, Run, scanned_images
from sim.scenario import Scenario, find
from sim.world.arrivals import arrivals
from sim.world.people import UNKNOWN_NAME, Case, Cases

SECRET = "Mustermann"


def adt(event: str, mrn: str, name: str = "Doe^Jane", birth: str = "19800101", sex: str = "F", merged: str = "") -> str:
    """A message as a hospital may export it, its segments ended by CR."""
    segments = [
        rf"MSH|^~\&|ADT|HOSP|RIS|HOSP|20260302080000||ADT^{event}|{mrn}{event}|P|2.3.1",
        "EVN||20260302080000",
        f"PID|1||{mrn}^^^HOSP||{name}||{birth}|{sex}",
        f"MRG|{merged}^^^HOSP" if merged else "PV1|1|O",
    ]
    return "".join(f"{segment}\r" for segment in segments)


def feed(folder: Path, content: str | bytes) -> OwnPatients:
    path = folder / "feed.hl7"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_feed(path)


def ids(own: OwnPatients) -> list[str]:
    return [patient.patient_id for patient in own.patients]


# --- reading -----------------------------------------------------------------------------------------------------------

PLAIN = [adt("A04", "1", "Doe^Jane"), adt("A01", "2", "Roe^Rick", sex="M"), adt("A05", "3", "Poe^Pat", sex="U")]
HEADER = "FHS|^~\\&|ADT\rBHS|^~\\&|ADT\r"
WAYS = {
    "carriage returns": "".join(PLAIN),
    "line feeds": "".join(PLAIN).replace("\r", "\n"),
    "both": "".join(PLAIN).replace("\r", "\r\n"),
    "empty lines between": "\r\n\r\n".join(PLAIN).replace("\r", "\n"),
    "empty lines everywhere": "".join(PLAIN).replace("\r", "\n\n"),
    "no end of the last line": "".join(PLAIN).rstrip("\r"),
    "MLLP frames": "".join(f"\x0b{message}\x1c\r" for message in PLAIN),
    "MLLP frames in lines": "".join(f"\x0b{message}\x1c\r" for message in PLAIN).replace("\r", "\r\n"),
    "a batch": f"{HEADER}{''.join(PLAIN)}BTS|3\rFTS|1\r",
    "two batches": f"{HEADER}{PLAIN[0]}{PLAIN[1]}BTS|2\rFTS|1\r{HEADER}{PLAIN[2]}BTS|1\rFTS|1\r".replace("\r", "\r\n"),
    "a byte order mark": "\ufeff" + "".join(PLAIN),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_feed_is_read_however_its_messages_are_written_down(way: str, tmp_path: Path) -> None:
    own = feed(tmp_path, WAYS[way])
    assert (own.messages, own.unread) == (3, ())
    assert own.patients == (
        Patient("1", "HOSP", PersonName("Doe", "Jane"), "19800101", "F"),
        Patient("2", "HOSP", PersonName("Roe", "Rick"), "19800101", "M"),
        Patient("3", "HOSP", PersonName("Poe", "Pat"), "19800101", ""),
    )


@pytest.mark.parametrize(
    ("declared", "encoding"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15")]
)
def test_text_is_in_the_character_set_that_its_message_declares(declared: str, encoding: str, tmp_path: Path) -> None:
    message = adt("A04", "1", "Müller^Jörg").replace("|P|2.3.1", f"|P|2.3.1||||||{declared}")
    both = message.encode(encoding) + adt("A04", "2").encode()
    assert feed(tmp_path, both).patients[0].name == PersonName("Müller", "Jörg")


def test_a_feed_is_not_held_to_what_a_live_interface_demands(tmp_path: Path) -> None:
    bare = "MSH|^~\\&|||||||ADT^A28||T|2.8\rPID|||77||Doe\r"
    assert feed(tmp_path, bare).patients == (Patient("77", "", PersonName("Doe")),)


BROKEN = [
    (f"PID|1||{SECRET}\r", "segment 1: not MSH"),
    (f"MSH|^~\\&|{SECRET}||||||ADT^A04|1|P|2.3.1\rEVN\r", "AE 100 PID: segment sequence error"),
    (adt("A04", "", SECRET), "AE 101 PID-3: required field missing"),
    (adt("A04", "9", ""), "AE 101 PID-5: required field missing"),
    (adt("A04", SECRET * 9), "patient.patient_id: longer than 64 characters"),
    (adt("A04", "9", birth=SECRET), "AE 102 PID-7: data type error"),
    (adt("A04", "9", sex=SECRET), "AE 103 PID-8: table value not found"),
    (adt("A04", "9", SECRET).replace("PV1|", f"{SECRET} wrapped\rPV1|"), "segment 4: has no legal name"),
    (adt("A40", "9", SECRET), "AE 100 MRG: segment sequence error"),
    (adt("A17", "9", SECRET), "MSH-9: an event that brings no patient here"),
    (adt("R01", "9", SECRET).replace("ADT^R01", "ORU^R01"), "MSH-9: not ADT"),
    (adt("A04", "9", f"{SECRET}ü"), "segment 3 (PID), field 5: bytes not legal in the character set of MSH-18 (ascii)"),
]


def test_what_cannot_be_used_is_named_by_number_and_reason_and_the_rest_is_used(tmp_path: Path) -> None:
    own = feed(tmp_path, BROKEN[0][0] + "".join(f"{adt('A04', str(n))}{message}" for n, (message, _) in enumerate(BROKEN[1:])))
    assert ids(own) == [str(n) for n in range(len(BROKEN) - 1)]
    assert [unread.reason for unread in own.unread] == [reason for _, reason in BROKEN]
    assert [unread.number for unread in own.unread] == list(range(1, 2 * len(BROKEN), 2))
    said = "\n".join(OwnData(patients=own).lines(visits=20))
    assert SECRET not in said
    assert "own patients: 11; they come again, for there are 20 visits" in said
    assert "23 messages, 12 of them could not be used" in said
    assert "message 5: AE 101 PID-3: required field missing" in said


def test_many_messages_that_cannot_be_used_are_counted_beyond_the_first(tmp_path: Path) -> None:
    own = feed(tmp_path, adt("A04", "1") + adt("A04", "") * 30)
    lines = list(OwnData(patients=own).lines(visits=1))
    assert len(lines) == 23
    assert lines[0] == "own patients: 1; enough for 1 visits"
    assert lines[-1] == "  and 10 more"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "feed.hl7: No such file or directory"),
        ("", "feed.hl7: no patient in its 0 messages"),
        ("FHS|\r\n", "feed.hl7: no patient in its 0 messages"),
        (adt("A04", ""), "feed.hl7: no patient in its 1 messages; message 1: AE 101 PID-3: required field missing"),
        ("a text", "feed.hl7: no patient in its 1 messages; message 1: segment 1: not MSH"),
    ],
)
def test_a_feed_without_anybody_is_refused(content: str | None, complaint: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "feed.hl7").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_feed(tmp_path / "feed.hl7")
    assert str(refused.value) == f"{tmp_path}/{complaint}"


@given(st.lists(st.tuples(st.integers(0, 800), st.binary(max_size=3)), max_size=6), st.binary(max_size=20))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]], tail: bytes
) -> None:
    content = "".join([*PLAIN, adt("A40", "1", merged="2"), adt("A08", "3")]).encode()
    for offset, inserted in changes:
        content = content[:offset] + inserted + content[offset + 1 :]
    try:
        own = feed(tmp_path_factory.getbasetemp(), content + tail)
    except ConfigError:
        return
    assert len(own.patients) + len(own.unread) <= own.messages
    assert len({(patient.patient_id, patient.issuer) for patient in own.patients}) == len(own.patients)


# --- what messages do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["A08", "A31", "A04", "A02", "A03"])
def test_a_later_message_brings_a_person_up_to_date_in_their_place(event: str, tmp_path: Path) -> None:
    own = feed(tmp_path, PLAIN[0] + PLAIN[1] + adt(event, "1", "Smith^Jane", birth="", sex="O"))
    assert own.patients[0] == Patient("1", "HOSP", PersonName("Smith", "Jane"), "19800101", "O")
    assert ids(own) == ["1", "2"]


def test_an_empty_value_says_nothing_and_a_null_deletes(tmp_path: Path) -> None:
    own = feed(tmp_path, adt("A04", "1") + adt("A08", "1", birth='""', sex=""))
    assert (own.patients[0].birth_date, own.patients[0].sex) == ("", "F")


def test_a_merge_leaves_the_survivor_in_the_earlier_place(tmp_path: Path) -> None:
    merged = adt("A40", "3", "Poe^Paula", merged="1")
    own = feed(tmp_path, "".join(PLAIN) + merged)
    assert ids(own) == ["3", "2"]
    assert own.patients[0].name == PersonName("Poe", "Paula")


def test_merges_chain_and_nothing_comes_back_under_an_id_that_is_over(tmp_path: Path) -> None:
    chain = adt("A40", "2", merged="1") + adt("A40", "3", "Last^Survivor", merged="2") + adt("A08", "1", "Old^Name")
    own = feed(tmp_path, "".join(PLAIN) + chain)
    assert ids(own) == ["3"]
    assert own.patients[0].name == PersonName("Last", "Survivor")


def test_a_merge_of_somebody_unknown_brings_the_survivor(tmp_path: Path) -> None:
    assert ids(feed(tmp_path, PLAIN[0] + adt("A40", "8", merged="9") + adt("A04", "9"))) == ["1", "8"]


def test_the_same_number_of_another_issuer_is_another_patient(tmp_path: Path) -> None:
    own = feed(tmp_path, PLAIN[0] + PLAIN[0].replace("1^^^HOSP", "1^^^ELSE"))
    assert [(patient.patient_id, patient.issuer) for patient in own.patients] == [("1", "HOSP"), ("1", "ELSE")]


# --- the visits of these people ----------------------------------------------------------------------------------------


def clinic(**happenings: float) -> Scenario:
    """A morning of the clinic with few images, in which nothing happens but what is said."""
    _, packaged = find("clinic")
    data: dict[str, Any] = packaged.model_dump()
    world = data["world"]
    world["arrivals"] = world["arrivals"][:1]
    world["arrivals"][0]["expected_exams_by_hour"] = [0.0] * 8 + [4.0, 4.0] + [0.0] * 14
    world["arrivals"][0]["patient_class"] = "E" if "unordered" in happenings else "O"
    world["images"] = {"cap": 2, "scale": 0.05}
    world["happenings"] = dict.fromkeys(world["happenings"], 0.0) | happenings
    return Scenario.model_validate(data)


def cases(scenario: Scenario, own: OwnPatients) -> list[Case]:
    draws = Draws(7)
    coming = arrivals(scenario.world, draws, scenario.site.epoch.date())
    of_visits = own.of_visits([arrival.number for arrival in coming])
    source = Cases(scenario, draws, scanned_images(scenario, 7), of_visits)
    return [source.case(arrival) for arrival in coming]


def people(count: int, birth: str = "19800101") -> str:
    """Women whose numbers end with a digit or a letter."""
    return "".join(adt("A04", f"{n:03d}{'X' * (n % 2)}", f"Doe{'ABCDEFGH'[n]}^Jane", birth) for n in range(count))


def test_visits_get_the_patients_in_the_order_of_the_file_and_then_again(tmp_path: Path) -> None:
    own = feed(tmp_path, people(5))
    found = cases(clinic(), own)
    assert len(found) > 5
    assert [case.patient for case in found] == [own.patients[index % 5] for index in range(len(found))]
    assert len({case.visit.visit_number for case in found}) == len(found)
    assert len({case.exams[0].placer_order_number for case in found}) == len(found)


def test_who_has_no_birth_date_to_be_wrong_is_registered_under_a_wrong_name(tmp_path: Path) -> None:
    with_date, without = (cases(clinic(updated=1), feed(tmp_path, people(1, birth)))[0] for birth in ("20200229", ""))
    assert (with_date.registered.birth_date, with_date.registered.name) == ("20190228", with_date.patient.name)
    assert (without.registered.birth_date, without.registered.name) == ("", UNKNOWN_NAME)


def test_who_is_registered_anew_gets_an_id_that_nobody_in_the_feed_has(tmp_path: Path) -> None:
    first = cases(clinic(merged=1), feed(tmp_path, people(1)))[0]
    taken = first.registered.patient_id
    again = cases(clinic(merged=1), feed(tmp_path, people(1) + adt("A04", taken)))[0]
    assert again.registered.patient_id == f"D{taken}"
    assert again.patient == first.patient


def test_earlier_studies_of_a_patient_who_comes_again_are_several(tmp_path: Path) -> None:
    scenario, own = clinic(), feed(tmp_path, people(2))
    source = Cases(scenario, Draws(7), scanned_images(scenario, 7))
    priors = [source.prior(case) for case in cases(scenario, own)]
    assert len({prior.header.study_instance_uid for prior in priors}) == len(priors)
    assert len({prior.header.accession_number for prior in priors}) == len(priors)
    assert {prior.header.patient for prior in priors} == set(own.patients)


def run(scenario: Scenario, own: OwnPatients, *subscribers: Any) -> Ending:
    data = OwnData(patients=own)
    carriers = CodecCarriers(scenario.site, scanned_images(scenario, 7, data).instances)
    return Run(scenario, 7, FaultPlan(7), carriers, carriers.import_prior, subscribers=subscribers, own=data).carry_out()


HAPPENINGS: Sequence[dict[str, float]] = (
    {},
    {"updated": 1},
    {"merged": 1},
    {"updated": 1, "merged": 1},
    {"unordered": 1},
    {"manual_entry": 1, "typing_error": 1},
    {"cancelled": 0.5, "no_show": 0.5},
    {"wrong_entry": 0.5, "discontinued": 0.5, "appended": 0.5},
    {"second_procedure": 1, "done_as_one": 0.5, "addendum": 0.5, "corrected": 0.5},
)


@pytest.mark.parametrize("happenings", HAPPENINGS, ids=lambda happenings: "+".join(happenings) or "nothing")
def test_whatever_happens_to_them_every_order_closes_under_their_own_mrn(happenings: dict[str, float], tmp_path: Path) -> None:
    own, facts = feed(tmp_path, people(4) + adt("A08", "002", birth='""', sex='""')), Facts()
    ending = run(clinic(**happenings), own, facts)
    assert ending.finished, ending
    assert ending.orders > 5
    assert {order["patient"] for order in facts.result()["orders"].values()} <= set(ids(own))

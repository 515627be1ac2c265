"""Dead letters: kept until a person decides, and what of the same patients waits behind them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulators.actors.dead_letters import DeadLetter, DeadLetters
from emulators.messages.common import Patient, PersonName
from tests.actors.samples import PATIENT, SOMEBODY_ELSE, merge_patients, register_patient

THIRD = Patient("M3", "RADLOOP", PersonName("Poe"))


def letter(message: Any, to: str = "ris", since: int = 0) -> DeadLetter:
    return DeadLetter(to, "forward", message, "AE 204 PID-3", since)


def about(patient: Patient, control_id: str) -> Any:
    return register_patient(patient, control_id)


FIRST, SECOND = about(PATIENT, "C1"), about(SOMEBODY_ELSE, "C2")


def test_a_dead_letter_is_taken_once() -> None:
    letters = DeadLetters()
    letters.keep(letter(FIRST))
    assert letters.take("C1", "pacs") is None
    assert letters.take("C2", "ris") is None
    assert letters.take("C1", "ris") == letter(FIRST)
    assert letters.take("C1", "ris") is None


def test_two_under_one_control_id_are_taken_in_turn() -> None:
    letters = DeadLetters()
    other = about(SOMEBODY_ELSE, "C1")
    letters.keep(letter(FIRST))
    letters.keep(letter(other))
    assert letters.take("C1", "ris") == letter(FIRST)
    assert letters.take("C1", "ris") == letter(other)


def test_nothing_waits_for_a_receiver_that_does_not_hold() -> None:
    letters = DeadLetters(("pacs",))
    letters.keep(letter(FIRST))
    assert not letters.hold("ris", about(PATIENT, "C3"))
    assert not letters.hold("pacs", about(PATIENT, "C3"))


def test_what_is_about_the_same_patient_waits_and_comes_in_its_order() -> None:
    letters = DeadLetters(("ris",))
    letters.keep(letter(FIRST))
    later = [about(PATIENT, "C3"), about(PATIENT, "C4")]
    assert [letters.hold("ris", message) for message in (later[0], SECOND, later[1])] == [True, False, True]
    letters.take("C1", "ris")
    assert letters.released("ris") == later
    assert not letters.hold("ris", about(PATIENT, "C5"))


def test_a_merge_waits_for_either_of_its_patients_and_the_other_then_waits_behind_it() -> None:
    letters = DeadLetters(("ris",))
    letters.keep(letter(SECOND))
    merge = merge_patients(prior=SOMEBODY_ELSE, patient=PATIENT)
    after = about(PATIENT, "C3")
    assert letters.hold("ris", merge)
    assert letters.hold("ris", after)
    assert not letters.hold("ris", about(THIRD, "C4"))
    letters.take("C2", "ris")
    assert letters.released("ris") == [merge, after]


def test_what_waits_behind_two_waits_for_both() -> None:
    letters = DeadLetters(("ris",))
    letters.keep(letter(FIRST))
    letters.keep(letter(SECOND))
    merge, alone = merge_patients(), about(PATIENT, "C3")
    assert letters.hold("ris", alone)
    assert letters.hold("ris", merge)
    letters.take("C1", "ris")
    assert letters.released("ris") == [alone]
    assert letters.hold("ris", about(PATIENT, "C4"))  # behind the merge now
    letters.take("C2", "ris")
    assert [message.control_id for message in letters.released("ris")] == [merge.control_id, "C4"]


def test_the_same_number_of_another_issuer_does_not_wait() -> None:
    letters = DeadLetters(("ris",))
    letters.keep(letter(FIRST))
    assert not letters.hold("ris", about(Patient("M1", "ELSEWHERE", PersonName("Doe")), "C3"))


def test_a_receiver_that_does_not_hold_makes_nobody_wait_when_one_of_its_letters_is_settled() -> None:
    letters = DeadLetters()
    letters.keep(letter(FIRST))
    letters.keep(letter(about(SOMEBODY_ELSE, "C2")))
    assert letters.take(FIRST.control_id, "ris") is not None
    assert list(letters.released("ris")) == []
    assert not letters.hold("ris", about(SOMEBODY_ELSE, "C3"))


def test_the_status_tells_no_content() -> None:
    letters = DeadLetters(("ris",))
    letters.keep(letter(FIRST, since=5))
    letters.hold("ris", about(PATIENT, "C3"))
    row = {"to": "ris", "message": "RegisterPatient", "control": "C1", "reason": "AE 204 PID-3", "oldest_us": 15, "held": 1}
    assert letters.status(20) == [row]


@given(st.lists(st.tuples(st.sampled_from((PATIENT, SOMEBODY_ELSE, THIRD)), st.booleans()), max_size=12))
def test_a_patients_messages_never_overtake_each_other(course: list[tuple[Patient, bool]]) -> None:
    """Each message is for a patient, and is refused or taken when it is sent; at the end all dead letters are sent again."""
    letters = DeadLetters(("ris",))
    arrived: dict[str, list[str]] = {}
    for number, (patient, refused) in enumerate(course):
        message = about(patient, f"C{number}")
        if letters.hold("ris", message):
            continue
        if refused:
            letters.keep(letter(message))
        else:
            arrived.setdefault(patient.patient_id, []).append(message.control_id)
    for row in letters.status(0):
        taken = letters.take(str(row["control"]), "ris")
        assert taken is not None
        for message in (taken.message, *letters.released("ris")):
            arrived.setdefault(message.patient.patient_id, []).append(message.control_id)
    for patient_id, controls in arrived.items():
        assert controls == [f"C{n}" for n, (patient, _) in enumerate(course) if patient.patient_id == patient_id]

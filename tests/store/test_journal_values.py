"""Events and messages as JSON: what comes back is what was written, whatever it is made of."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.errors import LocalProtocolError
from emulators.core.event import Event, Outcome, OutcomeKind, Request, Stimulus, TimerFired, Told, Withdrawn
from emulators.messages.common import Code, Patient, PersonName
from emulators.messages.imaging import InstancesStored, StoreResult
from emulators.messages.instance_set import InstanceSet, from_uids
from emulators.store.typed_json import TYPES, dumps, loads, rebuilt
from tests import strategies

STRATEGIES = {
    name: value for name, value in vars(strategies).items() if isinstance(value, st.SearchStrategy) and not name.startswith("_")
}


def crossed(value: Any) -> Any:
    return loads(dumps(value))


@pytest.mark.parametrize("values", STRATEGIES.values(), ids=STRATEGIES)
@settings(max_examples=15)
@given(data=st.data())
def test_every_message_and_value_comes_back_as_it_was(values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    value = data.draw(values)
    back = crossed(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)  # the types of all that is inside, too


texts = st.text(st.characters(codec="utf-8"), max_size=10)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.tuples(inner, inner) | st.dictionaries(texts.filter(lambda key: key != "type"), inner, max_size=3),
    max_leaves=8,
)
messages = st.one_of(strategies.hl7_messages, strategies.worklist_queries, strategies.steps_started)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Stimulus, texts, st.dictionaries(texts.filter(lambda key: key != "type"), plain | messages, max_size=3)),
    st.builds(Request, st.integers(1, 10**9), texts, messages),
    st.builds(Withdrawn, st.integers(1, 10**9)),
    st.builds(Outcome, texts, st.sampled_from(OutcomeKind), st.none() | messages),
    st.builds(TimerFired, texts),
    st.builds(Told, messages),
)


@given(events)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    assert crossed(event) == event


@given(events)
def test_an_event_is_one_line(event: Event) -> None:
    line = dumps(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


def test_what_stands_deep_in_a_study_result_comes_back() -> None:
    failed = ((0xA700, InstanceSet("2.25.1", 1, 3)), (0x0111, InstanceSet(uids=("2.25.9", "2.25.7"))))
    result = Outcome("k", OutcomeKind.UNKNOWN, StoreResult(failed=failed, not_sent=InstanceSet("2.25.1", 4, 9)))
    assert crossed(result) == result
    told = Told(InstancesStored("2.25.1", "2.25.1.1", "1.2.3", InstanceSet("2.25.1", 1, 2), 1, 2, 3_000))
    assert crossed(told) == told


def test_a_list_comes_back_as_a_tuple() -> None:
    assert crossed(Stimulus("join", {"others": ["A1", "A2"]})) == Stimulus("join", {"others": ("A1", "A2")})


def test_values_that_a_person_writes_are_made_canonical() -> None:
    written = {"type": "Code", "value": " CT ", "scheme": "99RADLOOP", "meaning": "CT "}
    assert rebuilt(written) == Code("CT", "99RADLOOP", "CT")


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ({"type": "Nothing"}, "there is no Nothing"),
        ({"type": ["Code"]}, "there is no"),
        ({"type": "PersonName", "family": "Doe", "age": 3}, "PersonName: a field"),
        ({"type": "PersonName"}, "PersonName: a field"),
        ({"type": "PersonName", "family": 3}, "PersonName: a field"),
        ({"type": "Outcome", "key": "k", "kind": "maybe", "message": None}, "Outcome: a field"),
        ({"type": "Code", "value": "x" * 17, "scheme": "", "meaning": ""}, "code.value: longer than 16"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_without_its_value(written: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        rebuilt(written)


@pytest.mark.parametrize("value", [{1: "a"}, {"set": {1}}, Stimulus("s", {"x": object()}), b"bytes"])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="cannot be written"):
        dumps(value)


def test_the_values_of_every_message_are_known() -> None:
    assert {"Patient", "PersonName", "Visit", "Order", "Report", "Request", "Outcome"} <= TYPES.keys()
    assert orjson.loads(dumps(Patient("M1", "R", PersonName("Doe"))))["name"]["type"] == "PersonName"


def test_an_instance_whose_uid_is_made_of_a_uuid_can_be_written() -> None:
    uid = f"2.25.{2**122 + 1}"  # PS3.5 B.2: a number beyond 64 bits
    assert list(crossed(from_uids([uid]))) == [uid]

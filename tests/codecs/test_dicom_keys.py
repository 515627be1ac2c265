"""Keys of the worklist: what a request says of them, and what a response holds (PS3.4 K.4.1.1.3, Table K.6-1)."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.dicom import codec, elements
from emulators.codecs.dicom.elements import DataSet
from emulators.codecs.dicom.uids import MODALITY_WORKLIST_FIND
from emulators.codecs.dicom.values import Refused, from_attributes, items, to_attributes
from emulators.core.errors import LocalProtocolError
from emulators.messages.attributes import NOTHING, Attributes, of
from emulators.messages.worklist import KEYS, STEPS, WorklistItems, WorklistQuery, query_for_all_keys
from emulators.wire import commands
from emulators.wire.dimse import Command
from emulators.wire.status import PENDING, PENDING_WITH_UNSUPPORTED_KEYS, SUCCESS

FIND_WORKLIST = commands.c_find_rq(1, MODALITY_WORKLIST_FIND)
CODE_ITEM: DataSet = {"CodeValue": "CTCHEST", "CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "CT of the chest"}
STEP_ITEM: DataSet = {
    "Modality": "CT",
    "ScheduledStationAETitle": "CT_ONE\\CT_TWO",
    "ScheduledProcedureStepStartDate": "20250301",
    "ScheduledProcedureStepStartTime": "093000",
    "ScheduledProcedureStepID": "S1",
    "ScheduledProtocolCodeSequence": [CODE_ITEM],
}
ENTRY: DataSet = {
    "PatientName": "Yamada^Tarou=山田^太郎",
    "PatientID": "MRN-1",
    "PregnancyStatus": 4,
    "StudyInstanceUID": "1.2.4",
    "ReferencedStudySequence": [],
    "RequestedProcedureCodeSequence": [CODE_ITEM, {**CODE_ITEM, "CodeValue": "CTABD"}],
    "RequestedProcedureID": "R1",
    "PatientComments": "Speaks French",
    STEPS: [STEP_ITEM],
}
ITEM = to_attributes(ENTRY)
EVERYTHING = from_attributes(KEYS)


def answered(requested: DataSet, item: Attributes = ITEM, keys_supported: bool = True) -> tuple[int, DataSet]:
    """Status and identifier of the first response, read as the peer reads it."""
    answer = WorklistItems((item,), keys_supported=keys_supported)
    command, identifier = next(codec.encode_answer(answer, FIND_WORKLIST, elements.encode(requested)))
    return command.status, elements.decode(identifier or b"")


# --- the request -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "requested",
    [
        {},
        {STEPS: []},
        {STEPS: [{}]},
        {STEPS: [{"Modality": "", "ScheduledStationAETitle": "CT_ONE"}], "PatientID": ""},
        {"PatientName": "DOE^J*=X", "PatientID": "MRN-1\\MRN-2", "StudyInstanceUID": "1.2.3\\1.2.4"},
        {"PatientBirthDate": "2025.03.02", STEPS: [{"ScheduledProcedureStepStartDate": "20250301-20250303"}]},
        {STEPS: [{"ScheduledProcedureStepStartTime": "08:00:00.000-12"}]},
        {STEPS: [{"ScheduledProcedureStepStartDate": "-20250303", "ScheduledProcedureStepStartTime": "*"}]},
        {"PregnancyStatus": 4, "PatientAge": "040Y", "RequestedProcedureCodeSequence": [{"CodeValue": "X"}]},
    ],
)
def test_a_request_arrives_with_absent_empty_and_valued_keys_kept_apart(requested: DataSet) -> None:
    query = codec.decode_request(FIND_WORKLIST, elements.encode(requested))
    assert query == WorklistQuery(to_attributes(requested))
    assert {keyword for keyword, _ in query.keys} == set(requested)


@pytest.mark.parametrize(
    "requested",
    [
        {STEPS: [{"Modality": "CT"}, {"Modality": "MR"}]},
        {"RequestedProcedureCodeSequence": [{}, {}]},
        {STEPS: [{"ScheduledProtocolCodeSequence": [{}, {}]}]},
        {STEPS: [{"ScheduledProcedureStepStartDate": "2025-03-02"}]},
        {STEPS: [{"ScheduledProcedureStepStartDate": "tomorrow"}]},
        {STEPS: [{"ScheduledProcedureStepStartDate": "202503"}]},
        {STEPS: [{"ScheduledProcedureStepStartTime": "noon"}]},
        {STEPS: [{"ScheduledProcedureStepStartTime": "8-12"}]},
        {"PatientBirthDate": "-"},
        {"PatientBirthDate": "1970*"},
        {"PatientBirthDate": "19700101\\yesterday"},
    ],
)
def test_a_key_that_cannot_be_matched_is_refused_and_not_answered_with_nothing(requested: DataSet) -> None:
    with pytest.raises(Refused) as caught:
        codec.decode_request(FIND_WORKLIST, elements.encode(requested))
    assert caught.value.status == 0xA900


def test_our_query_asks_for_every_key_of_the_table_and_is_ascii() -> None:
    query = query_for_all_keys({"ScheduledStationAETitle": "CT_ONE"}, {"PatientID": "MRN-1"})
    _, data = codec.encode_request(query, 1)
    sent = elements.decode(data or b"")
    assert set(sent) == set(EVERYTHING)
    assert sent["PatientID"] == "MRN-1"
    (step,) = items(sent, STEPS)
    assert step["ScheduledStationAETitle"] == "CT_ONE"
    assert step["ScheduledProtocolCodeSequence"] == [dict.fromkeys(CODE_ITEM, "")]


# --- the response ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "returned"),
    [
        ({"PatientID": "", "PatientName": "yam*"}, {"PatientName": "Yamada^Tarou=山田^太郎", "PatientID": "MRN-1"}),
        ({"PregnancyStatus": "", "PatientWeight": ""}, {"PregnancyStatus": 4, "PatientWeight": ""}),
        ({"PatientComments": ""}, {"PatientComments": "Speaks French"}),  # beyond the table, and there
        ({"PatientID": "", "PatientAge": ""}, {"PatientID": "MRN-1"}),  # nowhere
        (
            {STEPS: [{"ScheduledProcedureStepID": "", "Modality": "CT"}]},
            {STEPS: [{"Modality": "CT", "ScheduledProcedureStepID": "S1"}]},
        ),
        (
            {STEPS: [{"PreMedication": "", "ScheduledStationAETitle": "", "ScheduledProcedureStepEndDate": ""}]},
            {STEPS: [{"ScheduledStationAETitle": "CT_ONE\\CT_TWO", "PreMedication": ""}]},
        ),
        ({STEPS: []}, {STEPS: [STEP_ITEM]}),
        ({STEPS: [{}]}, {STEPS: [STEP_ITEM]}),
        (
            {"RequestedProcedureCodeSequence": [{"CodeValue": ""}]},
            {"RequestedProcedureCodeSequence": [{"CodeValue": "CTCHEST"}, {"CodeValue": "CTABD"}]},
        ),
        (
            {STEPS: [{"ScheduledProtocolCodeSequence": [{"CodeMeaning": ""}]}]},
            {STEPS: [{"ScheduledProtocolCodeSequence": [{"CodeMeaning": "CT of the chest"}]}]},
        ),
        (
            {"ReferencedStudySequence": [{"ReferencedSOPInstanceUID": ""}], "ReferencedPatientSequence": []},
            {"ReferencedStudySequence": [], "ReferencedPatientSequence": []},
        ),
    ],
)
def test_a_response_holds_what_was_asked_for_and_no_more(requested: DataSet, returned: DataSet) -> None:
    assert answered(requested) == (PENDING, returned)


@given(st.sets(st.sampled_from(sorted(EVERYTHING)), min_size=1), st.sampled_from((ITEM, NOTHING)))
def test_any_choice_of_keys_of_the_table_is_returned_whole(keywords: set[str], item: Attributes) -> None:
    _, identifier = answered({keyword: EVERYTHING[keyword] for keyword in keywords}, item)
    assert set(identifier) == keywords


def test_each_step_returns_every_key_that_was_asked_of_it() -> None:
    _, identifier = answered(EVERYTHING)
    (step,) = items(identifier, STEPS)
    (asked,) = items(EVERYTHING, STEPS)
    assert set(step) == set(asked)


@pytest.mark.parametrize("requested", [{"PatientID": ""}, {"PatientID": "", "TimezoneOffsetFromUTC": "+0100"}])
def test_the_time_zone_of_an_entry_is_told_and_never_empty(requested: DataSet) -> None:
    """Whether it was asked for or not: its times are to be read in it (K.4.1.1.3.2)."""
    assert answered(requested)[1] == {"PatientID": "MRN-1"}
    assert answered(requested, ITEM.with_values({"TimezoneOffsetFromUTC": ""}))[1] == {"PatientID": "MRN-1"}
    zoned = answered(requested, ITEM.with_values({"TimezoneOffsetFromUTC": "+0900"}))[1]
    assert zoned == {"PatientID": "MRN-1", "TimezoneOffsetFromUTC": "+0900"}


def test_a_character_set_is_declared_when_one_is_needed() -> None:
    def first_bytes(requested: DataSet) -> bytes:
        _, data = next(codec.encode_answer(WorklistItems((ITEM,)), FIND_WORKLIST, elements.encode(requested)))
        return bytes(data or b"")[:4]

    assert first_bytes({"PatientName": ""}) == b"\x08\x00\x05\x00"
    assert first_bytes({"PatientID": ""}) == b"\x10\x00\x20\x00"


def test_unknown_keys_are_told_by_the_status_of_every_match_and_back() -> None:
    assert answered({"PatientAge": ""}, keys_supported=False)[0] == PENDING_WITH_UNSUPPORTED_KEYS
    query, told = WorklistQuery(KEYS), WorklistItems((ITEM,), keys_supported=False)
    command, data = codec.encode_request(query, 1)
    received = codec.decode_answer(query, codec.encode_answer(told, command, data))
    assert not received.keys_supported
    assert WorklistItems((), keys_supported=False).keys_supported  # nothing to tell it by


def test_a_private_key_is_not_returned() -> None:
    private = b"\x09\x00\x01\x10\x00\x00\x00\x00"
    data = private + elements.encode({"PatientID": ""})
    _, identifier = next(codec.encode_answer(WorklistItems((ITEM,)), FIND_WORKLIST, data))
    assert elements.decode(identifier or b"") == {"PatientID": "MRN-1"}


def test_responses_are_made_one_at_a_time() -> None:
    """So that the port can stop at a C-CANCEL: a match that nobody asks for is never looked at."""
    seen: list[int] = []

    class Watched(tuple[Attributes, ...]):
        def __iter__(self) -> Iterator[Attributes]:
            for number, match in enumerate(super().__iter__()):
                seen.append(number)
                yield match

    responses = codec.encode_answer(WorklistItems(Watched([ITEM] * 500)), FIND_WORKLIST, elements.encode({"PatientID": ""}))
    next(responses)
    next(responses)
    assert len(seen) <= 3


def test_a_number_that_is_none_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError, match="PregnancyStatus is not a number"):
        answered({"PregnancyStatus": ""}, of({"PregnancyStatus": "perhaps"}))


# --- answers of others -------------------------------------------------------------------------------------------------


def answer_of(*found: DataSet) -> WorklistItems:
    responses: list[tuple[Command, bytes | None]] = [
        (commands.response(FIND_WORKLIST, PENDING, has_dataset=True), elements.encode(dataset)) for dataset in found
    ]
    answer = codec.decode_answer(WorklistQuery(), [*responses, (commands.response(FIND_WORKLIST, SUCCESS), None)])
    assert isinstance(answer, WorklistItems)
    return answer


def test_an_item_of_any_attributes_is_taken_as_it_came() -> None:
    """So that one odd item spoils nothing: who works on it judges it by itself."""
    odd: DataSet = {"PatientBirthDate": "someday", "AccessionNumber": "longer than any accession number may be"}
    assert answer_of(ENTRY, odd, {}).items == (ITEM, to_attributes(odd), NOTHING)


def test_an_item_with_several_steps_is_an_entry_for_each() -> None:
    found = answer_of({**ENTRY, STEPS: [STEP_ITEM, {**STEP_ITEM, "ScheduledProcedureStepID": "S2"}]}).items
    assert [len(item.items(STEPS)) for item in found] == [1, 1]
    assert [item.item(STEPS).text("ScheduledProcedureStepID") for item in found] == ["S1", "S2"]
    assert {item.text("PatientID") for item in found} == {"MRN-1"}

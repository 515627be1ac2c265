"""Hypothesis strategies for messages and their parts, built through the canonical constructors.

Exchanges are pairs of a message and an answer that fits it: an answer to a query holds the keys that were asked for.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from emulators.messages.adt import DELETABLE, VISIT_MESSAGES, MergePatients, PatientMessage
from emulators.messages.attributes import Attributes, of
from emulators.messages.availability import AvailableInstances, InstancesAvailable
from emulators.messages.commitment import CommitRequest, CommitResult, Referenced
from emulators.messages.common import NO_CODE, NOBODY, Acknowledgement, Code, Patient, PersonName, Status, Visit
from emulators.messages.imaging import ImageContext, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet, from_uids
from emulators.messages.orders import (
    ORDER_STATUSES,
    PRIORITIES,
    REPORT_STATUSES,
    STATUS_CONTROLS,
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    NumberAssigned,
    Order,
    OrderStatus,
    PlaceOrder,
    ProcedureMessage,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.query import UNIQUE_KEYS, Find, Found, Get, Move, MoveResult
from emulators.messages.report import RESULT_STATUSES, SHOWN, Report, ReportedOrder
from emulators.messages.steps import PerformedSeries, ScheduledReference, StepEnded, StepProgressed, StepStarted
from emulators.messages.worklist import STEPS, WorklistItems, WorklistQuery

# No control characters, no surrogates, no line separators; the backslash divides the values of DICOM.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\\")
_NAME_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\\^=*?")
_PRINTABLE_ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")

_NO_TEXT = ("*", '""')
"""A matching key, and the null value of HL7."""


def texts(limit: int, required: bool = False) -> st.SearchStrategy[str]:
    """One line of at most ``limit`` characters without outer spaces."""
    found = st.text(_CHARACTERS, max_size=limit).map(str.strip).filter(lambda text: text not in _NO_TEXT)
    return found.filter(bool) if required else found


def ae_titles(required: bool = True) -> st.SearchStrategy[str]:
    found = st.text(_PRINTABLE_ASCII, max_size=16).map(str.strip).filter(lambda text: text not in _NO_TEXT)
    return found.filter(bool) if required else found


def code_strings(required: bool = False) -> st.SearchStrategy[str]:
    return st.from_regex(r"[A-Z][A-Z0-9_ ]{0,15}" if required else r"([A-Z0-9][A-Z0-9_ ]{0,15})?", fullmatch=True).map(
        str.strip
    )


def dates(required: bool = False) -> st.SearchStrategy[str]:
    found = st.dates().map(lambda date: f"{date.year:04}{date.month:02}{date.day:02}")
    return found if required else st.just("") | found


def stamps(required: bool = False) -> st.SearchStrategy[str]:
    found = st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda moment: moment.strftime("%Y%m%d%H%M%S"))
    return found if required else st.just("") | found


def ranges(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Nothing, a value, or a range of values."""
    return st.one_of(
        st.just(""), values, values.map("{}-".format), values.map("-{}".format), st.tuples(values, values).map("-".join)
    )


def unlike(part: st.SearchStrategy[Any], most: int, name: str, least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some values, no two with the same ``name``."""
    return st.lists(part, min_size=least, max_size=most, unique_by=lambda one: getattr(one, name)).map(tuple)


times = st.times().map(lambda time: time.strftime("%H%M%S"))
uids = st.lists(st.integers(0, 10**12), min_size=2, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))

_name_components = st.text(_NAME_CHARACTERS, max_size=12).map(str.strip).filter(lambda text: text not in _NO_TEXT)
_name_groups = st.just("") | st.lists(_name_components, max_size=5).map("^".join)
person_names = st.builds(PersonName, *[_name_components] * 5) | st.builds(
    PersonName, *[_name_components] * 5, ideographic=_name_groups, phonetic=_name_groups
)

codes = st.builds(Code, texts(16, required=True), texts(16), texts(64)) | st.builds(Code, st.just(""), st.just(""), texts(64))
whole_codes = st.builds(Code, texts(16, required=True), texts(16, required=True), texts(64, required=True))

patients = st.builds(Patient, texts(64), texts(64), person_names, dates(), st.sampled_from(("M", "F", "O", "")))

ranges_of_instances = st.builds(InstanceSet, uids, st.integers(0, 3), st.integers(3, 20))
instance_sets = ranges_of_instances | st.lists(uids, min_size=1, max_size=5, unique=True).map(from_uids)
"""Never empty."""

final_statuses = st.sampled_from((0x0000, 0xA700, 0xA900, 0xC001, 0xFE00, 0xB000, 0x0110, 0x0122))
statuses = st.builds(
    Status,
    final_statuses,
    st.text(_PRINTABLE_ASCII, max_size=64).filter(lambda text: text.strip() != '""'),
    st.integers(0, 0xFFFF),
)

# --- identifiers and their matches -------------------------------------------------------------------------------------

Keys = Mapping[str, Any]
"""Values by keyword; a mapping is a sequence, with the keys of its items."""

_DESCRIBED: Keys = {"CodeValue": texts(16), "CodingSchemeDesignator": texts(16), "CodeMeaning": texts(64)}
_REFERENCED: Keys = {"ReferencedSOPClassUID": uids, "ReferencedSOPInstanceUID": uids}
_pns = person_names.map(lambda name: name.pn.strip())

_STEP_KEYS: Keys = {
    "ScheduledStationAETitle": ae_titles(),
    "ScheduledProcedureStepStartDate": dates(),
    "ScheduledProcedureStepStartTime": times,
    "Modality": code_strings(),
    "ScheduledPerformingPhysicianName": _pns,
    "ScheduledProcedureStepDescription": texts(64),
    "ScheduledStationName": texts(16),
    "ScheduledProcedureStepLocation": texts(16),
    "ScheduledProtocolCodeSequence": _DESCRIBED,
    "ScheduledProcedureStepID": texts(16),
    "ScheduledProcedureStepStatus": code_strings(),
}
_ITEM_KEYS: Keys = {
    "AccessionNumber": texts(16),
    "ReferringPhysicianName": _pns,
    "ReferencedStudySequence": _REFERENCED,
    "PatientName": _pns,
    "PatientID": texts(64),
    "IssuerOfPatientID": texts(64),
    "PatientBirthDate": dates(),
    "PatientSex": st.sampled_from(("M", "F", "O", "")),
    "PatientWeight": st.sampled_from(("", "62.5", "7")),
    "PregnancyStatus": st.sampled_from(("", "1", "4")),
    "MedicalAlerts": texts(64),
    "StudyInstanceUID": uids,
    "RequestedProcedureDescription": texts(64),
    "RequestedProcedureCodeSequence": _DESCRIBED,
    "RequestedProcedureID": texts(16),
    "RequestedProcedurePriority": code_strings(),
    "AdmissionID": texts(64),
    "CurrentPatientLocation": texts(64),
    "PlacerOrderNumberImagingServiceRequest": texts(22),
}
_LEVEL_KEYS: Mapping[str, Keys] = {
    "PATIENT": {
        "PatientID": texts(64, required=True),
        "IssuerOfPatientID": texts(64),
        "PatientName": _pns,
        "PatientBirthDate": dates(),
        "PatientSex": st.sampled_from(("M", "F", "O", "")),
        "NumberOfPatientRelatedStudies": st.integers(0, 99).map(str),
    },
    "STUDY": {
        "StudyInstanceUID": uids,
        "StudyDate": dates(),
        "StudyTime": times,
        "AccessionNumber": texts(16),
        "StudyID": texts(16),
        "ModalitiesInStudy": st.lists(st.sampled_from(("CT", "SR", "MR")), unique=True).map("\\".join),
        "StudyDescription": texts(64),
        "ReferringPhysicianName": _pns,
        "NumberOfStudyRelatedInstances": st.integers(0, 10_000).map(str),
    },
    "SERIES": {
        "SeriesInstanceUID": uids,
        "Modality": code_strings(),
        "SeriesNumber": st.integers(0, 99).map(str),
        "BodyPartExamined": code_strings(),
    },
    "IMAGE": {"SOPInstanceUID": uids, "SOPClassUID": uids, "InstanceNumber": st.integers(0, 999).map(str)},
}
_MATCHING: Mapping[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("ScheduledProcedureStepStartDate", "PatientBirthDate", "StudyDate"), ranges(dates(required=True))),
    **dict.fromkeys(("ScheduledProcedureStepStartTime", "StudyTime"), ranges(times | st.sampled_from(("08", "1230")))),
    **dict.fromkeys(("PatientName", "ScheduledPerformingPhysicianName"), _pns | st.sampled_from(("DOE^J*", "*^?ane"))),
    "StudyInstanceUID": st.lists(uids, max_size=3).map("\\".join),
}
"""Matching keys of another form than a value."""


def _choices(keys: Keys) -> st.SearchStrategy[Keys]:
    """Some of the keys, in sequences one at least."""
    optional = {
        keyword: _choices(value).filter(bool) if isinstance(value, Mapping) else st.just(value)
        for keyword, value in keys.items()
    }
    return st.fixed_dictionaries({}, optional=optional)


def identifiers(keys: Keys) -> st.SearchStrategy[Attributes]:
    """A query: each key with what it matches or empty, one item in each sequence."""
    filled: dict[str, st.SearchStrategy[Any]] = {
        keyword: identifiers(value).map(lambda item: (item,))
        if isinstance(value, Mapping)
        else st.just("") | _MATCHING.get(keyword, value)
        for keyword, value in keys.items()
    }
    return st.fixed_dictionaries(filled).map(of)


def matches(keys: Keys) -> st.SearchStrategy[Attributes]:
    """An answer that holds each of the keys; the scheduled step is one."""
    filled: dict[str, st.SearchStrategy[Any]] = {
        keyword: st.lists(matches(value), min_size=int(keyword == STEPS), max_size=1 if keyword == STEPS else 2).map(tuple)
        if isinstance(value, Mapping)
        else value
        for keyword, value in keys.items()
    }
    return st.fixed_dictionaries(filled).map(of)


def _answers(kind: type, keys: Keys) -> st.SearchStrategy[Any]:
    """WorklistItems or Found; that a key is not supported is said by a match."""
    found = st.lists(matches(keys), max_size=3).map(tuple)
    return st.builds(kind, found, final_statuses) | st.builds(
        kind, found.filter(bool), final_statuses, keys_supported=st.booleans()
    )


_worklist_keys = st.tuples(_choices(_ITEM_KEYS), _choices(_STEP_KEYS).filter(bool)).map(
    lambda chosen: {**chosen[0], STEPS: chosen[1]}
)
worklist_queries = _worklist_keys.flatmap(identifiers).map(WorklistQuery)
worklist_exchanges = _worklist_keys.flatmap(
    lambda keys: st.tuples(identifiers(keys).map(WorklistQuery), _answers(WorklistItems, keys))
)

_LEVELS = {"PATIENT": tuple(UNIQUE_KEYS), "STUDY": tuple(UNIQUE_KEYS)[1:]}
"""The levels of each information model, from the top."""


@st.composite
def find_exchanges(draw: st.DrawFn) -> tuple[Find, Found]:
    """Hierarchical: a single value in the unique key of each level above."""
    root = draw(st.sampled_from(sorted(_LEVELS)))
    level = draw(st.sampled_from(_LEVELS[root]))
    above = {UNIQUE_KEYS[upper]: draw(_LEVEL_KEYS[upper][UNIQUE_KEYS[upper]]) for upper in _above(root, level)}
    of_level = _LEVEL_KEYS[level] if (root, level) != ("STUDY", "STUDY") else {**_LEVEL_KEYS["PATIENT"], **_LEVEL_KEYS["STUDY"]}
    keys = draw(_choices(of_level))
    fixed = {keyword: st.just(value) for keyword, value in above.items()}
    query = Find(draw(identifiers(keys)).with_values(above), level, root)
    return query, draw(_answers(Found, {**keys, **fixed}))


def _above(root: str, level: str) -> tuple[str, ...]:
    return _LEVELS[root][: _LEVELS[root].index(level)]


@st.composite
def _retrieved(draw: st.DrawFn) -> dict[str, Any]:
    """Unique keys down to a level, several values in that of the level unless it is a patient's."""
    root = draw(st.sampled_from(sorted(_LEVELS)))
    level = draw(st.sampled_from(_LEVELS[root]))
    keys = {UNIQUE_KEYS[upper]: draw(_LEVEL_KEYS[upper][UNIQUE_KEYS[upper]]) for upper in (*_above(root, level), level)}
    if level != "PATIENT":
        keys[UNIQUE_KEYS[level]] = "\\".join(draw(st.lists(uids, min_size=1, max_size=3, unique=True)))
    return {"keys": of(keys), "level": level, "root": root}


moves = st.builds(lambda what, destination: Move(**what, destination=destination), _retrieved(), ae_titles())
gets = _retrieved().map(lambda what: Get(**what))
_counts = st.integers(0, 65_535)
move_results = st.builds(MoveResult, _counts, st.just(0), _counts) | st.builds(
    MoveResult, _counts, _counts, _counts, st.sampled_from((0xA702, 0xB000, 0xFE00)), st.just(NO_INSTANCES) | instance_sets
)

# --- steps, images and commitment --------------------------------------------------------------------------------------

scheduled_references = st.builds(
    ScheduledReference,
    accession_number=texts(16, required=True),
    study_instance_uid=st.just("") | uids,
    placer_order_number=texts(22),
    requested_procedure_id=texts(16),
    step_id=texts(16),
    procedure=codes,
    protocol=codes,
)
_references = st.lists(scheduled_references, max_size=3).map(tuple)
steps_started = st.builds(
    StepStarted,
    mpps_uid=uids,
    patient=patients,
    scheduled=_references,
    study_instance_uid=uids,
    modality=code_strings(required=True),
    station_ae_title=ae_titles(),
    performed_step_id=texts(16, required=True),
    description=texts(64),
    started_at=stamps(required=True),
)
_performed_series = st.builds(PerformedSeries, uids, uids, texts(64, required=True), instance_sets)
steps_progressed = st.builds(StepProgressed, uids, unlike(_performed_series, 3, "series_instance_uid"))
steps_ended = st.builds(
    StepEnded, uids, stamps(required=True), unlike(_performed_series, 3, "series_instance_uid", least=1)
) | st.builds(
    StepEnded,
    uids,
    stamps(required=True),
    unlike(_performed_series, 3, "series_instance_uid"),
    st.just("DISCONTINUED"),
    st.just(NO_CODE) | whole_codes,
)

study_headers = st.builds(
    StudyHeader,
    patient=patients,
    accession_number=texts(16),
    study_instance_uid=uids,
    study_at=stamps(),
    modality=code_strings(required=True),
    description=texts(64),
    body_part=code_strings(),
    study_id=texts(16),
    referring_physician=person_names,
)
image_contexts = st.builds(ImageContext, _references, uids, ae_titles())


def _disjoint(references: tuple[Referenced, ...]) -> bool:
    named = [uid for reference in references for uid in reference.instances]
    return len(set(named)) == len(named)


def _referenced(least: int) -> st.SearchStrategy[tuple[Referenced, ...]]:
    return unlike(st.builds(Referenced, uids, instance_sets), 3, "sop_class_uid", least).filter(_disjoint)


_failures = unlike(
    st.builds(Referenced, uids, instance_sets, st.sampled_from((0x0110, 0x0112, 0x0119, 0x0131, 0x0213))), 3, "sop_class_uid", 1
)
commit_requests = st.builds(CommitRequest, uids, _referenced(1))
commit_results = st.builds(CommitResult, uids, _referenced(1)) | st.builds(
    CommitResult, uids, _referenced(0), _failures
).filter(lambda result: _disjoint((*result.committed, *result.failed)))

availabilities = st.builds(
    InstancesAvailable,
    uids,
    uids,
    st.lists(uids, max_size=2, unique=True).map(tuple),
    unlike(
        st.builds(AvailableInstances, uids, uids, instance_sets, st.sampled_from(("ONLINE", "UNAVAILABLE")), ae_titles()),
        3,
        "series_instance_uid",
        1,
    ),
)

# --- patients, orders and reports (HL7) --------------------------------------------------------------------------------


def _values(limit: int, required: bool = False) -> st.SearchStrategy[str]:
    """Texts in which the delimiters of HL7 are frequent; not the two characters that stand for no value there."""
    found = st.text(st.sampled_from('Aa1 |^~&"') | _CHARACTERS, max_size=limit).map(str.strip).filter(lambda text: text != '""')
    return found.filter(bool) if required else found


control_ids = st.text(_PRINTABLE_ASCII, min_size=1, max_size=20).map(str.strip).filter(lambda text: text not in ("", '""'))

# HL7 requires an identifier and a name, and of a code its value or its meaning.
registered_patients = st.builds(
    Patient,
    _values(64, required=True),
    _values(64),
    person_names.filter(lambda name: name != NOBODY),
    dates(),
    st.sampled_from(("M", "F", "O", "")),
)
visits = st.builds(Visit, _values(64), st.sampled_from("OIE"), _values(64), person_names)
procedure_codes = st.builds(Code, _values(16, required=True), _values(16), _values(64)) | st.builds(
    Code, st.just(""), st.just(""), _values(64, required=True)
)
placer_numbers = _values(22, required=True)
accession_numbers = _values(16, required=True)


def orders_of(placer_order_numbers: st.SearchStrategy[str]) -> st.SearchStrategy[Order]:
    return st.builds(
        Order,
        placer_order_number=placer_order_numbers,
        procedure=procedure_codes,
        modality=code_strings(),
        body_part=_values(16),
        priority=st.sampled_from(sorted(PRIORITIES)),
        requested_at=stamps(),
        reason=_values(64),
        ordering_physician=person_names,
        placer_group_number=_values(22),
    )


orders = orders_of(placer_numbers)
"""Of the placer, so with its number."""


@st.composite
def scheduled_steps(draw: st.DrawFn) -> tuple[ScheduledProcedure, ...]:
    """The steps of one requested procedure."""
    shared = {
        "accession_number": draw(accession_numbers),
        "study_instance_uid": draw(uids),
        "requested_procedure_id": draw(_values(16)),
    }
    step = st.builds(
        ScheduledProcedure,
        **{name: st.just(value) for name, value in shared.items()},
        step_id=_values(16),
        protocol=codes,
        station_ae_title=ae_titles(),
        start=stamps(),
        modality=code_strings(),
        performing_physician=person_names,
    )
    return tuple(draw(st.lists(step, min_size=1, max_size=3)))


def reported_orders(count: int) -> st.SearchStrategy[tuple[ReportedOrder, ...]]:
    one = st.builds(ReportedOrder, st.just("") | placer_numbers, accession_numbers, st.just("") | uids, procedure_codes)
    return st.lists(one, min_size=1, max_size=count).map(tuple)


report_texts = st.text(st.sampled_from('Aa1 |^~&\\".\n') | _CHARACTERS, max_size=200)

_headers: dict[str, st.SearchStrategy[Any]] = {
    "control_id": control_ids,
    "sent_at": stamps(required=True),
    "patient": registered_patients,
}
_encounters = {**_headers, "visit": visits}


@st.composite
def patient_messages(draw: st.DrawFn) -> PatientMessage:
    kind = draw(st.sampled_from(VISIT_MESSAGES))
    values = {name: draw(value) for name, value in _encounters.items()}
    empty = [attribute for attribute in DELETABLE if not getattr(values["patient"], attribute)]
    return kind(**values, deleted=tuple(attribute for attribute in empty if draw(st.booleans())))


merges = st.builds(MergePatients, **_headers, prior_patient_id=_values(64, required=True), prior_issuer=_values(64))
orders_placed = st.builds(PlaceOrder, **_encounters, orders=st.lists(orders, min_size=1, max_size=3).map(tuple))
orders_changed = st.builds(ChangeOrder, **_encounters, order=orders)
orders_cancelled = st.builds(
    CancelOrder, **_headers, placer_order_number=placer_numbers, procedure=procedure_codes, reason=_values(64)
)
filler_orders = st.builds(FillerOrder, **_encounters, order=orders_of(st.just("")), accession_number=accession_numbers)
numbers_assigned = st.builds(
    NumberAssigned,
    **_headers,
    placer_order_number=placer_numbers,
    accession_number=accession_numbers,
    request_control_id=control_ids,
)


def procedure_messages(kind: type[ProcedureMessage]) -> st.SearchStrategy[ProcedureMessage]:
    return st.builds(kind, **_encounters, order=orders_of(st.just("") | placer_numbers), steps=scheduled_steps())


procedures_scheduled = procedure_messages(ScheduleProcedure)
reading_list_entries = procedure_messages(ReadingListEntry)
of_procedures = st.one_of(
    *map(procedure_messages, (ScheduleProcedure, ChangeProcedure, CancelProcedure, ReadingListEntry, ReadingListRemoval))
)
_numbers = {
    "placer_order_number": st.just("") | placer_numbers,
    "accession_number": accession_numbers,
    "procedure": procedure_codes,
}
order_statuses = st.builds(
    OrderStatus,
    **_headers,
    **_numbers,
    status=st.sampled_from(sorted(ORDER_STATUSES)),
    order_control=st.sampled_from(sorted(STATUS_CONTROLS)),
    reason=codes,
)
report_statuses = st.builds(ReportStatus, **_headers, **_numbers, status=st.sampled_from(sorted(REPORT_STATUSES)))


def _reports(statuses_taken: frozenset[str], text: st.SearchStrategy[str]) -> st.SearchStrategy[Report]:
    return st.builds(
        Report,
        **_headers,
        orders=reported_orders(3),
        status=st.sampled_from(sorted(statuses_taken)),
        text=text,
        reader=person_names,
        reported_at=stamps(),
        addendum=text,
    )


reports = _reports(SHOWN, report_texts) | _reports(RESULT_STATUSES - SHOWN, st.just(""))
hl7_messages = st.one_of(
    patient_messages(),
    merges,
    orders_placed,
    orders_changed,
    orders_cancelled,
    filler_orders,
    numbers_assigned,
    of_procedures,
    order_statuses,
    report_statuses,
    reports,
)
acknowledgements = st.builds(Acknowledgement, st.just("AA"), control_ids) | st.builds(
    Acknowledgement,
    st.sampled_from(("AE", "AR")),
    control_ids,
    st.sampled_from(("", "100 PID", "101 PID-3", "204 OBR-2", "205 MSH-10", "207")),
)

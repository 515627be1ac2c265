"""Hypothesis strategies for messages and their parts, built through the canonical constructors."""

from datetime import datetime

from hypothesis import strategies as st

from emulators.messages.adt import RegisterPatient
from emulators.messages.common import NOBODY, Acknowledgement, Code, Patient, PersonName, Status, Visit
from emulators.messages.imaging import (
    CommitRequest,
    CommitResult,
    InstanceSet,
    StepEnded,
    StepStarted,
    from_uids,
)
from emulators.messages.orders import (
    ORDER_STATUSES,
    PRIORITIES,
    REPORT_STATUSES,
    Order,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReportStatus,
    ScheduledProcedure,
    ScheduleProcedure,
)
from emulators.messages.query import FindStudies, MoveResult, MoveStudy, StudiesFound, StudyMatch
from emulators.messages.report import RESULT_STATUSES, Report
from emulators.messages.worklist import WorklistItem, WorklistItems, WorklistQuery

# No control characters, no surrogates, no line separators; the backslash divides the values of DICOM.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\\")
_NAME_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\\^=*?")
_PRINTABLE_ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\")


def texts(limit: int, required: bool = False) -> st.SearchStrategy[str]:
    """One line of at most ``limit`` characters; if ``required`` not only spaces."""
    found = st.text(_CHARACTERS, max_size=limit).filter(lambda text: text.strip() != "*")  # that is a matching key
    return found.filter(lambda text: bool(text.strip())) if required else found


def ae_titles(required: bool = True) -> st.SearchStrategy[str]:
    found = st.text(_PRINTABLE_ASCII, max_size=16)
    return found.filter(lambda text: bool(text.strip())) if required else found


def code_strings(required: bool = False) -> st.SearchStrategy[str]:
    return st.from_regex(r"[A-Z][A-Z0-9_ ]{0,15}" if required else r"([A-Z0-9][A-Z0-9_ ]{0,15})?", fullmatch=True)


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


uids = st.lists(st.integers(0, 10**12), min_size=2, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))

person_names = st.builds(PersonName, *[st.text(_NAME_CHARACTERS, max_size=12) for _ in range(5)])

codes = st.builds(Code, texts(16, required=True), texts(16), texts(64)) | st.builds(Code, st.just(""), st.just(""), texts(64))

patients = st.builds(Patient, texts(64), texts(64), person_names, dates(), st.sampled_from(("M", "F", "O", "")))

ranges_of_instances = st.builds(InstanceSet, uids, st.integers(0, 3), st.integers(3, 20))
instance_sets = ranges_of_instances | st.lists(uids, min_size=1, max_size=5, unique=True).map(from_uids)
"""Never empty."""

final_statuses = st.sampled_from((0x0000, 0xA700, 0xA900, 0xC001, 0xFE00, 0xB000, 0x0110, 0x0122))
statuses = st.builds(Status, final_statuses, st.text(_PRINTABLE_ASCII, max_size=64))

scheduled_procedures = st.builds(
    ScheduledProcedure,
    accession_number=texts(16),
    study_instance_uid=uids,
    requested_procedure_id=texts(16),
    step_id=texts(16),
    protocol=codes,
    station_ae_title=ae_titles(),
    start=stamps(),
)

# --- the worklist ------------------------------------------------------------------------------------------------------

worklist_queries = st.builds(
    WorklistQuery,
    station_ae_title=ae_titles(required=False).filter(lambda title: title.strip() != "*"),
    start_date=ranges(dates(required=True)),
    start_time=ranges(st.times().map(lambda time: time.strftime("%H%M%S")) | st.sampled_from(("08", "1230"))),
    modality=code_strings(),
    performing_physician=person_names.map(lambda name: "^".join(name.components())),
    patient_name=st.just("DOE^J*") | person_names.map(lambda name: "^".join(name.components())),
    patient_id=texts(64),
    accession_number=texts(16),
)
worklist_items = st.builds(
    WorklistItem,
    patient=patients,
    admission_id=texts(64),
    location=texts(64),
    referring_physician=person_names,
    requesting_physician=person_names,
    placer_order_number=texts(22),
    reason=texts(64),
    priority=st.sampled_from(sorted(PRIORITIES)),
    procedure=codes,
    modality=code_strings(),
    scheduled=scheduled_procedures,
)
worklist_answers = st.builds(WorklistItems, st.lists(worklist_items, max_size=3).map(tuple), final_statuses)

# --- steps and commitment ----------------------------------------------------------------------------------------------

steps_started = st.builds(
    StepStarted,
    mpps_uid=uids,
    patient=patients,
    accession_number=texts(16),
    study_instance_uid=uids,
    placer_order_number=texts(22),
    requested_procedure_id=texts(16),
    step_id=texts(16),
    procedure=codes,
    protocol=codes,
    modality=code_strings(required=True),
    station_ae_title=ae_titles(),
    performed_step_id=texts(16, required=True),
    started_at=stamps(required=True),
)
steps_ended = st.builds(
    StepEnded,
    mpps_uid=uids,
    ended_at=stamps(required=True),
    series_instance_uid=uids,
    sop_class_uid=uids,
    protocol_name=texts(64, required=True),
    instances=instance_sets,
)
commit_requests = st.builds(CommitRequest, uids, uids, instance_sets)
commit_results = st.builds(CommitResult, uids, uids, instance_sets) | st.builds(
    lambda transaction, sop_class, whole, count: CommitResult(
        transaction, sop_class, whole.head(count), whole.without(whole.head(count))
    ),
    uids,
    uids,
    instance_sets,
    st.integers(0, 20),
)

# --- query and retrieve ------------------------------------------------------------------------------------------------

study_queries = st.builds(
    FindStudies,
    patient_id=texts(64),
    accession_number=texts(16),
    study_instance_uid=st.just("") | uids,
    modality=code_strings(),
    study_date=ranges(dates(required=True)),
)
study_matches = st.builds(
    StudyMatch,
    patient=patients,
    study_instance_uid=uids,
    accession_number=texts(16),
    study_at=stamps(),
    modality=code_strings(),
    description=texts(64),
    instances=st.integers(0, 10_000),
)
study_answers = st.builds(StudiesFound, st.lists(study_matches, max_size=3).map(tuple), final_statuses)
moves = st.builds(MoveStudy, uids, ae_titles())
move_results = st.builds(MoveResult, st.integers(0, 65_535), st.integers(0, 65_535), st.integers(0, 65_535), final_statuses)

# --- patients, orders and reports (HL7) --------------------------------------------------------------------------------


def _values(limit: int, required: bool = False) -> st.SearchStrategy[str]:
    """Texts in which the delimiters of HL7 are frequent; not the two characters that stand for no value there."""
    found = st.text(st.sampled_from('Aa1 |^~&"') | _CHARACTERS, max_size=limit).filter(lambda text: text.strip() != '""')
    return found.filter(lambda text: bool(text.strip())) if required else found


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
orders = st.builds(
    Order,
    placer_order_number=_values(22, required=True),
    procedure=procedure_codes,
    modality=code_strings(),
    body_part=_values(16),
    priority=st.sampled_from(sorted(PRIORITIES)),
    requested_at=stamps(),
    reason=_values(64),
    ordering_physician=person_names,
)
accessioned_procedures = st.builds(
    ScheduledProcedure,
    accession_number=_values(16, required=True),
    study_instance_uid=uids,
    requested_procedure_id=_values(16),
    step_id=_values(16),
    protocol=codes,
    station_ae_title=ae_titles(),
    start=stamps(),
)
report_texts = st.text(st.sampled_from('Aa1 |^~&\\".\n') | _CHARACTERS, max_size=200)

_headers = {"control_id": control_ids, "sent_at": stamps(required=True), "patient": registered_patients}
_numbers = {
    "placer_order_number": _values(22, required=True).map(str.strip),
    "accession_number": _values(16, required=True).map(str.strip),
    "procedure": procedure_codes,
}
registrations = st.builds(RegisterPatient, visit=visits, **_headers)
orders_placed = st.builds(PlaceOrder, visit=visits, order=orders, **_headers)
procedures_scheduled = st.builds(ScheduleProcedure, visit=visits, order=orders, procedure=accessioned_procedures, **_headers)
reading_list_entries = st.builds(ReadingListEntry, visit=visits, order=orders, procedure=accessioned_procedures, **_headers)
order_statuses = st.builds(OrderStatus, status=st.sampled_from(sorted(ORDER_STATUSES)), **_headers, **_numbers)
report_statuses = st.builds(ReportStatus, status=st.sampled_from(sorted(REPORT_STATUSES)), **_headers, **_numbers)
reports = st.builds(
    Report,
    study_instance_uid=st.just("") | uids,
    status=st.sampled_from(sorted(RESULT_STATUSES)),
    text=report_texts,
    reader=person_names,
    reported_at=stamps(),
    **_headers,
    **_numbers,
)
hl7_messages = st.one_of(
    registrations, orders_placed, procedures_scheduled, reading_list_entries, order_statuses, report_statuses, reports
)
acknowledgements = st.builds(Acknowledgement, st.just("AA"), control_ids) | st.builds(
    Acknowledgement,
    st.sampled_from(("AE", "AR")),
    control_ids,
    st.sampled_from(("", "100 PID", "101 PID-3", "204 OBR-2", "205 MSH-10", "207")),
)

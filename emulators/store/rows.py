"""The rows that both archives answer queries with, and the order in which instances leave."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as its first stored instance described it, and what of it may be seen. ``stored_bytes`` counts data sets."""

    study_instance_uid: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    birth_date: str
    sex: str
    accession_number: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    modalities: tuple[str, ...]
    series_count: int
    instance_count: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series as its first stored instance described it, and what of it may be seen."""

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    series_number: str
    series_description: str
    series_date: str
    series_time: str
    body_part: str
    protocol_name: str
    station_name: str
    institution_name: str
    instance_count: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One instance. Its data set is ``dataset_bytes`` long and starts at ``dataset_offset`` of the file ``path``, which is
    relative to the archive's folder and empty where there are no pixels."""

    sop_instance_uid: str
    sop_class_uid: str
    study_instance_uid: str
    series_instance_uid: str
    instance_number: str
    number_of_frames: str
    transfer_syntax_uid: str
    sending_ae_title: str
    path: str
    dataset_offset: int
    dataset_bytes: int


def number_order(integer_string: str) -> float:
    """Where a series or instance number (IS) sorts; what is no number comes last."""
    try:
        return int(integer_string)
    except ValueError:
        return float("inf")


def series_order(row: SeriesRow) -> tuple[float, str]:
    """By series number, then UID."""
    return number_order(row.series_number), row.series_instance_uid


def instance_order(row: InstanceRow) -> tuple[float, str]:
    """Within a series: by instance number, then UID."""
    return number_order(row.instance_number), row.sop_instance_uid

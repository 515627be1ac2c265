"""Carries out a FindPlan: the series and instances of an archive, matched and returned as C-FIND does (PS3.4 C.4.1.2.2)."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from emulators.actors import query_keys
from emulators.actors.matching import matcher
from emulators.messages.attributes import Attributes
from emulators.messages.query import FindPlan, Found, SearchedStudy
from emulators.store.rows import InstanceRow, SeriesRow


class Searchable(Protocol):
    """Either archive."""

    def series(self, study_instance_uid: str) -> list[SeriesRow]: ...
    def instances(self, study_instance_uid: str, series_instance_uid: str = "") -> list[InstanceRow]: ...


def search(plan: FindPlan, archive: Searchable) -> Found:
    """All matches below the studies of ``plan``, in the order of study, series and instance."""
    query = plan.query
    keys = query_keys.matched_keys(query, query.level)
    fits = matcher(keys, empty_matches=True)
    below = _images if query.level == "IMAGE" else _series
    items = (item for study in plan.studies for item in below(study, keys, archive))
    returned = query_keys.returned_keys(query)
    matches = tuple(query_keys.selected(item, returned) for item in items if fits(item))
    return Found(matches, keys_supported=query_keys.are_supported(query))


def _series(study: SearchedStudy, keys: Attributes, archive: Searchable) -> Iterator[Attributes]:
    wanted = _uids(keys, "SeriesInstanceUID")
    for row in archive.series(study.attributes.text("StudyInstanceUID")):
        if row.series_instance_uid not in study.hidden_series and (not wanted or row.series_instance_uid in wanted):
            found = study.attributes.with_values(_of_series(row))
            if study.hidden_instances:
                count = len(_shown_images(study, row.series_instance_uid, archive))
                found = found.with_values({"NumberOfSeriesRelatedInstances": str(count)})
            yield found


def _images(study: SearchedStudy, keys: Attributes, archive: Searchable) -> Iterator[Attributes]:
    for series in _series(study, keys, archive):
        for row in _shown_images(study, series.text("SeriesInstanceUID"), archive):
            yield series.with_values(_of_image(row))


def _shown_images(study: SearchedStudy, series_instance_uid: str, archive: Searchable) -> list[InstanceRow]:
    rows = archive.instances(study.attributes.text("StudyInstanceUID"), series_instance_uid)
    return [row for row in rows if row.sop_instance_uid not in study.hidden_instances]


def _uids(keys: Attributes, keyword: str) -> Sequence[str]:
    value = keys.text(keyword)
    return value.split("\\") if value and value != "*" else ()


def _of_series(row: SeriesRow) -> dict[str, str]:
    return {
        "Modality": row.modality,
        "SeriesNumber": row.series_number,
        "SeriesInstanceUID": row.series_instance_uid,
        "SeriesDescription": row.series_description,
        "SeriesDate": row.series_date,
        "SeriesTime": row.series_time,
        "BodyPartExamined": row.body_part,
        "ProtocolName": row.protocol_name,
        "StationName": row.station_name,
        "InstitutionName": row.institution_name,
        "NumberOfSeriesRelatedInstances": str(row.instance_count),
    }


def _of_image(row: InstanceRow) -> dict[str, str]:
    return {
        "InstanceNumber": row.instance_number,
        "SOPInstanceUID": row.sop_instance_uid,
        "SOPClassUID": row.sop_class_uid,
        "NumberOfFrames": row.number_of_frames,
    }

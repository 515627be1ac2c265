"""C-FIND at an archive: levels, keys, matching kinds, what is returned, and what is refused.

``s/`` and ``p/`` in a variant are study root and patient root. Most cases read the reference archive of the run.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from conformance.case import MUST, OPINION, READ, SECONDARY, SHOULD, case
from conformance.material.answers import (
    PENDING_WITH_UNSUPPORTED_KEYS,
    expect_answers,
    expect_ended,
)
from conformance.material.archive import ReferenceArchive, reference_archive, store
from conformance.material.data_sets import keywords
from conformance.material.images import Study
from conformance.material.query_models import MODELS, UNIQUE_KEYS, Level, Model, each_model, identifier, models, unique
from conformance.peers.association import Association, Found
from conformance.target import RoleTarget
from conformance.trial import Trial

QUERY = ("storage", "query")


@dataclass(frozen=True, slots=True)
class Desk:
    """Asks the product at one information model, and holds its answers to the oracle."""

    trial: Trial
    peer: Association
    model: Model
    reference: ReferenceArchive

    def ask(self, keys: Dataset) -> Found:
        return self.peer.find(self.model.find, keys)

    def expect(self, level: Level, keys: Mapping[str, Any], *, separates: bool = True) -> Found:
        """A query with these keys, which asks for all required ones."""
        query = identifier(level, self.model.keys(level), **keys)
        found = self.ask(query)
        expect_answers(
            self.trial,
            found,
            query,
            self.reference.entries(level),
            unique(level),
            empty_matches=True,
            separates=separates,
        )
        return found

    def above(self, level: Level, entries: Mapping[str, Dataset]) -> dict[str, str]:
        """The unique keys above a level, of the first entry."""
        first = next(iter(entries.values()))
        return {UNIQUE_KEYS[one]: str(first[UNIQUE_KEYS[one]].value) for one in self.model.above(level)}


@contextmanager
def desk(trial: Trial) -> Iterator[Desk]:
    """At the model of the variant."""
    reference = reference_archive(trial)
    model = MODELS[trial.variant.partition("/")[0]]
    with trial.associate(model.find) as peer:
        yield Desk(trial, peer, model, reference)


@case("dicom.qr.find.1", MUST, "pacs", "+", "PS3.4 C.4.1.2.1; C.4.1.3.1.1; C.6.1.1", READ, needs=QUERY, variants=models)
def a_walk_down_the_levels_finds_what_is_below(trial: Trial) -> None:
    """Hierarchical search works on each level: unique keys of the upper levels as single values, matches at the asked level."""
    with desk(trial) as archive:
        for level in archive.model.levels:
            keys = archive.above(level, archive.reference.entries(level))
            archive.expect(level, keys, separates=bool(keys))


def _each_key(target: RoleTarget) -> list[str]:
    return [f"{name}/{key}" for name in models(target) for level in MODELS[name].levels for key in MODELS[name].keys(level)]


@case("dicom.qr.find.2", MUST, "pacs", "+", "PS3.4 C.2.2.1; C.6.1.1.2 to .5; C.6.2.1.2", READ, needs=QUERY, variants=_each_key)
def each_required_key_matches(trial: Trial) -> None:
    """All required keys of Tables C.6-1 to C.6-5 match: StudyDate, StudyTime, AccessionNumber, PatientName, PatientID, StudyID,
    Modality, SeriesNumber, InstanceNumber and the UIDs.
    """
    keyword = trial.variant.partition("/")[2]
    with desk(trial) as archive:
        level = next(one for one in archive.model.levels if keyword in archive.model.keys(one))
        above, value = _separating(archive, level, keyword)
        archive.expect(level, {**above, keyword: value})


def _separating(archive: Desk, level: Level, keyword: str) -> tuple[dict[str, str], Any]:
    """Upper keys below which entries differ in this key, and the value of one of them."""
    entries = archive.reference.entries(level)
    for entry in entries.values():
        above = {UNIQUE_KEYS[one]: str(entry[UNIQUE_KEYS[one]].value) for one in archive.model.above(level)}
        beside = [one for one in entries.values() if all(str(one[key].value) == value for key, value in above.items())]
        if len({str(one[keyword].value) for one in beside}) > 1:
            return above, entry[keyword].value
    raise AssertionError(f"the reference archive has no entries that differ in {keyword}")


_KINDS: Mapping[str, tuple[dict[str, str], ...]] = {
    "universal": ({},),
    "wild card": tuple({"PatientName": name} for name in ("Doe^J*", "*Smith*", "D?e", "doe^jane")),
    "date range": tuple({"StudyDate": key} for key in ("20240101-20240131", "-20240101", "20240101-")),
    "time range": tuple({"StudyTime": key} for key in ("0800-1200", "-0800", "1200-")),
    "date and time range": ({"StudyDate": "20240101-20240131", "StudyTime": "0800-1000"},),
}
"""Keys of studies, or at patient root of patients."""


@case(
    "dicom.qr.find.3",
    MUST,
    "pacs",
    "+",
    "PS3.4 C.2.2.2.1 to .5",
    READ,
    needs=QUERY,
    variants=each_model("single value", "UID list", *_KINDS),
)
def each_kind_of_matching_works(trial: Trial) -> None:
    """Matching kinds: single value (case-sensitive except PN), universal (zero length), * and ?, date range, time
    range, UID list. Date and time are independent ranges unless combined matching was negotiated.
    """
    kind = trial.variant.partition("/")[2]
    with desk(trial) as archive:
        studies = archive.reference.entries("STUDY")
        above = archive.above("STUDY", studies)
        if kind == "UID list":
            archive.expect("STUDY", {**above, "StudyInstanceUID": list(studies)[:2]})
        elif kind == "single value":
            accession = str(next(iter(studies.values())).AccessionNumber)
            archive.expect("STUDY", {**above, "AccessionNumber": accession})
            archive.expect("STUDY", {**above, "AccessionNumber": accession.lower()}, separates=False)
        for keys in _KINDS.get(kind, ()):
            level = archive.model.levels[0] if "PatientName" in keys else "STUDY"
            archive.expect(level, {**(above if level == "STUDY" else {}), **keys}, separates=bool(keys))


@case("dicom.qr.find.4", MUST, "pacs", "+", "PS3.4 C.2.2.1.2", READ, needs=QUERY, variants=models)
def a_stored_empty_value_matches_any_key(trial: Trial) -> None:
    """In Q/R, a stored empty value counts as unknown and matches any key value. (In a worklist it is the other way round.)"""
    study = Study(trial, AccessionNumber="")
    store(trial, study.images(1))
    with desk(trial) as archive:
        keys = {"PatientID": study.patient_id, "AccessionNumber": trial.accession_number()}
        found = archive.ask(identifier("STUDY", archive.model.keys("STUDY"), **keys))
    expect_ended(trial, found)
    trial.expect_equal("studies found by another accession number", found.values("StudyInstanceUID"), [study.uid])


BESIDE_THE_KEYS = frozenset(
    (
        "QueryRetrieveLevel",
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "RetrieveAETitle",
        "StorageMediaFileSetID",
        "StorageMediaFileSetUID",
        "InstanceAvailability",
    )
)


@case("dicom.qr.find.5", MUST, "pacs", "+", "PS3.4 C.4.1.1.3.2", READ, needs=QUERY, variants=models)
def a_response_holds_the_requested_keys_alone(trial: Trial) -> None:
    """A response holds only requested keys plus QR level, (0008,0005) when needed, Retrieve AE Title (or media ID) and optional
    Instance Availability.
    """
    with desk(trial) as archive:
        patient_id = archive.reference.instances[0].PatientID
        asked = ("StudyDate", "AccessionNumber", "StudyInstanceUID")
        found = archive.ask(identifier("STUDY", asked, PatientID=patient_id))
    trial.expect(bool(found.pending), "studies of the patient", "none", found.final.records)
    for one in found.pending:
        held = keywords(one.dataset)
        extra = held - BESIDE_THE_KEYS - {*asked, "PatientID"}
        trial.expect(not extra, "the keys that were asked for", f"also {', '.join(sorted(extra))}", one.records)
        level = str(one.dataset.get("QueryRetrieveLevel", "none")).strip()
        trial.expect_equal("Query/Retrieve Level", level, "STUDY", one.records)
        says_where = bool(held & {"RetrieveAETitle", "StorageMediaFileSetID"})
        trial.expect(says_where, "Retrieve AE Title, or a media file-set ID", "neither", one.records)


@case(
    "dicom.qr.find.6",
    SHOULD,
    "pacs",
    "+",
    "PS3.4 C.4.1.1.4 Table C.4-1; C.2.2.1.3",
    READ,
    needs=QUERY,
    variants=each_model("standard", "private"),
)
def an_unsupported_optional_key_gives_a_warning(trial: Trial) -> None:
    """An unsupported optional key gives FF01H, not failure; the matches are as if the key were absent."""
    is_private = trial.variant.endswith("private")
    with desk(trial) as archive:
        known = archive.reference.entries("STUDY")
        keys = identifier("STUDY", archive.model.keys("STUDY"), PatientID=next(iter(known.values())).PatientID)
        query = identifier("STUDY", archive.model.keys("STUDY"), PatientID=keys.PatientID)
        if is_private:
            query.add_new(0x00090010, "LO", "RADLOOP CERTIFY")
            query.add_new(0x00091001, "LO", "")
        else:
            query.ProtocolName = ""
        found = archive.ask(query)
        expect_answers(trial, found, keys, known, unique("STUDY"), empty_matches=True)
        for one in found.pending:
            is_supported = not is_private and "ProtocolName" in one.dataset
            met = is_supported or one.status == PENDING_WITH_UNSUPPORTED_KEYS
            trial.expect(met, "FF01H for a key that is not supported", one.meaning, one.records)


_BROKEN = ("no level", "unknown level", "upper key missing", "upper key with wild card")


@case(
    "dicom.qr.find.7",
    MUST,
    "pacs",
    "-",
    "PS3.4 C.4.1.1.4 Table C.4-1; C.4.1.3.1.1; C.4.1.2.1",
    READ,
    needs=QUERY,
    variants=each_model(*_BROKEN),
)
def a_broken_identifier_is_refused(trial: Trial) -> None:
    """Broken identifiers are refused: no QR level, unknown level, missing upper unique key without relational negotiation,
    wildcard in an upper unique key.
    """
    fault = trial.variant.partition("/")[2]
    with desk(trial) as archive:
        level: Level = "SERIES" if fault.startswith("upper") else "STUDY"
        above = archive.above(level, archive.reference.entries(level))
        query = identifier(level, archive.model.keys(level), **above)
        if fault == "no level":
            del query.QueryRetrieveLevel
        elif fault == "unknown level":
            query.QueryRetrieveLevel = "BODY"
        elif fault == "upper key missing":
            del query.StudyInstanceUID
        else:
            query.StudyInstanceUID = f"{above['StudyInstanceUID'][:-2]}*"
        found = archive.ask(query)
    trial.expect(not found.pending, "no match", f"{len(found.pending)} matches", found.final.records)
    status = found.final.status
    trial.expect(status == 0xA900 or status >> 12 == 0xC, "A900H or Cxxx", found.final.meaning, found.final.records)


BEFORE_CANCEL = 10


def many_studies(trial: Trial) -> frozenset[str]:
    """As many studies as a long list has, of one image each, of one patient, stored once in a run: their UIDs."""

    def make(trial: Trial) -> frozenset[str]:
        patient_id = trial.patient_id()
        images = [
            Study(trial, PatientID=patient_id, PatientName="Long^List").image() for _ in range(trial.target.limits.long_list)
        ]
        store(trial, images)
        return frozenset(str(one.StudyInstanceUID) for one in images)

    return trial.shared("many studies", make)


@case("dicom.qr.find.8", MUST, "pacs", "+", "PS3.4 C.4.1.3; PS3.7 9.1.2.2, 9.3.2.3", READ, needs=QUERY, slow=True)
def a_long_list_stops_when_it_is_cancelled(trial: Trial) -> None:
    """C-CANCEL stops a long list with FE00H (0000H if already finished)."""
    trial.needs("s" in models(trial.target), "study root")
    studies = many_studies(trial)
    model = MODELS["s"]
    with trial.associate(model.find) as peer:
        found = peer.find(model.find, identifier("STUDY", ("StudyInstanceUID",)), cancel_after=BEFORE_CANCEL)
    final = found.final
    trial.expect(final.status in (0xFE00, 0x0000), "FE00H, or 0000H where it was over", final.meaning, final.records)
    trial.should(final.data is None, "no identifier in the final response (PS3.7 9.1.2.1)", "an identifier", final.records)
    if final.status == 0x0000:
        missing = studies - set(found.values("StudyInstanceUID"))
        trial.expect(not missing, "the whole list before 0000H", f"{len(missing)} studies missing", final.records)


_SHOWN_KEYS = ("StudyDescription", "ReferringPhysicianName", "PatientBirthDate")
_MODALITIES: Mapping[str, list[str]] = {"MR": ["MR"], "CT": ["CT"], "MR or CT": ["MR", "CT"]}


@case(
    "dicom.qr.find.9",
    SHOULD,
    "pacs",
    "+",
    "RAD TF-2 4.14, Table 4.14-1; MESA tests 401a to f",
    SECONDARY,
    needs=QUERY,
    variants=each_model(*_MODALITIES, "counts", *_SHOWN_KEYS),
)
def the_keys_that_ihe_adds_work(trial: Trial) -> None:
    """IHE keys: ModalitiesInStudy (also as a list), NumberOfStudyRelatedSeries and Instances, right after each later store;
    StudyDescription, ReferringPhysician and BirthDate are returned.
    """
    kind = trial.variant.partition("/")[2]
    with desk(trial) as archive:
        studies = archive.reference.entries("STUDY")
        above = archive.above("STUDY", studies)
        if kind in _MODALITIES:
            archive.expect("STUDY", {**above, "ModalitiesInStudy": _MODALITIES[kind]})
        elif kind == "counts":
            _expect_counts(archive)
        else:
            uid, study = next(iter(studies.items()))
            found = archive.ask(identifier("STUDY", (kind,), **above, StudyInstanceUID=uid))
            trial.expect_equal(kind, found.values(kind), [str(study[kind].value)], found.final.records)


def _expect_counts(archive: Desk) -> None:
    """Of a study that grows by an image, and by a series."""
    trial, study = archive.trial, Study(archive.trial)
    counted = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
    keys = {"PatientID": study.patient_id, "StudyInstanceUID": study.uid}

    def counts() -> list[str]:
        found = archive.ask(identifier("STUDY", counted, **keys))
        return [value for keyword in counted for value in found.values(keyword)]

    def expect_after(added: list[Dataset], *wanted: str) -> None:
        store(trial, added)
        right = trial.eventually(lambda: counts() == list(wanted), trial.timers.index_s)
        trial.expect(right, f"{' and '.join(counted)}: {' and '.join(wanted)}", f"{counts()}")

    expect_after(study.images(2), "1", "2")
    expect_after(study.images(1), "1", "3")
    expect_after(study.images(1, series=2), "2", "4")


@case("dicom.qr.find.10", OPINION, "pacs", "-", "PS3.4 C.4.1.1.4 Table C.4-1 (A700H)", READ, needs=QUERY)
def an_over_broad_query_is_never_cut_without_a_word(trial: Trial) -> None:
    """An over-broad query (all empty) is limited in the declared way and the limit is visible: the complete list, or A700H or a
    warning; never a cut list with 0000H.
    """
    trial.needs("s" in models(trial.target), "study root")
    studies = many_studies(trial)
    model = MODELS["s"]
    with trial.associate(model.find) as peer:
        found = peer.find(model.find, identifier("STUDY", model.keys("STUDY")))
    missing = studies - set(found.values("StudyInstanceUID"))
    final = found.final
    if final.status == 0x0000:
        trial.expect(not missing, "the complete list with 0000H", f"{len(missing)} studies missing", final.records)
    else:
        is_limit = final.status >> 8 == 0xA7 or final.status >> 12 == 0xB
        trial.expect(is_limit, "A700H, or a warning", final.meaning, final.records)
    wanted = trial.target.policies.over_broad_query
    met = (final.status == 0x0000) is (wanted == "complete")
    trial.should(met, f"what over_broad_query declares: {wanted}", final.meaning, final.records)

"""Worklist SCP: one case per required matching key of Table K.6-1, and what matching means in a worklist.

All of them read the reference worklist of the run.
"""

from collections.abc import Mapping

from pydicom.dataset import Dataset

from conformance.case import MUST, READ, SHOULD, case
from conformance.material.answers import PENDING_WITH_UNSUPPORTED_KEYS, expect_answers, expect_ended
from conformance.material.matching import Match, match
from conformance.material.worklist import (
    STEPS,
    WORKLIST_FIND,
    ReferenceWorklist,
    ask,
    identifier,
    identity,
    procedure_identity,
    reference_worklist,
    step_of,
    writes_umlauts,
)
from conformance.peers.association import Found
from conformance.trial import Trial
from conformance.verdict import Inconclusive

STATION, MODALITY, PHYSICIAN = "ScheduledStationAETitle", "Modality", "ScheduledPerformingPhysicianName"
DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"


class Desk:
    """Asks the product, each time on an association of its own, and holds its answers to the oracle."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self.reference = reference_worklist(trial)

    def expect(self, keys: Dataset, *, separates: bool = True) -> None:
        known = self.reference.entries
        expect_answers(self._trial, self.ask(keys), keys, known, identity, empty_matches=False, separates=separates)

    def expect_each_value(self, keyword: str) -> None:
        """Of an attribute of the step, one after the other as the only key."""
        for value in self.reference.values(keyword):
            self.expect(identifier({keyword: value}))

    def ask(self, keys: Dataset) -> Found:
        with self._trial.associate(WORKLIST_FIND) as peer:
            return ask(peer, keys)


@case("dicom.mwl.match.1", MUST, "ris", "+", "PS3.4 K.6.1.2.2 Table K.6-1", READ, needs="worklist")
def station_ae_title_matches_a_single_value(trial: Trial) -> None:
    """Scheduled Station AE Title (0040,0001) inside (0040,0100): single value."""
    Desk(trial).expect_each_value(STATION)


@case("dicom.mwl.match.2", MUST, "ris", "+", "PS3.4 Table K.6-1; C.2.2.2.5", READ, needs="worklist")
def start_date_matches_a_day_and_ranges_with_their_ends(trial: Trial) -> None:
    """SPS Start Date (0040,0002): single date and range."""
    worklist = Desk(trial)
    days = worklist.reference.days
    for key in (days[1], f"{days[1]}-{days[3]}", f"{days[1]}-", f"-{days[1]}"):
        worklist.expect(identifier({DATE: key}))


@case("dicom.mwl.match.3", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def start_time_matches_a_range_on_a_day_and_a_period_over_days(trial: Trial) -> None:
    """SPS Start Time (0040,0003), together with the date, as a range."""
    worklist = Desk(trial)
    days = worklist.reference.days
    for date, time in ((days[2], "0800-1200"), (days[2], "0800-"), (f"{days[1]}-{days[2]}", "1000-1200")):
        worklist.expect(identifier({DATE: date, TIME: time}))


@case("dicom.mwl.match.4", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def modality_matches_a_single_value(trial: Trial) -> None:
    """Modality (0008,0060): single value."""
    Desk(trial).expect_each_value(MODALITY)


@case("dicom.mwl.match.5", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def performing_physician_matches_a_name_and_a_wild_card(trial: Trial) -> None:
    """Scheduled Performing Physician Name (0040,0006): single value and wildcard."""
    worklist = Desk(trial)
    name = worklist.reference.commonest(PHYSICIAN)
    worklist.expect(identifier({PHYSICIAN: name}))
    worklist.expect(identifier({PHYSICIAN: f"{name.partition('^')[0]}*"}))
    worklist.expect(identifier({PHYSICIAN: f"{name[:1]}?{name[2:]}"}))


@case("dicom.mwl.match.6", MUST, "ris", "+", "PS3.4 Table K.6-1; C.2.2.2.1; C.2.2.2.4", READ, needs="worklist")
def patient_name_matches_a_name_and_wild_cards(trial: Trial) -> None:
    """Patient Name (0010,0010): single value and wildcard, case-insensitive permitted."""
    worklist = Desk(trial)
    for key in ("Doe^Jane", "doe^jane", "D?e^*", "*Smith*"):
        worklist.expect(identifier(PatientName=key))
    if writes_umlauts(trial):
        is_shown = any(name.startswith("Müll") for name in worklist.reference.values("PatientName"))
        trial.should(is_shown, "Müller^Hans, shown in a character set that is declared", "no such name")
        character_set = "ISO_IR 192" if "ISO_IR 192" in trial.target.claims.character_sets else "ISO_IR 100"
        if is_shown:
            worklist.expect(identifier(PatientName="Müll*", SpecificCharacterSet=character_set))


@case("dicom.mwl.match.7", MUST, "ris", "+", "PS3.4 Table K.6-1", READ, needs="worklist")
def leading_zeros_of_a_patient_id_are_significant(trial: Trial) -> None:
    """Patient ID (0010,0020): single value; leading zeros are significant."""
    worklist = Desk(trial)
    with_zeros = next(one for one in worklist.reference.values("PatientID") if one.startswith("000"))
    for patient_id in (with_zeros, with_zeros.lstrip("0")):
        worklist.expect(identifier(PatientID=patient_id))


@case("dicom.mwl.match.8", MUST, "ris", "+", "PS3.4 K.4.1.3; K.4.1.3.1; K.6.1.2.1", READ, needs="worklist")
def keys_are_combined_by_and(trial: Trial) -> None:
    """Combination of keys is AND; universal query returns all; no match gives 0000H only; each step in exactly one response."""
    worklist = Desk(trial)
    reference = worklist.reference
    patient_id = reference.orders[0].patient.patient_id
    entry = next(one for one in reference.entries.values() if one.PatientID == patient_id)
    station, date, modality = ({keyword: str(step_of(entry).get(keyword))} for keyword in (STATION, DATE, MODALITY))
    worklist.expect(identifier(station | date | modality))
    worklist.expect(identifier(date | modality, PatientID=patient_id))
    worklist.expect(identifier(), separates=False)
    nothing = worklist.ask(identifier(PatientID=trial.patient_id()))
    expect_ended(trial, nothing)
    trial.expect_equal("pending responses where nothing matches", len(nothing.pending), 0)


OPTIONAL_KEYS = ("AccessionNumber", "RequestedProcedureID", "ScheduledProcedureStepID", "AdmissionID", "CurrentPatientLocation")


@case(
    "dicom.mwl.match.9",
    SHOULD,
    "ris",
    "+",
    "PS3.4 Table K.6-1; K.2.2.1.1.2; RAD TF-2 4.5",
    READ,
    needs="worklist",
    variants=OPTIONAL_KEYS,
)
def an_optional_key_matches_or_is_said_to_be_unsupported(trial: Trial) -> None:
    """Optional keys that modalities use in practice match, or the responses are FF01H as for a key that is not supported."""
    keyword = trial.variant
    worklist = Desk(trial)
    value = worklist.reference.commonest(keyword)
    is_of_step = keyword == "ScheduledProcedureStepID"
    keys = identifier({keyword: value}) if is_of_step else identifier({}, **{keyword: value})
    found = worklist.ask(keys)
    is_unsupported = any(one.status == PENDING_WITH_UNSUPPORTED_KEYS for one in found.pending)
    if is_unsupported and keyword not in trial.target.claims.matching_keys:
        keys = identifier()
    expect_answers(trial, found, keys, worklist.reference.entries, identity, empty_matches=False, separates=not is_unsupported)


@case("dicom.mwl.match.10", MUST, "ris", "-", "PS3.4 K.2.2.1.1.1", READ, needs="worklist")
def an_empty_stored_value_does_not_match_in_a_worklist(trial: Trial) -> None:
    """In MWL, an entry with an empty value fails to match a key value (the opposite of Q/R)."""
    worklist = Desk(trial)
    reference = worklist.reference
    name = reference.commonest(PHYSICIAN)
    if all(step_of(entry).get(PHYSICIAN) for entry in reference.entries.values()):
        raise Inconclusive("the product shows no entry without a performing physician")
    worklist.expect(identifier({PHYSICIAN: f"{name.partition('^')[0]}*"}))
    worklist.expect(identifier({PHYSICIAN: ""}), separates=False)


def _odd(trial: Trial, reference: ReferenceWorklist) -> Dataset:
    """The query of a variant of the next case."""
    keys = identifier(PatientID=reference.commonest("PatientID"))
    day = reference.days[2]
    if trial.variant == "no sequence":
        del keys[STEPS]
    elif trial.variant == "empty sequence":
        setattr(keys, STEPS, [])
    elif trial.variant == "two items":
        items = [identifier({MODALITY: modality})[STEPS].value[0] for modality in ("MR", "CT")]
        keys = identifier()
        setattr(keys, STEPS, items)
    elif trial.variant == "time without date":
        keys = identifier({TIME: "0800-1200"})
    elif trial.variant == "unknown key":
        keys.Manufacturer = "NOBODY"
    else:
        keys = identifier({DATE: f"{day[:4]}.{day[4:6]}.{day[6:]}"})
    return keys


def _is_refusal(found: Found) -> bool:
    """A900H, or a status of class Cxxx, and no match (Table K.4-1)."""
    return not found.pending and (found.final.status == 0xA900 or found.final.status >> 12 == 0xC)


ODD_QUERIES = ("no sequence", "empty sequence", "two items", "time without date", "unknown key", "dotted date")


@case(
    "dicom.mwl.match.11",
    SHOULD,
    "ris",
    "-",
    "PS3.4 K.6.1.2.2; C.2.2.2.6; Table K.4-1",
    READ,
    needs="worklist",
    variants=ODD_QUERIES,
)
def an_odd_query_is_answered_well_or_refused(trial: Trial) -> None:
    """Odd but common queries (no step sequence, an empty one, two items, a time without date, an unknown key, a date with dots)
    get a right list, or A900H, Cxxx or FF01H; never an abort, never a silent wrong list.
    """
    worklist = Desk(trial)
    keys = _odd(trial, worklist.reference)
    found = worklist.ask(keys)
    if _is_refusal(found):
        return
    if trial.variant == "two items":
        _expect_any_item(trial, found, keys, worklist.reference.entries)
        return
    if trial.variant == "unknown key":
        says_so = all(one.status == PENDING_WITH_UNSUPPORTED_KEYS for one in found.pending)
        trial.expect(says_so, "FF01H for a key that is not matched", "FF00H", found.final.records)
        del keys.Manufacturer
        if not found.pending:
            return  # the key is supported, and no entry has the value
    known = worklist.reference.entries
    if trial.variant == "no sequence":
        known = {procedure_identity(entry): entry for entry in known.values()}
    name = procedure_identity if trial.variant == "no sequence" else identity
    expect_answers(trial, found, keys, known, name, empty_matches=False)


def _expect_any_item(trial: Trial, found: Found, keys: Dataset, known: Mapping[str, Dataset]) -> None:
    """Every answer matches one of the items, and of one item at least all matches are there."""
    expect_ended(trial, found)
    singles = []
    for item in keys[STEPS].value:
        singles.append(identifier())
        setattr(singles[-1], STEPS, [item])
    for answer in found.matches:
        matched = max(match(one, answer, empty_matches=False) for one in singles)
        trial.expect(matched is not Match.NO, "an entry that matches one of the two items", "one that matches neither")
    names = {identity(answer) for answer in found.matches}
    wanted = [{name for name, entry in known.items() if match(one, entry, empty_matches=False) is Match.YES} for one in singles]
    is_whole = any(one <= names for one in wanted)
    trial.expect(is_whole, "every entry that matches one of the two items", f"{len(names)} answers", found.final.records)

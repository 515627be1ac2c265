"""Our worklist and DCMTK's wlmscpfs over the same folder of files, asked the same by findscu.

Held to be the same: which entries are found, and what is returned of them, for the keys that wlmscpfs supports and in the forms
that both understand. Where wlmscpfs does otherwise, a test names the difference.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pydicom
import pytest

from emulators.actors.worklist import Worklist
from emulators.codecs.dicom.values import from_attributes
from emulators.messages.attributes import Attributes, of
from emulators.messages.worklist import STEPS, WorklistQuery
from emulators.ports.sockets import LOOPBACK, Address
from emulators.worklist_files import read_worklist_folder
from tests.peers.findscu import Answer, ask_worklist, write_file
from tests.peers.products import wlmscpfs
from tests.peers.senders import OURS, Receiver

pytestmark = pytest.mark.peer

SEED = 3
ENTRIES = 25
QUERIES = 200

NAMES = (
    "Doe^Jane^Q",
    "Doe^John",
    "Doe",
    "Roe^Richard^^Dr^Jr",
    "Müller^Jürgen",
    "Иванов^Иван",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
)
PHYSICIANS = ("House^Gregory", "House^Allison^^Dr", "Who^Meredith", "")
DAYS = ("20250228", "20250301", "20250302", "20250303", "20250304")
TIMES = ("073000", "080000", "083059", "120000", "175959", "180000")

WILD = {  # keys that both match with wild cards, and their values
    "PatientName": NAMES,
    "ReferringPhysicianName": PHYSICIANS,
    "RequestingPhysician": PHYSICIANS,
    "AccessionNumber": ("A1001", "A1002", "A2001", ""),
    "AdmissionID": ("V-1", "V-2", ""),
    "RequestedProcedureID": ("R1", "R2", "R3"),
    "RequestedProcedurePriority": ("STAT", "HIGH", "ROUTINE"),
    "IssuerOfPatientID": ("HOSPITAL", "CLINIC", ""),
}
PLAIN = {  # by single value
    "PatientID": ("000123", "123", "P-4"),
    "PatientSex": ("F", "M", "O", ""),
}
STEP_WILD = {"ScheduledPerformingPhysicianName": PHYSICIANS}
STEP_PLAIN = {"ScheduledStationAETitle": ("CT1", "CT2", "CT1\\CT2", "MR1"), "Modality": ("CT", "MR")}
DATES = {"PatientBirthDate": ("19700228", "19650505", "")}

RETURNED = (*WILD, *PLAIN, *DATES, "StudyInstanceUID", "RequestedProcedureDescription", "PregnancyStatus", "PatientComments")
CODE = of({"CodeValue": "CTCHEST", "CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "CT of the chest"})
CODE_KEYS = of(dict.fromkeys(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), ""))


# --- what is asked -----------------------------------------------------------------------------------------------------


def entry(number: int, draw: Random) -> Attributes:
    step = {keyword: draw.choice(values) for keyword, values in {**STEP_WILD, **STEP_PLAIN}.items()}
    times = {"ScheduledProcedureStepStartDate": draw.choice(DAYS), "ScheduledProcedureStepStartTime": draw.choice(TIMES)}
    described = {"ScheduledProcedureStepID": f"S{number}", "ScheduledProcedureStepDescription": "Chest"}
    values = {keyword: draw.choice(choice) for keyword, choice in {**WILD, **PLAIN, **DATES}.items()}
    fixed = {"StudyInstanceUID": f"2.25.{number}", "RequestedProcedureDescription": "Chest", "PregnancyStatus": "4"}
    return of(
        {
            **values,
            **fixed,
            "PatientComments": draw.choice(("Speaks French", "")),
            "RequestedProcedureCodeSequence": (CODE,),
            STEPS: (of({**step, **times, **described, "ScheduledProtocolCodeSequence": (CODE,)}),),
        }
    )


def query(draw: Random) -> Attributes:
    """One to three matching keys; everything that the entries hold is returned."""
    keys = dict.fromkeys(RETURNED, "")
    step = dict.fromkeys((*STEP_WILD, *STEP_PLAIN, "ScheduledProcedureStepID", "ScheduledProcedureStepDescription"), "")
    for keyword in draw.sample((*WILD, *PLAIN, *DATES, *STEP_WILD, *STEP_PLAIN), draw.choice((0, 1, 1, 2))):
        (step if keyword in step else keys)[keyword] = key(keyword, draw)
    step.update(start(draw))
    return of(
        {
            **keys,
            "RequestedProcedureCodeSequence": (CODE_KEYS,),
            STEPS: (of({**step, "ScheduledProtocolCodeSequence": (CODE_KEYS,)}),),
        }
    )


def key(keyword: str, draw: Random) -> str:
    if keyword in DATES:
        return draw.choice(("19700228", "19650505-19700228", "19660101-", "-19700227", ""))
    if keyword in (*PLAIN, *STEP_PLAIN):
        return draw.choice([value for value in {**PLAIN, **STEP_PLAIN}[keyword] if value])
    value = draw.choice([value for value in {**WILD, **STEP_WILD}[keyword] if value])
    return draw.choice((value, value, f"{value[:3]}*", f"{value[:1]}?{value[2:3]}*", "*", "NONE*"))


def start(draw: Random) -> dict[str, str]:
    """A date, a time or both; of both one is no range, or they are ranges of the same form."""
    days, times = sorted(draw.sample(DAYS, 2)), sorted(draw.sample(TIMES, 2))
    form = draw.choice(("{0}-{1}", "{0}-", "-{0}"))
    date, time = draw.choice(
        (
            ("", ""),
            ("{0}", ""),
            (form, ""),
            ("", "{0}"),
            ("", form),
            ("{0}", form),
            (form, "{0}"),
            (form, form),
        )
    )
    return {
        "ScheduledProcedureStepStartDate": date.format(*days),
        "ScheduledProcedureStepStartTime": time.format(*times),
    }


# --- the two -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The worklist files."""
    folder = tmp_path / "WORKLISTS" / OURS
    folder.mkdir(parents=True)
    draw = Random(SEED)
    for number in range(1, ENTRIES + 1):
        write_file(folder / f"{number:03d}.wl", from_attributes(entry(number, draw)))
    return folder


@pytest.fixture
def theirs(folder: Path) -> Iterator[Address]:
    with wlmscpfs(folder.parent, OURS, "--keep-char-set") as port:
        yield LOOPBACK, port


@pytest.fixture
def ours(folder: Path, tmp_path: Path) -> Iterator[Address]:
    """Our DICOM server with the worklist of these files."""
    worklist = Worklist()
    worklist.preload(read_worklist_folder(folder))

    def answer(message: WorklistQuery) -> object:
        return worklist.matches(message)

    with Receiver(tmp_path / "archive", answer) as receiver:
        yield LOOPBACK, receiver.port


def both(ours: Address, theirs: Address, keys: list[Attributes], folder: Path) -> tuple[list[Answer], list[Answer]]:
    ours_said = ask_worklist(ours, OURS, keys, folder / "ours")
    return ours_said, ask_worklist(theirs, OURS, keys, folder / "theirs")


def values(item: pydicom.Dataset) -> dict[str, object]:
    """What an identifier says, whatever its character set."""
    return {
        element.keyword: [values(inner) for inner in element.value] if element.VR == "SQ" else str(element.value or "")
        for element in item
        if element.keyword != "SpecificCharacterSet"
    }


def by_step(answer: Answer) -> dict[str, dict[str, object]]:
    return {item.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID: values(item) for item in answer.found}


def test_generated_queries_are_answered_as_wlmscpfs_answers_them(ours: Address, theirs: Address, tmp_path: Path) -> None:
    draw = Random(SEED + 1)
    keys = [query(draw) for _ in range(QUERIES)]
    found_something = 0
    for asked, our_answer, their_answer in zip(keys, *both(ours, theirs, keys, tmp_path), strict=True):
        assert our_answer.final == their_answer.final == "Success"
        assert by_step(our_answer) == by_step(their_answer), asked
        found_something += bool(our_answer.found)
    assert found_something > QUERIES // 2


# --- where wlmscpfs does otherwise -------------------------------------------------------------------------------------


def step_query(step: dict[str, str], **keys: str) -> Attributes:
    return of({**keys, STEPS: (of({"ScheduledProcedureStepID": "", **step}),)})


OTHERWISE = (
    ("it matches names with regard to case (C.2.2.2.1.1 leaves it open)", step_query({}, PatientName="DOE^JANE^Q")),
    ("it takes empty components at the end of a name for significant", step_query({}, PatientName="Roe^Richard^^Dr^Jr^")),
    ("it does not look into the component groups of a name", step_query({}, PatientName="山田^太郎")),
    ("it takes the end 17 for 170000", step_query({"ScheduledProcedureStepStartTime": "16-17"})),
    ("it ignores the step's ID as a key", step_query({"ScheduledProcedureStepID": "S7"})),
    ("it ignores the description as a key", step_query({}, RequestedProcedureDescription="Abdomen")),
    ("it refuses the dates of ACR-NEMA", step_query({"ScheduledProcedureStepStartDate": "2025.03.02"})),
)


def test_where_wlmscpfs_does_otherwise(ours: Address, theirs: Address, tmp_path: Path) -> None:
    answers = both(ours, theirs, [keys for _, keys in OTHERWISE], tmp_path)
    for (difference, _), our_answer, their_answer in zip(OTHERWISE, *answers, strict=True):
        assert our_answer.final == "Success"
        assert our_answer.step_ids != their_answer.step_ids, difference


def test_a_query_in_another_character_set_than_the_file_finds_it_with_us_alone(
    folder: Path, theirs: Address, tmp_path: Path
) -> None:
    """wlmscpfs compares bytes."""
    for file in folder.glob("*.wl"):
        file.unlink()
    latin_1 = entry(1, Random(SEED)).with_values({"PatientName": "Müller^Jürgen", "ReferringPhysicianName": ""})
    write_file(folder / "1.wl", from_attributes(latin_1), "ISO_IR 100")
    worklist = Worklist()
    worklist.preload(read_worklist_folder(folder))
    keys = [step_query({}, PatientName="Mü*")]
    with Receiver(tmp_path / "archive", lambda message: worklist.matches(message)) as receiver:
        (our_answer,), (their_answer,) = both((LOOPBACK, receiver.port), theirs, keys, tmp_path)
    assert our_answer.step_ids == ["S1"]
    assert str(our_answer.found[0].PatientName) == "Müller^Jürgen"
    assert their_answer.step_ids == []

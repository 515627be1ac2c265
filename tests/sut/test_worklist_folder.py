"""The worklist of our RIS as files: what is on it is in the folder, and nothing else of ours."""

from pathlib import Path

from emulators.actors.worklist import Worklist
from emulators.messages import attributes
from emulators.messages.attributes import Attributes
from emulators.messages.worklist import STEPS
from emulators.sut.worklist_folder import WorklistFolder
from emulators.worklist_files import read_worklist_folder


def entry(step_id: str, name: str = "Doe^Jane") -> Attributes:
    step = attributes.of({"ScheduledProcedureStepID": step_id, "ScheduledStationAETitle": "CT1", "Modality": "CT"})
    return attributes.of({"PatientID": "M1", "PatientName": name, STEPS: (step,)})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_entry_is_a_file_that_reads_back_the_same(tmp_path: Path) -> None:
    worklist = Worklist()
    worklist.put("S1", entry("S1"))
    worklist.put("S2", entry("S2", "Müller^Jörg"))
    WorklistFolder(worklist, tmp_path).bring_up_to_date()
    assert names(tmp_path) == ["S1.wl", "S2.wl"]
    assert read_worklist_folder(tmp_path) == [entry("S1"), entry("S2", "Müller^Jörg")]


def test_what_is_off_the_worklist_goes_and_what_has_changed_is_written_anew(tmp_path: Path) -> None:
    worklist = Worklist()
    folder = WorklistFolder(worklist, tmp_path)
    for step_id in ("S1", "S2"):
        worklist.put(step_id, entry(step_id))
    folder.bring_up_to_date()
    worklist.remove("S1")
    worklist.put("S2", entry("S2", "Roe^Jane"))
    folder.bring_up_to_date()
    assert names(tmp_path) == ["S2.wl"]
    assert read_worklist_folder(tmp_path) == [entry("S2", "Roe^Jane")]


def test_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "lockfile").touch()
    worklist = Worklist()
    worklist.put("S1", entry("S1"))
    folder = WorklistFolder(worklist, tmp_path)
    folder.bring_up_to_date()
    folder.remove()
    assert names(tmp_path) == ["lockfile"]

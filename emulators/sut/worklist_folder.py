"""The worklist of our RIS as a folder of files, for a product that answers queries from one (DCMTK's wlmscpfs does).

The folder is brought up to date before every query that goes to the product: a file for each entry, ``STEP_ID.wl``. Files that
others have put there stay.
"""

from pathlib import Path
from typing import Any

from emulators.actors.worklist import Worklist
from emulators.messages.attributes import Attributes
from emulators.messages.worklist import STEPS, WorklistQuery
from emulators.ports.contract import Exchange, Port
from emulators.worklist_files import worklist_file


class WorklistFolder:
    """Mirrors ``worklist`` into ``folder``, which must be there."""

    def __init__(self, worklist: Worklist, folder: Path) -> None:
        self._worklist = worklist
        self._folder = folder
        self._written: dict[str, Attributes] = {}

    def bring_up_to_date(self) -> None:
        """Write what is new or has changed, and remove what is not on the worklist any more."""
        entries = {_name(entry): entry for entry in self._worklist.matches(WorklistQuery()).items}
        for name in self._written.keys() - entries.keys():
            (self._folder / name).unlink(missing_ok=True)
        for name, entry in entries.items():
            if self._written.get(name) != entry:
                being_written = self._folder / f"{name}.part"
                being_written.write_bytes(worklist_file(entry))
                being_written.rename(self._folder / name)
        self._written = entries

    def remove(self) -> None:
        """Leave nothing of ours."""
        for name in self._written:
            (self._folder / name).unlink(missing_ok=True)


def _name(entry: Attributes) -> str:
    return f"{entry.item(STEPS).text('ScheduledProcedureStepID')}.wl"


class FolderPort:
    """A port that brings the folder up to date before each request, and is otherwise the one it is made from."""

    def __init__(self, port: Port, folder: WorklistFolder) -> None:
        self._port = port
        self._folder = folder

    def begin(self, exchange: Exchange) -> None:
        self._folder.bring_up_to_date()
        self._port.begin(exchange)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

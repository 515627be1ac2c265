"""Real products judged by their target files: every verdict is the recorded one, so that a change of a case shows.

The records are verdicts/*.toml. A case that is new or has another outcome is looked into first, as docs/findings.md does, and
then written there. Left out are cases that take long, need the hospital, or are named in the record with the reason.
"""

import re
import tomllib
from collections.abc import Collection
from contextlib import AbstractContextManager, closing
from io import StringIO
from pathlib import Path

import pytest

from conformance.case import Case, Role
from conformance.catalogue import all_cases
from conformance.operator_steps import TargetOperator
from conformance.runner import Run
from conformance.taps import Taps
from conformance.target import Target, load_target
from tests.peers.products import dcmtk, free_port, orthanc_path, server

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore::UserWarning:pydicom"),  # on what a product sent: the cases judge that
]

TARGETS = Path(__file__).parents[2] / "conformance" / "targets"
VERDICTS = Path(__file__).parent / "verdicts"
SEED = 7
PORT = re.compile(r'(?<=port = )\d+|(?<=Port": )\d+')


class Product:
    """A copy of a target file and of what lies beside it, each port replaced by a free one."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        files = [file for file in TARGETS.iterdir() if file.name.startswith(name) and file.is_file()]
        found = {port for file in files for port in PORT.findall(file.read_text())}
        free = {port: str(free_port()) for port in sorted(found)}
        for file in files:
            text = re.sub(r"\b\d{4,5}\b", lambda match: free.get(match[0], match[0]), file.read_text())
            (folder / file.name).write_text(text.replace("{folder}", str(folder)) if file.suffix == ".cfg" else text)
        self.target: Target = load_target(folder / f"{name}.toml")
        [self.role] = self.target.roles

    @property
    def port(self) -> int:
        return self.target.roles[self.role].dicom[1]

    def served(self, *command: object) -> AbstractContextManager[int]:
        return server(command, self.port, self.folder / "log")


def judged(product: Product, known: Collection[str], left_out: Collection[str]) -> dict[str, str]:
    """Id to outcome, of each case that is for the role, quick or known all the same, and not left out."""
    operator = TargetOperator(product.target.operator, attended=False, folder=str(product.folder))
    cases = [case for case in all_cases() if case.id not in left_out and (case.id in known or _is_quick(case, product.role))]
    with closing(Run(product.target, product.role, Taps(StringIO()), operator, SEED)) as run:
        assert not run.sanity()
        return {result.id: str(result.outcome) for result in run.cases(cases, lambda _: None)}


def _is_quick(case: Case, role: Role) -> bool:
    return case.is_built and role in case.roles and not (case.slow or case.in_hospital)


def hold_to_record(name: str, product: Product) -> None:
    record = tomllib.loads((VERDICTS / f"{name}.toml").read_text(encoding="utf-8"))
    known, found = record["verdicts"], judged(product, record["verdicts"], record["left_out"])
    differences = [
        f'"{case_id}" = "{found.get(case_id, "there is no such case")}"  # recorded: {known.get(case_id, "nothing")}'
        for case_id in sorted({*known, *found})
        if known.get(case_id) != found.get(case_id)
    ]
    assert not differences, "\n".join(["it is judged otherwise:", *differences])


def test_orthanc(tmp_path: Path) -> None:
    product = Product("orthanc", tmp_path)
    with product.served(orthanc_path(), tmp_path / "orthanc.json"):
        hold_to_record("orthanc", product)


def test_dcmqrscp(tmp_path: Path) -> None:
    product = Product("dcmqrscp", tmp_path)
    with product.served(dcmtk("dcmqrscp"), "-ta", 5, "-td", 5, "-c", tmp_path / "dcmqrscp.cfg"):
        hold_to_record("dcmqrscp", product)


def test_storescp(tmp_path: Path) -> None:
    product = Product("storescp", tmp_path)
    timers = "-ta", 5, "-td", 5, "-ts", 5
    with product.served(dcmtk("storescp"), "--fork", *timers, "+xa", "-aet", "STORESCP", "-od", tmp_path, product.port):
        hold_to_record("storescp", product)


def test_wlmscpfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    product = Product("wlmscpfs", tmp_path)
    worklist = tmp_path / "WORKLIST"
    worklist.mkdir()
    (worklist / "lockfile").touch()
    monkeypatch.setenv("WORKLIST_FOLDER", str(worklist))
    with product.served(dcmtk("wlmscpfs"), "-ta", 5, "-td", 5, "-csk", "-dfp", tmp_path, product.port):
        hold_to_record("wlmscpfs", product)

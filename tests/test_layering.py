"""Imports between the rooms point one way (docs/decisions.md, 2).

The table says what of Radloop's own a module or package may import, and what from elsewhere has no business there.
The longest `where` that fits a module decides. Tests may import anything.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

IO_AND_CHANCE = (
    "asyncio",
    "concurrent",
    "multiprocessing",
    "random",
    "secrets",
    "select",
    "selectors",
    "simpy",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "uuid",
)


@dataclass(frozen=True, slots=True)
class Rule:
    where: str
    knows: tuple[str, ...]  # these and what is below them
    never: tuple[str, ...] = ()  # modules from elsewhere that have no business here


RULES = (
    Rule("datasets", knows=("datasets",)),
    Rule("emulators", knows=("emulators",)),
    Rule("emulators.core", knows=("emulators.core",), never=IO_AND_CHANCE),
    Rule("emulators.messages", knows=("emulators.messages", "emulators.core"), never=IO_AND_CHANCE),
    Rule("emulators.actors", knows=("emulators.actors", "emulators.core", "emulators.messages"), never=IO_AND_CHANCE),
    Rule("emulators.wire", knows=("emulators.wire", "emulators.core"), never=IO_AND_CHANCE),
    Rule("emulators.wire.relay", knows=("emulators.wire", "emulators.core")),
    Rule(
        "emulators.codecs",
        knows=("emulators.codecs", "emulators.core", "emulators.messages", "emulators.wire"),
        never=IO_AND_CHANCE,
    ),
    Rule("emulators.store", knows=("emulators.store", "emulators.core", "emulators.messages")),
    Rule(
        "emulators.ports",
        knows=(
            "emulators.ports",
            "emulators.core",
            "emulators.messages",
            "emulators.codecs",
            "emulators.wire",
            "emulators.store",
        ),
    ),
    Rule(
        "emulators.quirks",
        knows=(
            "emulators.quirks",
            "emulators.core",
            "emulators.messages",
            "emulators.actors",
            "emulators.codecs",
            "emulators.wire",
        ),
    ),
    Rule("sim", knows=("sim", "emulators", "datasets")),
    # emulators.core.errors: what emulators.wire raises
    Rule("conformance", knows=("conformance", "emulators.wire", "emulators.core.fault", "emulators.core.errors")),
    Rule("loadtests", knows=("loadtests", "emulators", "datasets")),
    Rule("reports", knows=("reports", "emulators.trace")),
    Rule("notebooks", knows=("notebooks", "sim", "reports")),
    Rule("commands", knows=("commands", "datasets", "emulators", "sim", "conformance", "loadtests", "reports")),
    Rule("radloop", knows=("commands",)),
)
ROOMS = {rule.where.partition(".")[0] for rule in RULES}


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def rule_for(module: str) -> Rule:
    return max((rule for rule in RULES if is_within(module, rule.where)), key=lambda rule: len(rule.where))


def source_files(root: Path) -> Iterator[Path]:
    for room in sorted(ROOMS):
        yield from sorted((root / room).rglob("*.py"))
        if (root / f"{room}.py").exists():
            yield root / f"{room}.py"


def module_name(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(file: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Yield line and module of every import in the file, in functions too, relative ones resolved."""
    folder = module_name(file.parent / "__init__.py", root).split(".")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = folder[: len(folder) - node.level + 1] if node.level else []
            base = ".".join([*parts, node.module] if node.module else parts)
            for alias in node.names:
                yield node.lineno, submodule(base, alias.name, root)


def submodule(base: str, name: str, root: Path) -> str:
    """Return the module that `from base import name` loads: base.name where that is a module, else base."""
    path = root.joinpath(*base.split("."), name)
    return f"{base}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else base


def violations(root: Path) -> list[str]:
    found = []
    for file in source_files(root):
        rule = rule_for(module_name(file, root))
        for line, target in imported_modules(file, root):
            ours = target.partition(".")[0] in ROOMS
            allowed = any(is_within(target, known) for known in rule.knows)
            forbidden = any(is_within(target, never) for never in rule.never)
            if (ours and not allowed) or forbidden:
                found.append(f"{file.relative_to(root)}:{line}: {rule.where} must not import {target}")
    return found


def test_imports_point_one_way() -> None:
    assert violations(ROOT) == []


def test_every_room_is_looked_at() -> None:
    looked_at = {module_name(file, ROOT).partition(".")[0] for file in source_files(ROOT)}
    assert looked_at >= {"commands", "datasets", "emulators", "sim", "reports", "loadtests", "radloop"}


@pytest.mark.parametrize(
    ("path", "source", "target"),
    [
        ("datasets/people.py", "import emulators.core", "emulators.core"),
        ("emulators/kernel.py", "from sim.world import arrivals", "sim.world"),
        ("emulators/core/event.py", "from emulators import messages", "emulators.messages"),
        ("emulators/messages/adt.py", "from ..wire import er7", "emulators.wire"),
        ("emulators/actors/ris.py", "import simpy", "simpy"),
        ("emulators/actors/ris.py", "def f():\n    import socket", "socket"),
        ("emulators/actors/ris.py", "from time import time", "time"),
        ("emulators/actors/ris.py", "from emulators.codecs.hl7v2 import encode", "emulators.codecs.hl7v2"),
        ("emulators/actors/ris.py", "from .. import wire", "emulators.wire"),
        ("emulators/wire/mllp.py", "import socket", "socket"),
        ("emulators/wire/mllp.py", "import emulators.messages.adt", "emulators.messages.adt"),
        ("emulators/store/archive.py", "import emulators.actors", "emulators.actors"),
        ("emulators/codecs/dicom.py", "import emulators.ports", "emulators.ports"),
        ("emulators/ports/mllp.py", "import emulators.actors", "emulators.actors"),
        ("sim/run.py", "import reports", "reports"),
        ("conformance/taps.py", "import emulators.codecs.hl7v2", "emulators.codecs.hl7v2"),
        ("loadtests/bench.py", "import sim", "sim"),
        ("reports/render.py", "import emulators.kernel", "emulators.kernel"),
        ("reports/render.py", "import emulators", "emulators"),
        ("notebooks/prefetch.py", "import datasets", "datasets"),
        ("sim/run.py", "import commands.run", "commands.run"),
        ("radloop.py", "import sim.run", "sim.run"),
    ],
)
def test_an_import_the_wrong_way_is_found(tmp_path: Path, path: str, source: str, target: str) -> None:
    make_tree(tmp_path, path, source)
    rule = rule_for(module_name(tmp_path / path, tmp_path))
    line = source.count("\n") + 1
    assert violations(tmp_path) == [f"{path}:{line}: {rule.where} must not import {target}"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("emulators/kernel.py", "import simpy, threading\nfrom emulators.ports import memory"),
        ("emulators/wire/relay.py", "import socket\nfrom ..core.fault import Plan"),
        ("emulators/actors/ris.py", "from ..core import event\nfrom ..messages.adt import RegisterPatient"),
        ("conformance/taps.py", "from emulators.core import fault\nimport emulators.wire.mllp"),
        ("reports/render.py", "from emulators import trace"),
        ("sim/run.py", "import datasets.people\nfrom emulators import site"),
        ("commands/serve.py", "import sim.run\nimport conformance"),
        ("radloop.py", "from commands.serve import serve"),
    ],
)
def test_an_import_the_right_way_passes(tmp_path: Path, path: str, source: str) -> None:
    make_tree(tmp_path, path, source)
    assert violations(tmp_path) == []


def make_tree(root: Path, path: str, source: str) -> None:
    """Write one file into a tree that has the rooms' folders and emulators/trace.py, all else empty."""
    for package in ("emulators/core", "emulators/messages", "emulators/wire", "sim/world"):
        (root / package).mkdir(parents=True)
    for module in ("emulators/trace.py", "emulators/site.py", "emulators/core/fault.py", "emulators/core/event.py"):
        (root / module).touch()
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(source, encoding="utf-8")

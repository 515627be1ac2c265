"""`radloop certify`: a verdict per requirement for a product, or for one of our emulators."""

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from commands.ending import INTERRUPTED, LOOP_CLOSED, OWN_FAULT, complain, guarded
from emulators.core.errors import ConfigError

if TYPE_CHECKING:
    from conformance.case import Case, Role
    from conformance.operator_steps import Operator
    from conformance.target import Target

EMULATOR = "emulator"


class RunByDefault(TyperGroup):
    """`radloop certify dicom.store --role pacs` is `radloop certify run dicom.store --role pacs`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


certify = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Judge a product: a verdict per requirement, with clause, bytes and a certificate.

        radloop certify init --host 127.0.0.1 --port 4242 > target.toml
        radloop certify --role pacs --target target.toml
        radloop certify dicom.store hl7.adt.merge --role pacs --target emulator
        radloop certify --list --status

    Without a command, what follows goes to [bold]run[/]: see radloop certify run --help.
    """,
)


@certify.command("run")
def certify_run(
    prefixes: Annotated[
        list[str] | None, typer.Argument(metavar="[PREFIX]...", help="Ids or beginnings of ids: dicom.mwl, hl7.adt.merge.1")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="Which role is judged: [bold]pacs ris modality ehr reporting engine[/]; the only one if left out."),
    ] = None,
    target: Annotated[str, typer.Option(help="The target file, or [bold]emulator[/]: one of our own.")] = "target.toml",
    out: Annotated[Path, typer.Option(help="Where result.json, the evidence and the reports go.")] = Path("out/certify"),
    seed: Annotated[
        int | None, typer.Option(min=0, help="Identifiers derive from it; the same again needs a product that was reset.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="What should be counts as what must be.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out cases that wait for long timers.")] = False,
    unattended: Annotated[bool, typer.Option("--unattended", help="Nobody is there to answer prompts.")] = False,
    list_them: Annotated[bool, typer.Option("--list", help="Print the cases, one a line, and leave.")] = False,
    status: Annotated[bool, typer.Option("--status", help="With --list: built or planned.")] = False,
) -> None:
    """Run cases against a product, and say what was found.

    Exit code 0: passed, where warnings and waivers count as passed and are
    shown; 1: a failure; 2: something could not be observed; 3: nothing ran,
    a fault of Radloop's own, or the target file is wrong.
    """
    if list_them:
        raise typer.Exit(guarded(lambda: _list(prefixes or [], role, status)))
    options = Options(tuple(prefixes or ()), role, target, out, seed, strict, fast, not unattended and sys.stdin.isatty())
    code = guarded(lambda: _run(options))
    raise typer.Exit(OWN_FAULT if code == 2 and not options.has_run else code)


@dataclass
class Options:
    """What was chosen on the command line; ``has_run`` becomes true when there is a result."""

    prefixes: tuple[str, ...]
    role: str | None
    target: str
    out: Path
    seed: int | None
    strict: bool
    fast: bool
    attended: bool
    has_run: bool = False


def _check_libraries() -> None:
    """Raises ConfigError where the extra packages of the tester are not installed."""
    for name in ("pynetdicom", "hl7apy"):
        if find_spec(name) is None:
            raise ConfigError(f'{name} is not installed; to certify, install Radloop as ".[conformance]"')


def _list(prefixes: Sequence[str], role: str | None, status: bool) -> int:
    _check_libraries()
    from conformance.catalogue import all_cases
    from conformance.selector import select

    chosen = select(all_cases(), prefixes, _role(role) if role else None)
    width = max((len(case.id) for case in chosen), default=0)
    for case in chosen:
        state = ("built    " if case.is_built else "planned  ") if status else ""
        flag = "⚑" if case.safety else " "
        typer.echo(f"{case.id:{width}}  {state}{case.level:7} {flag} {','.join(case.roles)}  {case.requirement}")
    return LOOP_CLOSED


def _role(name: str) -> "Role":
    from conformance.case import ROLES

    for role in ROLES:
        if role == name:
            return role
    raise ConfigError(f"--role {name}: there is {', '.join(ROLES)}")


def _run(options: Options) -> int:
    _check_libraries()
    from conformance.catalogue import all_cases
    from conformance.selector import select

    with _target(options) as (target, role, operator):
        chosen = select(all_cases(), options.prefixes, role)
        built = [case for case in chosen if case.is_built]
        cases = [case for case in built if not (options.fast and case.slow)]
        if not cases:
            raise ConfigError(f"nothing to run: {len(chosen)} cases of {role} selected, {len(built)} of them built")
        return _judge(options, target, role, operator, cases, [case.id for case in built if case not in cases])


@contextmanager
def _target(options: Options) -> Iterator[tuple["Target", "Role", "Operator"]]:
    from conformance.operator_steps import TargetOperator
    from conformance.target import load_target, the_role

    if options.target != EMULATOR:
        target = load_target(Path(options.target))
        yield target, the_role(target, options.role, options.target), TargetOperator(target.operator, options.attended)
        return
    from commands.certify_emulator import Emulator

    if options.role is None:
        raise ConfigError("--role: which of our emulators?")
    role = _role(options.role)
    with TemporaryDirectory(prefix="radloop-certify-") as folder, closing(Emulator(role, Path(folder))) as emulator:
        yield emulator.target(), role, emulator


def _judge(
    options: Options, target: "Target", role: "Role", operator: "Operator", cases: Sequence["Case"], left_out: Sequence[str]
) -> int:
    from commands.certify_neighbours import EmulatedNeighbours
    from conformance.report.terminal import Terminal
    from conformance.runner import Run
    from conformance.session import certified
    from conformance.taps import Taps

    seed = secrets.randbits(48) if options.seed is None else options.seed
    options.out.mkdir(parents=True, exist_ok=True)
    terminal = Terminal(target, role, seed, len(cases))
    records = options.out / "records.jsonl"
    with records.open("w", encoding="utf-8") as file, TemporaryDirectory(prefix="radloop-hospital-") as folder:
        taps = Taps(file)
        neighbours = partial(EmulatedNeighbours, Path(folder))
        with closing(Run(target, role, taps, operator, seed, options.strict, neighbours)) as run:
            trouble = run.sanity()
            if trouble:
                complain(f"nothing ran: {trouble}")
                return OWN_FAULT
            try:
                results = run.cases(cases, terminal.case)
            except KeyboardInterrupt:
                complain("interrupted; no result was written")
                return INTERRUPTED
    result = certified(run, records, results, options.prefixes, left_out, options.fast)
    options.has_run = True
    (options.out / "result.json").write_text(_json(result), encoding="utf-8")
    terminal.end(result, options.out)
    return result.exit_code


def _json(result: object) -> str:
    from conformance.result import RunResult, to_json

    assert isinstance(result, RunResult)
    return to_json(result)

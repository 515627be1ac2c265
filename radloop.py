"""The front door: `radloop`, a small command line that mounts the commands of the rooms.

A command imports its room when it is called, so that `radloop --help` stays quick and needs no optional package.

Exit codes: 0 the loop closed and every check held; 1 it did not; 2 the command line or a file it names is wrong; 3 a fault
of Radloop's own; 130 interrupted.
"""

import shutil
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emulators.core.errors import ConfigError
from emulators.trace import Level

if TYPE_CHECKING:
    from rich.console import Console

    from emulators.carriers import RunCarriers
    from emulators.core.fault import FaultPlan
    from sim.run import Ending, Run
    from sim.scenario import Scenario

app = typer.Typer(
    help="Radloop: the radiology loop, order to report, closes, or Radloop says exactly where it broke.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not print the patients it was handling
    rich_markup_mode="rich",
)

LOOP_CLOSED, LOOP_BROKEN, WRONG_USE, OWN_FAULT, INTERRUPTED = 0, 1, 2, 3, 130

UNFINISHED = "unfinished-run"
"""A file in the folder of the images while the run goes on."""

INTERRUPTED_AT = "interrupted at hour"

ROOMS = ("datasets", "emulators", "reports", "sim")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"radloop {version('radloop')}")
        raise typer.Exit


@app.callback()
def front_door(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    """Options that stand before the command."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What was chosen on the command line of `radloop run`."""

    scenario: str
    seed: int
    wire: bool
    codecs: bool
    trace: Level
    faults: str
    keep: bool
    pace: float

    def shown(self) -> dict[str, Any]:
        """As they stand in summary.json; where the output goes is not an option of the run."""
        return {
            "carried": "wire" if self.wire else "memory",
            "codecs": self.codecs,
            "trace": self.trace.value,
            "faults": self.faults or "none",
        }

    def command(self) -> str:
        """How to run it again."""
        words = ["radloop", "run", self.scenario, "--seed", str(self.seed), "--wire" if self.wire else "--memory"]
        words += ["--codecs"] if self.codecs else []
        words += ["--faults", self.faults] if self.faults else []
        words += ["--pace", f"{self.pace:g}"] if self.pace else []
        words += ["--trace", self.trace.value] if self.trace is not Level.EXCHANGES else []
        return " ".join(words)


@app.command(no_args_is_help=True)
def run(
    scenario: Annotated[
        str, typer.Argument(help="A scenario that comes with Radloop ([bold]clinic[/]), or the path of a .toml file.")
    ],
    seed: Annotated[int, typer.Option(help="Same seed, same run.", min=0, max=2**63 - 1)] = 1,
    wire: Annotated[
        bool,
        typer.Option("--wire/--memory", help="Real DICOM and MLLP on this machine, or messages in memory in virtual time."),
    ] = False,
    codecs: Annotated[bool, typer.Option("--codecs", help="With --memory: encode and decode every message.")] = False,
    trace: Annotated[Level, typer.Option(help="How much goes into trace.jsonl.")] = Level.EXCHANGES,
    faults: Annotated[
        str, typer.Option(help="A fault plan that comes with Radloop (half_the_acknowledgements), or the path of a .toml file.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder for trace, summary and report.  [dim]\\[default: out/SCENARIO-SEED][/]")
    ] = None,
    pace: Annotated[
        float, typer.Option(help="To watch: so many seconds of the model in one of the wall; 0 is as fast as it goes.", min=0)
    ] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="With --wire: keep the images at the end.")] = False,
) -> None:
    """Run a scenario from the first arrival until every order is closed, and say whether the loop closed.

    Writes trace.jsonl, summary.json and report.html. Exit code 0: the loop closed; 1: it did not; 2: wrong use; 3: our own
    fault.
    """
    options = RunOptions(scenario, seed, wire, codecs, trace, faults, keep, pace)
    raise typer.Exit(_guarded(options, out))


def _guarded(options: RunOptions, out: Path | None) -> int:
    """The exit code of a run, also when something goes wrong that is not the loop."""
    try:
        return _run(options, out)
    except ConfigError as error:
        _complain(str(error))
        return WRONG_USE
    except OSError as error:
        _complain(f"{error.filename or 'system'}: {error.strerror}")
        return OWN_FAULT
    except Exception as error:
        traceback.print_exc()
        _complain(f"a fault of Radloop's own: {error}")
        return OWN_FAULT


def _run(options: RunOptions, out: Path | None) -> int:
    """Carry out `radloop run`; the exit code."""
    from rich.console import Console

    from emulators.clock import Clock, PacedClock
    from emulators.core.fault import FaultPlan
    from emulators.trace import TraceFile
    from reports.summary import Findings
    from sim import faults, scenario
    from sim.run import Run

    _check_rooms()
    if options.codecs and options.wire:
        raise ConfigError("--codecs goes with --memory; over the wire every message is encoded anyway")
    name, settings = scenario.find(options.scenario)
    plan = FaultPlan(options.seed)
    if options.faults:
        chosen = faults.find(options.faults)
        chosen.check(settings.site, options.faults)
        plan = chosen.plan(options.seed)
    folder = out or Path("out") / f"{name}-{options.seed}"
    _make_room(folder)
    console = Console(highlight=False)
    console.print(f"[bold]radloop {version('radloop')}[/]  seed {options.seed}  {options.command()}")
    console.print(settings.title)
    findings = Findings(settings.site.epoch)
    with _carriers(options, settings, plan, folder / "archive") as carriers, _trace_file(options, folder, TraceFile) as files:
        subscribers = (*findings.folds, *files)
        clock = PacedClock(options.pace) if options.pace else Clock()
        model = Run(settings, options.seed, plan, carriers, carriers.import_prior, options.trace, subscribers, clock)
        if options.wire:
            console.print(f"images: about {_megabytes(2 * model.expected_bytes)} in {folder / 'archive'} while it runs")
        ending, why_not = _carry_out(model, console)
    return _conclude(options, name, settings, findings, ending, why_not, folder, console)


def _make_room(folder: Path) -> None:
    """Make the folder, and remove what an earlier run wrote there, so that the files of two runs never lie side by side."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("trace.jsonl", "summary.json", "report.html"):
            (folder / name).unlink(missing_ok=True)
        if (folder / "archive" / UNFINISHED).exists():  # a run that was killed could not remove its images
            shutil.rmtree(folder / "archive")
    except OSError as error:
        raise ConfigError(f"--out {folder}: {error.strerror}") from None


@contextmanager
def _carriers(options: RunOptions, settings: "Scenario", plan: "FaultPlan", images: Path) -> "Iterator[RunCarriers]":
    """Memory, codecs or sockets; closed at the end, and the images removed unless they are to be kept."""
    from emulators.carriers import CodecCarriers, MemoryCarriers, SocketCarriers
    from sim.run import scanned_images

    make = scanned_images(settings, options.seed).instances
    if not options.wire:
        yield CodecCarriers(settings.site, make) if options.codecs else MemoryCarriers()
        return
    if images.exists():
        raise ConfigError(f"{images}: holds images of another run; remove it, or choose another --out")
    images.mkdir()
    (images / UNFINISHED).touch()
    carriers = SocketCarriers(settings.site, make, images, plan)
    try:
        yield carriers
    finally:
        try:
            carriers.close()
        finally:
            if options.keep:
                (images / UNFINISHED).unlink()
            else:
                shutil.rmtree(images)


@contextmanager
def _trace_file(options: RunOptions, folder: Path, trace_file: Any) -> Iterator[tuple[Any, ...]]:
    if options.trace is Level.NONE:
        yield ()
        return
    with trace_file(folder / "trace.jsonl") as file:
        yield (file,)


def _carry_out(model: "Run", console: "Console") -> "tuple[Ending, str]":
    """The ending, and why the run did not finish, empty if it did."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from emulators.core.instant import HOUR

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("orders closed"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task("hour 0.0", total=None)

        def advance(now: int, closed: int, orders: int) -> None:
            progress.update(task, description=f"hour {now / HOUR:.1f}", completed=closed, total=orders)

        try:
            ending = model.carry_out(advance)
        except KeyboardInterrupt:
            return model.so_far, f"{INTERRUPTED_AT} {model.so_far.ended_at / HOUR:.1f}"
        progress.update(task, completed=ending.orders - len(ending.open_orders), total=ending.orders)
    if ending.finished:
        return ending, ""
    waiting = f"{len(ending.open_orders)} of {ending.orders} orders open" if ending.open_orders else "messages still in flight"
    return ending, f"{waiting} at the drain limit, hour {ending.ended_at / HOUR:.1f}"


def _conclude(
    options: RunOptions,
    name: str,
    settings: "Scenario",
    findings: Any,
    ending: "Ending",
    why_not: str,
    folder: Path,
    console: "Console",
) -> int:
    """Write summary and report, show the stages, and give the exit code."""
    from reports import summary as summaries
    from reports.render import render_html
    from reports.terminal import show

    details = summaries.Run(
        seed=options.seed,
        scenario=name,
        epoch=settings.site.epoch,
        options=options.shown(),
        command=options.command(),
        virtual_us=ending.ended_at,
        why_not=why_not,
    )
    summary = summaries.summarise(details, findings)
    summaries.write(summary, folder / "summary.json")
    (folder / "report.html").write_text(render_html(summary), encoding="utf-8")
    show(console, summary)
    written = ("summary.json", "report.html", *(("trace.jsonl",) if options.trace is not Level.NONE else ()))
    console.print(f"facts  {summary['facts']['sha256']}")
    console.print(f"in {folder}: {', '.join(written)}")
    if options.wire:
        archive = folder / "archive"
        console.print(
            f"images kept in {archive}: {_disk_usage(archive)}" if options.keep else "images removed; --keep keeps them"
        )
    if why_not.startswith(INTERRUPTED_AT):
        return INTERRUPTED
    return LOOP_CLOSED if summaries.is_good(summary) else LOOP_BROKEN


def _disk_usage(folder: Path) -> str:
    return _megabytes(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _complain(message: str) -> None:
    typer.echo(f"radloop: {message}", err=True)


def _check_rooms() -> None:
    """The rooms are top-level packages with common names: make sure that they are ours."""
    home = Path(__file__).resolve().parent
    for room in ROOMS:
        spec = find_spec(room)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent.parent != home:
            raise ConfigError(f"the package {room} is not Radloop's own; give Radloop an environment of its own")


def main() -> None:
    """Run the command line; the console script `radloop` starts here."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like interrupted: with a summary, and cleaned up
    app()


if __name__ == "__main__":
    main()

"""`radloop run`: a scenario from the first arrival until every order is closed."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.ending import INTERRUPTED, LOOP_BROKEN, LOOP_CLOSED, complain, guarded
from emulators.core.errors import ConfigError, RemoteProtocolError
from emulators.trace import Level

if TYPE_CHECKING:
    from rich.console import Console

    from emulators.carriers import RunCarriers
    from emulators.core.fault import FaultPlan
    from emulators.sut.house import SutHouse
    from emulators.sut.target import Sut
    from sim.own_data import OwnData
    from sim.run import Ending, Run
    from sim.scenario import Scenario

UNFINISHED = "unfinished-run"
"""A file in the folder of the images while the run goes on."""

INTERRUPTED_AT = "interrupted at hour"


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
    sut: str
    images: str
    adt_feed: str

    def shown(self) -> dict[str, Any]:
        """As they stand in summary.json; where the output goes is not an option of the run."""
        return {
            "carried": "wire" if self.wire else "memory",
            "product": self.sut,
            "codecs": self.codecs,
            "trace": self.trace.value,
            "faults": self.faults or "none",
            "images": self.images or "synthetic",
            "patients": self.adt_feed or "synthetic",
        }

    def command(self) -> str:
        """How to run it again."""
        words = ["radloop", "run", self.scenario, "--seed", str(self.seed)]
        words += [] if self.sut else ["--wire" if self.wire else "--memory"]
        words += ["--sut", self.sut] if self.sut else []
        words += ["--codecs"] if self.codecs else []
        words += ["--faults", self.faults] if self.faults else []
        words += ["--images", self.images] if self.images else []
        words += ["--adt-feed", self.adt_feed] if self.adt_feed else []
        words += ["--pace", f"{self.pace:g}"] if self.pace else []
        words += ["--trace", self.trace.value] if self.trace is not Level.EXCHANGES else []
        return shlex.join(words)


def _print_target(wanted: bool) -> None:
    if wanted:
        typer.echo(files("commands").joinpath("example_target.toml").read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


def run(
    scenario: Annotated[
        str,
        typer.Argument(help="[bold]clinic[/], [bold]community_hospital[/], or the path of a .toml file."),
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
    images: Annotated[
        str, typer.Option(metavar="DIR", help="A folder of your own DICOM files: their pixels, under the identity of the run.")
    ] = "",
    adt_feed: Annotated[
        str, typer.Option(metavar="FILE", help="A file of your own HL7 ADT messages: its people are the patients.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder for trace, summary and report.  [dim]\\[default: out/SCENARIO-SEED][/]")
    ] = None,
    pace: Annotated[
        float, typer.Option(help="To watch: so many seconds of the model in one of the wall; 0 is as fast as it goes.", min=0)
    ] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="With --wire: keep the images at the end.")] = False,
    sut: Annotated[
        str,
        typer.Option("--sut", metavar="ROLE=FILE", help="Put a product in the place of one system: [bold]pacs=target.toml[/]."),
    ] = "",
    print_peers: Annotated[
        bool, typer.Option("--print-peers", help="With --sut: print what must be configured in the product, and leave.")
    ] = False,
    print_target: Annotated[
        bool, typer.Option("--print-target", callback=_print_target, is_eager=True, help="Print a target file, and leave.")
    ] = False,
) -> None:
    """Run a scenario from the first arrival until every order is closed, and say whether the loop closed.

    Writes trace.jsonl, summary.json and report.html. Exit code 0: the loop closed; 1: it did not; 2: wrong use; 3: our own
    fault.
    """
    options = RunOptions(scenario, seed, wire, codecs, trace, faults, keep, pace, sut, images, adt_feed)
    raise typer.Exit(guarded(lambda: _print_peers(options) if print_peers else _run(options, out)))


def _run(options: RunOptions, out: Path | None) -> int:
    """Carry out `radloop run`; the exit code."""
    from rich.console import Console

    from emulators.clock import Clock, PacedClock
    from emulators.core.fault import FaultPlan
    from emulators.sut.target import load_sut
    from emulators.trace import TraceFile
    from reports.summary import Findings
    from sim import faults, scenario
    from sim.own_data import own_data
    from sim.run import Run

    _check(options)
    sut = load_sut(options.sut) if options.sut else None  # nothing of an earlier run goes for a wrong target
    name, settings = scenario.find(options.scenario)
    own = own_data(options.images, options.adt_feed, options.seed)
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
    if sut is not None:
        try:
            return _run_with_product(options, sut, name, settings, own, folder, console)
        except RemoteProtocolError as error:  # the product's doing, or it is not there
            complain(str(error))
            return LOOP_BROKEN
    findings = Findings(settings.site.epoch)
    with _carriers(options, settings, own, plan, folder) as carriers, _trace_file(options, folder, TraceFile) as trace:
        subscribers = (*findings.folds, *trace)
        clock = PacedClock(options.pace) if options.pace else Clock()
        model = Run(settings, options.seed, plan, carriers, carriers.import_prior, options.trace, subscribers, clock, own=own)
        _show_own_data(own, model, console)
        if options.wire:
            console.print(f"images: about {_megabytes(2 * model.expected_bytes)} in {folder / 'archive'} while it runs")
        ending, why_not = _carry_out(model, console)
    return _conclude(options, name, settings, findings, ending, why_not, folder, console)


def _check(options: RunOptions) -> None:
    """Raises ConfigError for options that do not go together."""
    if options.codecs and options.wire:
        raise ConfigError("--codecs goes with --memory; over the wire every message is encoded anyway")
    for given, name in (
        (options.wire, "--wire"),
        (options.codecs, "--codecs"),
        (options.faults, "--faults"),
        (options.pace, "--pace"),
    ):
        if options.sut and given:
            raise ConfigError(
                f"{name} does not go with --sut: the product's links are real, the others are memory, time is the wall's"
            )


def _print_peers(options: RunOptions) -> int:
    """Carry out `radloop run ... --sut ... --print-peers`; the exit code."""
    from rich.console import Console

    from emulators.sut.house import sut_house
    from emulators.sut.target import load_sut
    from sim import scenario
    from sim.run import scanned_images

    if not options.sut:
        raise ConfigError("--print-peers goes with --sut")
    _, settings = scenario.find(options.scenario)
    images = scanned_images(settings, options.seed).instances
    with TemporaryDirectory() as folder, sut_house(settings.site, images, Path(folder), load_sut(options.sut)) as house:
        _show_peers(Console(highlight=False), house)
    return LOOP_CLOSED


def _show_peers(console: "Console", house: "SutHouse") -> None:
    """Who calls the product, whom it calls, and what of the house is left out."""
    from rich.table import Table

    target = house.sut.target
    console.print(f"[bold]{target.product}[/] in the place of {house.sut.role_name}. It must know:")
    table = Table(box=None, pad_edge=False)
    for heading in ("system", "protocol", "title", "listens at", "calls it for", "is called for"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("system", "listens at"))
    for peer in house.peers():
        address = f"{peer.address[0]}:{peer.address[1]}" if peer.address else "-"
        calls, called = ", ".join(peer.calls_with) or "-", ", ".join(peer.is_called_with) or "-"
        table.add_row(peer.system, peer.protocol, peer.title, address, calls, called)
    console.print(table)
    left_out = [f"{route.sender} to {route.receiver} ({route.lane})" for route in sorted(house.left_out)]
    if left_out:
        console.print(f"left out, as it does not claim them: {', '.join(left_out)}")


def _run_with_product(
    options: RunOptions, sut: "Sut", name: str, settings: "Scenario", own: "OwnData", folder: Path, console: "Console"
) -> int:
    """A run in which one system is a product; the exit code."""
    from emulators.core.fault import FaultPlan
    from emulators.sut.house import sut_house
    from emulators.trace import TraceFile
    from reports.summary import Findings
    from sim.run import Run, scanned_images

    images = scanned_images(settings, options.seed, own).instances
    archive = folder / "archive"
    with (
        _image_folder(archive, options.keep),
        sut_house(settings.site, images, archive, sut) as house,
        _trace_file(options, folder, TraceFile) as trace,
    ):
        _show_peers(console, house)
        house.check()
        findings = Findings(settings.site.epoch, products=house.products)
        subscribers = (*findings.folds, house.expectations, *trace)
        model = Run(
            settings,
            options.seed,
            FaultPlan(options.seed),
            house.carriers,
            house.carriers.import_prior,
            options.trace,
            subscribers,
            house.clock,
            house.products,
            house.left_out,
            house.carriers.worklist,
            own,
        )
        _show_own_data(own, model, console)
        ending, why_not = _carry_out(model, console)
        audit = house.audit()
    code = _conclude(options, name, settings, findings, ending, why_not, folder, console)
    if audit is None:
        return code
    console.print(f"{sut.target.product} holds {audit.held} of {audit.acquired} instances that were acquired")
    for word, uids in (("missing", audit.missing), ("not of this run", audit.surplus)):
        if uids:
            console.print(f"[red]{word}[/]: {len(uids)}, such as {', '.join(uids[:3])}")
    return code if audit.agrees else LOOP_BROKEN


def _show_own_data(own: "OwnData", model: "Run", console: "Console") -> None:
    for line in own.lines(model.visits):
        console.print(line, markup=False)


def _make_room(folder: Path) -> None:
    """Make the folder, and remove what an earlier run wrote there, so that the files of two runs never lie side by side."""
    images = folder / "archive"
    if images.exists() and not (images / UNFINISHED).exists():
        raise ConfigError(f"{images}: holds images of another run; remove it, or choose another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("trace.jsonl", "summary.json", "report.html"):
            (folder / name).unlink(missing_ok=True)
        if images.exists():  # a run that was killed could not remove its images
            shutil.rmtree(images)
    except OSError as error:
        raise ConfigError(f"--out {folder}: {error.strerror}") from None


@contextmanager
def _carriers(
    options: RunOptions, settings: "Scenario", own: "OwnData", plan: "FaultPlan", folder: Path
) -> "Iterator[RunCarriers]":
    """Memory, codecs or sockets; closed at the end, and the images removed unless they are to be kept."""
    from emulators.carriers import CodecCarriers, MemoryCarriers, SocketCarriers
    from sim.run import scanned_images

    make = scanned_images(settings, options.seed, own).instances
    images = folder / "archive"
    if not options.wire:
        yield CodecCarriers(settings.site, make) if options.codecs else MemoryCarriers()
        return
    with _image_folder(images, options.keep), closing(SocketCarriers(settings.site, make, images, plan)) as carriers:
        yield carriers


@contextmanager
def _image_folder(images: Path, keep: bool) -> Iterator[None]:
    """A folder of its own for images, removed at the end unless it is to be kept."""
    images.mkdir()
    (images / UNFINISHED).touch()
    try:
        yield
    finally:
        if keep:
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

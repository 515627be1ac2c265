"""`radloop certify`: a verdict per requirement for a product, or for one of our emulators."""

import shutil
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from commands.certify.init import init
from commands.certify.look import diff, show
from commands.certify.proof import keygen, verify
from commands.ending import LOOP_CLOSED, OWN_FAULT, complain, guarded
from emulators.core.errors import ConfigError


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

    The common way, from nothing to a signed certificate:

        radloop certify init --host 127.0.0.1 --port 4242 > target.toml
        radloop certify keygen --out my.key
        radloop certify --role pacs --target target.toml --sign my.key
        radloop certify show dicom.store.sop.1
        radloop certify verify out/certify --key my.key.pub

    Some of the cases, our own emulator, what there is:

        radloop certify dicom.store hl7.adt --role pacs --target emulator
        radloop certify --list --status

    Without a command, what follows goes to [bold]run[/]: see radloop certify run --help.
    """,
)


def _print_example(wanted: bool) -> None:
    if wanted:
        typer.echo(files("commands.certify").joinpath("example_target.toml").read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


@certify.command("run")
def certify_run(
    prefixes: Annotated[
        list[str] | None, typer.Argument(metavar="PREFIX", help="Ids or beginnings of ids: dicom.mwl, hl7.adt.merge.1")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="Which role is judged: [bold]pacs ris modality ehr reporting engine[/]; the only one if left out."),
    ] = None,
    target: Annotated[str, typer.Option(help="The target file, or [bold]emulator[/]: one of our own.")] = "target.toml",
    out: Annotated[Path, typer.Option(help="Where result.json, the evidence and the reports go.")] = Path("out/certify"),
    sign: Annotated[Path | None, typer.Option(metavar="KEY", help="Sign them with this private key: see keygen.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Identifiers derive from it; the same again needs a product that was reset.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="What should be counts as what must be.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Leave out cases that wait for long timers.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run in --out: run what has no verdict yet.")
    ] = False,
    unattended: Annotated[bool, typer.Option("--unattended", help="Nobody is there to answer prompts.")] = False,
    list_them: Annotated[bool, typer.Option("--list", help="Print the cases, one a line, and leave.")] = False,
    status: Annotated[bool, typer.Option("--status", help="With --list: built or planned.")] = False,
    example: Annotated[
        bool, typer.Option("--example", callback=_print_example, is_eager=True, help="Print a target file, and leave.")
    ] = False,
) -> None:
    """Run cases against a product, and say what was found.

    All cases of the role, or those below the ids that are given:

        radloop certify --role pacs --target target.toml
        radloop certify dicom.store hl7.adt.merge.1 --role pacs --target emulator
        radloop certify --list --status --role ris

    Into --out go result.json, records.jsonl (every byte that was exchanged),
    report.html, certificate.pdf and junit.xml; with --sign also their manifest
    and its signature. Ctrl-C writes what there is, as unfinished.

    Exit code 0: passed, where warnings and waivers count as passed and are
    shown; 1: a failure; 2: something could not be observed; 3: nothing ran,
    a fault of Radloop's own, or the target file is wrong; 130: interrupted.
    """
    if list_them:
        raise typer.Exit(guarded(lambda: _list(prefixes or [], role, status)))

    def carry_out_run() -> int:
        _check_libraries()
        from commands.certify.run import Options, carry_out

        attended = not unattended and sys.stdin.isatty()
        options = Options(tuple(prefixes or ()), role, target, out, seed, strict, fast, resume, sign, attended)
        try:
            return carry_out(options)
        except ConfigError as error:
            complain(str(error))
            return OWN_FAULT  # nothing ran; 2 says that something could not be observed

    raise typer.Exit(guarded(carry_out_run))


def _check_libraries() -> None:
    """Raises ConfigError where the extra packages of the tester are not installed."""
    for name in ("pynetdicom", "hl7apy", "fpdf", "cryptography"):
        if find_spec(name) is None:
            raise ConfigError(f'{name} is not installed; to certify, install Radloop as ".[conformance]"')


def _list(prefixes: list[str], role: str | None, with_status: bool) -> int:
    from commands.certify.run import role_named
    from conformance.catalogue import all_cases
    from conformance.report.listing import listed, summary
    from conformance.selector import select

    chosen = select(all_cases(), prefixes, role_named(role) if role else None)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in listed(chosen, with_status, role is None, width):
        typer.echo(line)
    typer.echo(summary(chosen), err=True)
    return LOOP_CLOSED


certify.command()(init)
certify.command()(show)
certify.command()(diff)
certify.command()(keygen)
certify.command()(verify)

"""The front door: `radloop`, a small command line that mounts the commands (commands/).

A command imports its rooms when it is called, so that `radloop --help` stays quick and needs no optional package. The exit
codes are in commands/ending.py.
"""

import signal
from importlib.metadata import version
from typing import Annotated

import typer

from commands.certify.app import certify
from commands.doctor import doctor
from commands.run import run
from commands.serve import serve
from commands.stimulate import stimulate

app = typer.Typer(
    help="Radloop: the radiology loop, order to report, closes, or Radloop says exactly where it broke.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not print the patients it was handling
    rich_markup_mode="rich",
)
app.command(no_args_is_help=True)(run)
app.command(no_args_is_help=True)(serve)
app.command(no_args_is_help=True)(stimulate)
app.command(no_args_is_help=True)(doctor)
app.add_typer(certify, name="certify")


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


def main() -> None:
    """Run the command line; the console script `radloop` starts here."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like interrupted: with a summary, and cleaned up
    app()


if __name__ == "__main__":
    main()

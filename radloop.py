"""The front door: `radloop`, a small command line that mounts the commands of the rooms.

A command imports its room when it is called, so that `radloop --help` stays quick and needs no optional package.
"""

from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    help="Radloop: the radiology loop, order to report, closes, or Radloop says exactly where it broke.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not print the patients it was handling
)


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
    app()


if __name__ == "__main__":
    main()

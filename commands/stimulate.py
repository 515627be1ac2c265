"""`radloop stimulate`: give a served system what the world would give it, and see what it notes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.ending import LOOP_BROKEN, LOOP_CLOSED, OWN_FAULT, WRONG_USE, complain, guarded
from emulators.core.errors import ConfigError, LocalProtocolError

if TYPE_CHECKING:
    from emulators.endpoints import ServedSite


def stimulate(
    system: Annotated[str, typer.Argument(help="The served system, by its name in the site file.")],
    name: Annotated[str, typer.Argument(help="What happens to it, such as [bold]register[/]; --list says what can.")] = "",
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Its data: subject=V1 patient.name.family=Doe")
    ] = None,
    config: Annotated[Path, typer.Option(help="The site file that it is served from.")] = Path("site.toml"),
    data: Annotated[Path | None, typer.Option("--json", help="Its data as a JSON file; - is standard input.")] = None,
    wait: Annotated[
        float | None,
        typer.Option(min=0, help="Print what it notes in so many seconds.  [dim]\\[default: 2, or 30 with --until][/]"),
    ] = None,
    until: Annotated[str, typer.Option(help="Wait for this note, and no longer; exit code 1 if it does not come.")] = "",
    list_them: Annotated[bool, typer.Option("--list", help="What can happen to the system, and with which keys.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print data for NAME, ready for --json.")] = False,
    status: Annotated[bool, typer.Option("--status", help="What the system has open: messages under way, queues.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Its control port, if not that of the site file.")] = None,
) -> None:
    """Touch a served system as people would: register a patient, place an order, scan, sign.

    Say what happens to it, with its data as words, or as a JSON file:

        radloop stimulate ehr --list
        radloop stimulate ehr register --example > register.json
        radloop stimulate ehr register --json register.json patient.name.family=Roe
        radloop stimulate pacs --status

    What the system notes is printed, one JSON object a line.

    Exit code 0: it was taken; 1: the note of --until did not come; 2: it
    was refused, or the site file is wrong; 3: the system does not answer.
    """

    def carry_out() -> int:
        from commands.stimuli import data_for, example_of, listing
        from emulators.endpoints import load_site, require_system

        settings = load_site(config)
        require_system(settings, system, str(config))
        if list_them:
            typer.echo(listing(settings, system))
            return LOOP_CLOSED
        if not name and not status:
            raise ConfigError(f"what is to happen to {system}? --list says what can")
        if example:
            typer.echo(json.dumps(example_of(settings, system, name), indent=2, ensure_ascii=False))
            return LOOP_CLOSED
        wait_s = wait if wait is not None else 30.0 if until else 2.0
        given = {} if status else data_for(settings, system, name, _read(data), pairs or [])
        address = "127.0.0.1", port or _control_port(settings, system, config)
        try:
            return _print_status(address) if status else _give(address, name, given, wait_s, until)
        except LocalProtocolError as error:
            raise ConfigError(f"{name}: {error}") from None
        except OSError as error:
            complain(f"{system} does not answer at {address[0]}:{address[1]}: {error.strerror or error}")
            return OWN_FAULT

    raise typer.Exit(guarded(carry_out))


def _control_port(settings: "ServedSite", system: str, config: Path) -> int:
    port = settings.endpoints[system].control_port
    if not port:
        raise ConfigError(f"{config}: endpoints.{system}.control_port: missing, or 0")
    return port


def _read(data: Path | None) -> dict[str, Any]:
    if data is None:
        return {}
    try:
        text = typer.get_text_stream("stdin").read() if str(data) == "-" else data.read_text(encoding="utf-8")
        content = json.loads(text)
    except OSError as error:
        raise ConfigError(f"{data}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{data}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{data}: not a JSON object")
    return content


def _print_status(address: tuple[str, int]) -> int:
    from emulators.control import ControlClient

    with ControlClient(address) as client:
        typer.echo(json.dumps(client.status(), indent=2))
    return LOOP_CLOSED


def _give(address: tuple[str, int], name: str, data: Mapping[str, Any], wait_s: float, until: str) -> int:
    """Give the stimulus and print the notes that follow."""
    from emulators.control import ControlClient

    with ControlClient(address) as client:
        refusal = client.stimulate(name, data)
        if refusal:
            complain(refusal)
            return WRONG_USE
        for note in client.notes(wait_s):
            typer.echo(json.dumps(note, ensure_ascii=False))
            if note["note"] == until:
                return LOOP_CLOSED
    return LOOP_BROKEN if until else LOOP_CLOSED

"""`radloop doctor`: every connection of a site tried, and what is wrong with it in words."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.ending import LOOP_BROKEN, LOOP_CLOSED, guarded

if TYPE_CHECKING:
    from emulators.doctor.finding import Connection, Finding


def doctor(
    config: Annotated[Path, typer.Option(help="The site file: what systems there are, and where each listens.")],
    system: Annotated[
        str, typer.Option("--of", help="Only the connections of this system, in both directions. Left out: all.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of a table.")] = False,
) -> None:
    """Try every connection of a site, by C-ECHO or an HL7 query that changes nothing, and say in words what is wrong.

    Nothing is sent that a system would keep. What it tells apart: refused, swallowed by a firewall, a wrong AE title, a
    service or transfer syntax that the peer does not take, no acknowledgement, one for another message, a refused version,
    and the 40 ms stall of a peer that has not set TCP_NODELAY.

        radloop doctor --config site.toml

    Exit code 0: every connection is good; 1: one is not; 2: the site file is wrong.
    """
    raise typer.Exit(guarded(lambda: _doctor(config, system, as_json)))


def _doctor(config: Path, system: str, as_json: bool) -> int:
    """Carry out `radloop doctor`; the exit code."""
    from datetime import datetime

    from emulators.doctor.finding import Health
    from emulators.doctor.site import connections, examine
    from emulators.endpoints import load_site, require_system

    settings = load_site(config)
    if system:
        require_system(settings, system, str(config))
    found: list[tuple[Connection, Finding]] = []
    for connection in connections(settings):
        if system in ("", connection.sender, connection.receiver):
            finding = examine(settings, connection, datetime.now())
            found.append((connection, finding))
            if as_json:
                typer.echo(json.dumps(_as_json(connection, finding)))
    if not as_json:
        _print(found)
    return LOOP_CLOSED if all(finding.health is Health.GOOD for _, finding in found) else LOOP_BROKEN


def _as_json(connection: "Connection", finding: "Finding") -> dict[str, object]:
    return {
        "from": connection.sender,
        "to": connection.receiver,
        "protocol": connection.protocol,
        "host": connection.address[0],
        "port": connection.address[1],
        "lanes": connection.lanes,
        "health": finding.health.value,
        "what": finding.what,
        "advice": finding.advice,
    }


def _print(found: "list[tuple[Connection, Finding]]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from emulators.doctor.finding import Health

    styles = {Health.GOOD: "green", Health.SLOW: "yellow", Health.BROKEN: "red"}
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("from", "to", "protocol", "address", "for", "finding"):
        table.add_column(heading, overflow="fold", no_wrap=heading not in ("for",))
    for connection, finding in found:
        address = f"{connection.address[0]}:{connection.address[1]}"
        what = f"[{styles[finding.health]}]{escape(finding.what)}[/]"
        lanes = ", ".join(connection.lanes)
        table.add_row(connection.sender, connection.receiver, connection.protocol, address, lanes, what)
    console.print(table)
    said: dict[tuple[str, str, str], list[str]] = {}
    for connection, finding in found:
        if finding.advice:
            said.setdefault((connection.receiver, connection.protocol, finding.advice), []).append(connection.sender)
    for (receiver, protocol, advice), senders in said.items():
        console.print(f"\n[bold]{', '.join(senders)} to {receiver}[/], {protocol}: {escape(advice)}")
    good = sum(finding.health is Health.GOOD for _, finding in found)
    console.print(f"\n{good} of {len(found)} connections are good.")

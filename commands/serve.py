"""`radloop serve`: one system of a site on its own, until it is stopped."""

import json
import logging
import os
import signal
import socket
import threading
from contextlib import closing
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.ending import INTERRUPTED, LOOP_CLOSED, OWN_FAULT, complain, guarded
from emulators.core.errors import ConfigError

if TYPE_CHECKING:
    from emulators.endpoints import ServedSite
    from emulators.serving.service import Service


def _print_example(wanted: bool) -> None:
    if wanted:
        typer.echo(files("commands").joinpath("example_site.toml").read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


def serve(
    system: Annotated[
        str,
        typer.Argument(help="Which one: [bold]ehr engine ris pacs workstation teleradiology[/], or a scanner by its name."),
    ],
    config: Annotated[Path, typer.Option(help="The site file: what systems there are, and where each listens.")],
    discard_state: Annotated[
        bool, typer.Option("--discard-state", help="Forget what the system knew, and begin anew. Its images are removed, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say where it listens as one JSON object.")] = False,
    example: Annotated[
        bool, typer.Option("--example", callback=_print_example, is_eager=True, help="Print a site file, and leave.")
    ] = False,
) -> None:
    """Serve one system of a hospital on real DICOM and HL7 ports, until it is stopped.

    It answers whoever calls: a product, a command line tool, or the other
    systems of the site, served in the same way. One site file describes
    the whole hospital: a process for each of its systems makes one.

        radloop serve --example > site.toml
        radloop serve ris --config site.toml

    What it is told is on disk before it answers. Stop it with Ctrl-C or
    SIGTERM, or kill it: started again, it knows what it knew. Do with it
    what people would do by [bold]radloop stimulate[/], and try its
    connections by [bold]radloop doctor[/].

    Exit code 0: it was stopped; 2: the site file or the state is not
    right; 3: a fault of the machine, or our own.
    """
    raise typer.Exit(guarded(lambda: _serve(system, config, discard_state, as_json)))


def _serve(system: str, config: Path, discard_state: bool, as_json: bool) -> int:
    """Carry out `radloop serve`; the exit code."""
    from emulators.endpoints import load_site, require_system, state_folder
    from emulators.serving.quirks import check_quirks
    from emulators.serving.service import discard_state as forget
    from emulators.store.journal import JournalFailure

    settings = load_site(config)
    require_system(settings, system, str(config))
    check_quirks(settings.endpoints[system].quirks, f"{config}: endpoints.{system}.quirks")  # before there is any state
    folder = state_folder(config, settings, system)
    if discard_state:
        forget(folder)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    stopper = _Stopper()
    with closing(_service(config, settings, system, folder)) as service:
        stopper.service = service
        _announce(service, folder, as_json)
        try:
            service.run()
        except JournalFailure as error:
            complain(f"{system} has stopped, as what it does could not be kept: {error}")
            return OWN_FAULT
    return LOOP_CLOSED


class _Stopper:
    """Stops the service at SIGTERM or SIGINT; a second one, or one that comes before it serves, ends the process at once.

    A signal may be taken by any thread, also by one that is not Python's, and wakes no other: so it comes through a socket
    to a thread that waits for it, and not to a handler, which the main thread would run when it wakes.
    """

    def __init__(self) -> None:
        self.service: Service | None = None
        self._signals, self._wakeup = socket.socketpair()
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        threading.Thread(target=self._wait, name="radloop-signals", daemon=True).start()

    def _wait(self) -> None:
        self._signals.recv(1)
        if self.service is None:
            os._exit(LOOP_CLOSED)
        self.service.stop()
        self._signals.recv(1)
        os._exit(INTERRUPTED)


def _service(config: Path, settings: "ServedSite", system: str, folder: Path) -> "Service":
    from datasets.procedures import PROCEDURES
    from emulators.serving.service import Service
    from emulators.site_settings import RIS
    from emulators.store.journal import UnusableJournal
    from emulators.worklist_files import read_worklist_folder
    from sim.images import ScannedImages
    from sim.world.people import protocol_code

    site = settings.site
    images = ScannedImages(settings.images.seed, settings.images.scale, site.institution, site.character_sets)
    protocols = {procedure.code: (protocol_code(procedure),) for procedure in PROCEDURES}
    try:
        preloaded = (
            read_worklist_folder(config.parent / settings.worklist.folder) if settings.worklist and system == RIS else []
        )
    except ConfigError as error:
        raise ConfigError(f"{config}: worklist.folder: {error}") from None
    try:
        return Service(
            settings, system, folder, images, protocols, preloaded, lambda: datetime.now(site.zone).replace(tzinfo=None)
        )
    except UnusableJournal as error:
        raise ConfigError(f"{error}; --discard-state begins anew") from None


def _announce(service: "Service", folder: Path, as_json: bool) -> None:
    """Where it listens, in one line; from then on it serves."""
    if service.torn_bytes:
        logging.getLogger("radloop").warning("%s: the last line was cut short by a kill, and was removed", folder)
    if as_json:
        addresses = {
            one.protocol: {"host": one.address[0], "port": one.address[1], **({"called": one.called} if one.called else {})}
            for one in service.listening
        }
        typer.echo(json.dumps({"serving": service.system, **addresses, "state": str(folder), "events": service.events}))
        return
    typer.echo(f"{service.system} knows of {service.events} events ({folder})")
    listening = (f"{one.protocol} {one.address[0]}:{one.address[1]} {one.called}".rstrip() for one in service.listening)
    typer.echo(f"serving {service.system}: {', '.join(listening)}")

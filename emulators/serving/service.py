"""A served system: its actor on a kernel of its own, on the clock of the wall, between its peers' endpoints and its journal.

A start goes through::

    open the journal --events replayed--> state of before --listening--> ready --run: open work resumed--> serving

Resumed: timers are set again, what the archive has and the journal lacks is told, open tickets are withdrawn, and every open
Send gets ``unknown``, so that the outbox tries again. The instants go on where the wall is now.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import simpy

from emulators.actors.application_acknowledgements import AwaitedApplications
from emulators.actors.modality import ImageSpecification
from emulators.actors.worklist import Worklist
from emulators.carriers import SERVED, SERVED_BY_SCANNERS, WITH_ARCHIVE, duplicates_at
from emulators.clock import PacedClock
from emulators.control import ControlServer, NoteHub
from emulators.core.effect import SetTimer
from emulators.core.errors import ConfigError
from emulators.core.event import Event, Outcome, OutcomeKind, Withdrawn
from emulators.core.fault import FaultPlan
from emulators.core.instant import Instant, WallClock
from emulators.endpoints import ServedSite
from emulators.kernel import Kernel
from emulators.messages.attributes import Attributes
from emulators.messages.common import Code
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.ports.arrivals import Arrivals
from emulators.ports.dicom_server import DicomServer
from emulators.ports.mllp import MllpServer
from emulators.ports.sockets import LOOPBACK, Address, Origins, allow_many_connections, named_address
from emulators.serving.alerts import Alerts
from emulators.serving.code import code_digest, settings_digest
from emulators.serving.faults import described
from emulators.serving.host import Host
from emulators.serving.outgoing import EndpointCarriers, acknowledgement_routes, endpoint_codec
from emulators.serving.quirks import with_quirks
from emulators.serving.told_archive import ToldArchive
from emulators.site import actors, build, lane, routes
from emulators.site_settings import ENGINE, HL7_SYSTEMS
from emulators.store.journal import Entry, Journal, JournalFailure, Snapshot, Writer, remove
from emulators.trace import Level, Trace

log = logging.getLogger("radloop")

JOURNAL, ARCHIVE = "journal.jsonl", "archive"
"""What lies in the state folder of a system."""

_MICROSECOND = timedelta(microseconds=1)


def discard_state(folder: Path) -> None:
    """Remove what a system keeps in its state folder, and nothing else there. Raises ConfigError while it is served."""
    remove(folder / JOURNAL)
    if (folder / ARCHIVE).exists():
        shutil.rmtree(folder / ARCHIVE)


class StudySource(ImageSpecification, Protocol):
    """What a served scanner makes its images with."""

    def instances(self, store: StoreStudy) -> Any: ...


@dataclass(frozen=True, slots=True)
class Listening:
    """One address of a served system; ``called`` is its AE title, or its name in MSH-5."""

    protocol: str
    address: Address
    called: str = ""


class Service:
    """One system of a site. ``run`` serves until ``stop``; close it: it owns journal, archive, listeners and threads.

    ``images`` makes what a scanner sends, ``protocols`` gives the steps of a procedure code, ``preloaded`` are entries of
    worklist files, ``wall_time`` is local. Raises ConfigError for what is wrong with ``settings`` or with the state in
    ``folder``, OSError for an address in use.
    """

    def __init__(
        self,
        settings: ServedSite,
        system: str,
        folder: Path,
        images: StudySource,
        protocols: Mapping[str, tuple[Code, ...]],
        preloaded: Sequence[Attributes] = (),
        wall_time: Callable[[], datetime] = datetime.now,
    ) -> None:
        allow_many_connections()
        self.system = system
        self._settings = settings
        self._wall_time = wall_time
        self._arrivals = Arrivals()
        self._clock = PacedClock(1.0, self._arrivals)
        self._stopped = False
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            bound_to = settings_digest(settings, system, preloaded)
            writer = Writer(system, version("radloop"), code_digest(), bound_to)
            self._journal = Journal(folder / JOURNAL, writer, wall_time(), settings.state.fsync)
            opened.callback(self._journal.close)
            self._site = settings.site.model_copy(update={"epoch": self._journal.epoch})
            self._archive = self._open_archive(folder / ARCHIVE, opened)
            carriers = EndpointCarriers(settings, system, self._arrivals, images.instances, self._archive)
            opened.callback(carriers.close)
            notes, trace = NoteHub(), Trace(Level.NONE)
            trace.subscribe(notes)
            trace.subscribe(Alerts())
            self._kernel = self._build(carriers, trace, images, protocols)
            self._host = self._put_host_before_actor(images, protocols, preloaded, carriers, trace)
            self._last_instant = self._replay()
            self.listening = tuple(self._listen(notes, opened))
            self._opened = opened.pop_all()

    @property
    def events(self) -> int:
        """How many events the system has been given since its first start."""
        return self._host.events

    @property
    def torn_bytes(self) -> int:
        """What a kill had left of the journal's last line; it was removed."""
        return self._journal.torn_bytes

    # --- building ------------------------------------------------------------------------------------------------------

    def _open_archive(self, folder: Path, opened: ExitStack) -> ToldArchive | None:
        if self.system not in WITH_ARCHIVE:
            return None
        archive = ToldArchive(folder, self._journal, self._settings.state.fsync, duplicates_at(self._site, self.system))
        opened.callback(archive.close)
        return archive

    def _build(
        self, carriers: EndpointCarriers, trace: Trace, images: StudySource, protocols: Mapping[str, tuple[Code, ...]]
    ) -> Kernel:
        """A kernel with the routes that begin here, and nobody on it."""
        site, elsewhere = self._site, [route for route in routes(self._site) if route.sender != self.system]
        environment, no_faults = simpy.Environment(0), FaultPlan(0)
        kernel = build(
            site, environment, carriers, no_faults, trace, images, protocols, left_out=elsewhere, products=site.systems
        )
        if self.system in HL7_SYSTEMS:
            for route in acknowledgement_routes(self._settings, self.system):
                kernel.connect(lane(route, site.links, carriers.port(route)))
        return kernel

    def _put_host_before_actor(
        self,
        images: StudySource,
        protocols: Mapping[str, tuple[Code, ...]],
        preloaded: Sequence[Attributes],
        carriers: EndpointCarriers,
        trace: Trace,
    ) -> Host:
        worklist = Worklist()
        worklist.preload(preloaded)
        system: Any = actors(self._site, images, protocols, WallClock(self._site.epoch), worklist=worklist)[self.system]()
        system.awaited = AwaitedApplications(self._awaited())
        quirks = self._settings.endpoints[self.system].quirks
        actor = with_quirks(system, quirks, f"endpoints.{self.system}.quirks")
        host = Host(self.system, actor, system, self._journal, carriers.refusal, trace)
        self._kernel.host(self.system, host, self._archive)
        return host

    def _awaited(self) -> tuple[str, ...]:
        """The systems whose application acknowledgements are waited for."""
        receivers = {route.receiver for route in routes(self._site) if route.sender == self.system}
        awaited = tuple(name for name in self._settings.awaited if name in receivers) if self.system in HL7_SYSTEMS else ()
        if awaited and self._settings.endpoints[self.system].takes_acknowledgements != "on its port":
            key = f"endpoints.{self.system}.takes_acknowledgements"
            raise ConfigError(f"{key}: a system that is served takes those of {', '.join(awaited)} on its port")
        return awaited

    def _listen(self, notes: NoteHub, opened: ExitStack) -> Iterator[Listening]:
        """Open every port of the system."""
        if self.system in self._site.ae_title_of:
            yield self._listen_for_dicom(opened)
        if self.system in HL7_SYSTEMS:
            yield self._listen_for_hl7(opened)
        port = self._settings.endpoints[self.system].control_port
        if port is not None:
            with named_address(f"endpoints.{self.system}.control_port", (LOOPBACK, port)):
                control = ControlServer(self.system, port, self._arrivals, notes)
            opened.callback(control.close)
            yield Listening("control", control.address)

    def _listen_for_dicom(self, opened: ExitStack) -> Listening:
        system, site, endpoint = self.system, self._site, self._settings.endpoints[self.system]
        systems = {title: name for name, title in site.ae_title_of.items()}
        with named_address(f"endpoints.{system}.dicom_port", endpoint.dicom):
            server = DicomServer(
                system,
                site.ae_title_of[system],
                self._arrivals,
                Origins(),
                self._archive,
                known=frozenset(systems) if endpoint.strangers == "refuse" else None,
                takes_strangers=True,
                systems=systems,
                serves=SERVED.get(system, SERVED_BY_SCANNERS),
                address=endpoint.dicom,
                commits_on_same=site.commits_on_same_association,
                limits=endpoint.limits,
            )
        opened.callback(server.close)
        return Listening("dicom", server.address, site.ae_title_of[system])

    def _listen_for_hl7(self, opened: ExitStack) -> Listening:
        system, settings, endpoint = self.system, self._settings, self._settings.endpoints[self.system]
        systems = {settings.application(name): name for name in settings.systems}
        with named_address(f"endpoints.{system}.mllp_port", endpoint.mllp):
            server = MllpServer(
                system,
                replace(endpoint_codec(settings, system, system), keeps_original=system == ENGINE),
                self._arrivals,
                Origins(),
                takes_strangers=True,
                systems=systems,
                known=frozenset(systems) if endpoint.strangers == "refuse" else None,
                address=endpoint.mllp,
                called_back=[route.receiver for route in acknowledgement_routes(settings, system)],
                stamp=lambda: self._wall_time().strftime("%Y%m%d%H%M%S"),
            )
        opened.callback(server.close)
        return Listening("mllp", server.address, settings.application(system))

    # --- what was before -----------------------------------------------------------------------------------------------

    def _replay(self) -> Instant:
        """Give the actor every event of the journal; the last instant."""
        last = 0
        for entry in self._journal.entries():
            if self._archive is not None:
                self._archive.seen(entry)
            if isinstance(entry, Entry):
                last = entry.at
                self._host.replay(entry.event, entry.at)
            elif isinstance(entry, Snapshot):
                last = entry.at
                self._host.restore(entry)
        return last

    def _resume(self) -> None:
        """Go on with the work that was open."""
        kernel, work = self._kernel, self._host.work
        wall = (self._wall_time() - self._journal.epoch) // _MICROSECOND
        kernel.environment.run(until=max(wall, self._last_instant) + 1)  # no time runs backwards, whatever the wall says
        for discard in work.discards:
            kernel.perform(self.system, discard)
        for key, at in sorted(work.timers.items(), key=lambda timer: timer[1]):
            kernel.perform(self.system, SetTimer(key, at))
        if self._archive is not None:
            for batch in self._archive.not_told():
                kernel.tell(self.system, batch)
        for ticket in tuple(work.tickets):
            self._give(Withdrawn(ticket))
        for key, (send, _) in tuple(work.sends.items()):
            rest = StoreResult(not_sent=send.message.instances) if isinstance(send.message, StoreStudy) else None
            self._give(Outcome(key, OutcomeKind.UNKNOWN, rest))

    def _give(self, event: Event) -> None:
        for effect in self._host.handle(event, self._kernel.now):
            self._kernel.perform(self.system, effect)

    # --- serving -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until ``stop``. Raises JournalFailure when the journal cannot be written, and nothing more may happen."""
        self._resume()
        never = self._kernel.environment.event()
        while not self._stopped:
            try:
                self._clock.run(self._kernel, never)
            except JournalFailure:
                raise
            except Exception as error:
                log.error("%s: a fault of Radloop's own, it goes on serving: %s", self.system, described(error))
        self._host.forget(self._kernel.now)

    def stop(self) -> None:
        """From any thread or signal handler: let ``run`` return when the event that it is at is over."""
        self._stopped = True
        self._clock.stop()

    def close(self) -> None:
        """Stop listening, end every connection, and close archive and journal."""
        self._opened.close()

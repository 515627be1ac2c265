"""How the routes of a site are carried: all in memory, all through codecs in memory, or all over sockets on loopback."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from emulators.codecs.hl7v2 import Hl7Codec
from emulators.core.fault import FaultPlan
from emulators.kernel import Archive
from emulators.messages.availability import InstancesAvailable
from emulators.messages.commitment import CommitRequest, CommitResult
from emulators.messages.imaging import InstancesStored, StoreStudy
from emulators.messages.query import Find, Get, Move
from emulators.messages.steps import StepEnded, StepProgressed, StepStarted
from emulators.messages.worklist import WorklistQuery
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Port
from emulators.ports.dicom import DicomPort, Outgoing
from emulators.ports.dicom_server import DicomServer
from emulators.ports.faults import LinkFaults
from emulators.ports.memory import MemoryPort
from emulators.ports.mllp import MllpPort, MllpServer
from emulators.ports.passage import DicomPassage, Hl7Passage, Passage
from emulators.ports.sockets import Address, Origins, allow_many_connections
from emulators.ports.stored_images import stored_images
from emulators.site import HL7_LANES, Route
from emulators.site_settings import HL7_SYSTEMS, PACS, RIS, TELERADIOLOGY, WORKSTATION, SiteSettings, application_name
from emulators.store.archive import Duplicates, ImageArchive
from emulators.store.memory import MemoryArchive
from emulators.wire.message_boundaries import Framing
from emulators.wire.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from emulators.wire.relay import Relay

ImageSource = Callable[[StoreStudy], Iterable[Outgoing]]
"""Makes the data sets of a study that has its context."""


SERVED: Mapping[str, tuple[type, ...]] = {
    RIS: (WorklistQuery, StepStarted, StepProgressed, StepEnded, InstancesAvailable),
    PACS: (StepStarted, StepProgressed, StepEnded, CommitRequest, Find, Move, Get),
    WORKSTATION: (InstancesAvailable,),
    TELERADIOLOGY: (),
}
"""What each system's acceptor negotiates beside Verification and, where it has an archive, Storage."""

SERVED_BY_SCANNERS = (CommitResult,)

WITH_ARCHIVE = (PACS, WORKSTATION, TELERADIOLOGY)
"""Systems that keep images."""


class RunCarriers(Protocol):
    """What a run needs of its carriers, whatever they are."""

    def port(self, route: Route) -> Port: ...
    def archive(self, system: str) -> Archive | None: ...
    def import_prior(self, store: StoreStudy) -> InstancesStored: ...
    def close(self) -> None: ...


class MemoryCarriers:
    """Memory ports, with archives that hold no pixels."""

    def __init__(self) -> None:
        self._archives = {system: MemoryArchive() for system in WITH_ARCHIVE}

    def port(self, route: Route) -> Port:
        return MemoryPort(self._archives.get(route.receiver), self._passage(route))

    def archive(self, system: str) -> Archive | None:
        return self._archives.get(system)

    def _passage(self, _route: Route) -> Passage | None:
        return None

    def import_prior(self, store: StoreStudy) -> InstancesStored:
        """Put a study into the archive before the run begins."""
        archive = self._archives[PACS]
        batch = archive.open_batch()
        archive.add(batch, store)
        return archive.tell(batch)[0]

    def close(self) -> None:
        """Nothing is open."""


class CodecCarriers(MemoryCarriers):
    """Memory ports through which every message is encoded and decoded."""

    def __init__(self, settings: SiteSettings, images: ImageSource) -> None:
        super().__init__()
        self._settings = settings
        self._images = images

    def _passage(self, route: Route) -> Passage:
        if route.lane in HL7_LANES:
            return Hl7Passage(hl7_codec(self._settings, route.sender, route.receiver))
        return DicomPassage(self._settings.ae_title_of[route.receiver], self._images)


class SocketCarriers:
    """Real MLLP and DICOM on loopback, both ends ours. Close it: it owns listeners, relays, archives and threads.

    A route that a fault rule could touch goes through a relay. ``live``: instants come from the socket events (paced clock).
    """

    def __init__(
        self,
        settings: SiteSettings,
        images: ImageSource,
        folder: Path,
        faults: FaultPlan,
        live: bool = False,
        takes_strangers: bool = False,
    ) -> None:
        allow_many_connections()
        self.arrivals = Arrivals()
        self._settings = settings
        self._images = images
        self._faults = faults
        self._live = live
        self._origins = Origins()
        self._ports: list[MllpPort | DicomPort] = []
        self._relays: list[Relay] = []
        self.archives: dict[str, ImageArchive] = {}
        self.hl7: dict[str, MllpServer] = {}
        self.dicom: dict[str, DicomServer] = {}
        try:
            self._open(folder, takes_strangers)
        except BaseException:
            self.close()
            raise

    def _open(self, folder: Path, takes_strangers: bool) -> None:
        """Open every archive and listener."""
        settings, titles = self._settings, self._settings.ae_title_of
        for system in WITH_ARCHIVE:
            if system in titles:
                self.archives[system] = image_archive(settings, system, folder)
        applications = {application_name(system): system for system in settings.systems}
        for system in HL7_SYSTEMS:
            codec = hl7_codec(settings, "", system)
            self.hl7[system] = MllpServer(system, codec, self.arrivals, self._origins, takes_strangers, applications)
        systems = {title: system for system, title in titles.items()}
        known = None if takes_strangers else frozenset(titles.values())
        for system, title in titles.items():
            self.dicom[system] = DicomServer(
                system,
                title,
                self.arrivals,
                self._origins,
                self.archives.get(system),
                known,
                takes_strangers,
                systems,
                SERVED.get(system, SERVED_BY_SCANNERS),
                commits_on_same=settings.commits_on_same_association,
            )

    def port(self, route: Route) -> Port:
        port = self._mllp_port(route) if route.lane in HL7_LANES else self._dicom_port(route)
        self._ports.append(port)
        return port

    def archive(self, system: str) -> Archive | None:
        return self.archives.get(system)

    def _mllp_port(self, route: Route) -> MllpPort:
        codec = hl7_codec(self._settings, route.sender, route.receiver)
        address, faults = self._through_relay(route, self.hl7[route.receiver].address, Framing.MLLP)
        return MllpPort(codec, address, self.arrivals, self._origins, faults, self._live)

    def _dicom_port(self, route: Route) -> DicomPort:
        titles = self._settings.ae_title_of
        address, faults = self._through_relay(route, self.dicom[route.receiver].address, Framing.DICOM)
        source = self._stored_images if route.sender == PACS else self._images
        calling, called = titles[route.sender], titles[route.receiver]
        return DicomPort(calling, called, address, self.arrivals, self._origins, source, faults, self._live)

    def _through_relay(self, route: Route, address: Address, framing: Framing) -> tuple[Address, LinkFaults | None]:
        if not self._faults.concerns(route.sender, route.receiver, route.lane):
            return address, None
        relay, dead_end = Relay(address, framing, on_dial=self._origins.relayed), Relay(address, framing)
        self._relays += (relay, dead_end)
        return relay.address, LinkFaults(relay, dead_end)

    def _stored_images(self, store: StoreStudy) -> Iterable[Outgoing]:
        return stored_images(self.archives[PACS], store)

    def import_prior(self, store: StoreStudy) -> InstancesStored:
        """Put a study into the archive before the run begins."""
        archive = self.archives[PACS]
        batch = archive.open_batch()
        for instance in self._images(store):
            dataset = b"".join(instance.buffers)
            archive.store(batch, instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid, dataset)
        return archive.tell(batch)[0]

    def close(self) -> None:
        """End every connection and thread, then close the archives."""
        for port in self._ports:
            port.close()
        for relay in self._relays:
            relay.close()
        for mllp in self.hl7.values():
            mllp.close()
        for dicom in self.dicom.values():
            dicom.close()
        for archive in self.archives.values():
            archive.close()
        self.arrivals.check()


def duplicates_at(settings: SiteSettings, system: str) -> Duplicates:
    """What a system's image store does with another content under a known UID: a reader's copy follows the archive."""
    return Duplicates(settings.duplicates) if system == PACS else Duplicates.REPLACE


def image_archive(settings: SiteSettings, system: str, folder: Path) -> ImageArchive:
    """Open the image store of a system, which lies in ``folder`` under its name."""
    duplicates = duplicates_at(settings, system)
    return ImageArchive(folder / system, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, duplicates=duplicates)


def hl7_codec(
    settings: SiteSettings, sender: str, receiver: str, application: Callable[[str], str] = application_name
) -> Hl7Codec:
    """Who takes a message decides its version, and what orders are written as; ``application`` gives MSH-3 of a system."""
    version, facility = settings.hl7_version.of(receiver), settings.institution
    names = application(sender or receiver), facility, application(receiver), facility
    return Hl7Codec(version, *names, order_messages=settings.order_messages.of(receiver), zone=settings.zone)

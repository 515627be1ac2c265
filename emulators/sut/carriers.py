"""A simulated hospital with a product in one place: every route is memory, but for those that touch the product.

Those are real connections, live: their instants are those of the wall. What the product sends comes to listeners of the systems
that it calls, and is theirs as if the emulator in its place had sent it.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from emulators.actors.worklist import Worklist
from emulators.carriers import (
    SERVED,
    SERVED_BY_SCANNERS,
    WITH_ARCHIVE,
    ImageSource,
    MemoryCarriers,
    hl7_codec,
    image_archive,
)
from emulators.codecs.hl7v2 import Hl7Codec
from emulators.core.errors import RemoteProtocolError
from emulators.kernel import Archive
from emulators.messages.imaging import InstancesStored, StoreStudy
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Port
from emulators.ports.dicom import DicomPort, Outgoing
from emulators.ports.dicom_server import DicomServer
from emulators.ports.mllp import MllpPort, MllpServer
from emulators.ports.sockets import Address, Origins, named_address
from emulators.site import HL7_LANES, Route, routes
from emulators.site_settings import PACS, SiteSettings, application_name
from emulators.store.archive import ImageArchive
from emulators.sut.acquired import Acquired
from emulators.sut.audit import audit
from emulators.sut.store import send_study
from emulators.sut.target import Sut
from emulators.sut.worklist_folder import FolderPort, WorklistFolder


class SutCarriers(MemoryCarriers):
    """Close it: it owns listeners, archives and threads.

    ``acquired`` is what went to a product in the archive's place; ``worklist`` is for the RIS, so that it can be mirrored.
    """

    def __init__(self, settings: SiteSettings, images: ImageSource, folder: Path, sut: Sut) -> None:
        super().__init__()
        self.worklist = Worklist()
        self._mirror: WorklistFolder | None = None
        if sut.target.worklist_folder is not None:
            self._mirror = WorklistFolder(self.worklist, sut.target.worklist_folder)
        self.arrivals = Arrivals()
        self.acquired = Acquired()
        self._settings = settings
        self._images = images
        self._sut = sut
        self._origins = Origins()
        self._ports: list[MllpPort | DicomPort] = []
        self._next_port = sut.target.listen.first_port
        self.dicom: dict[str, DicomServer] = {}
        self.hl7: dict[str, MllpServer] = {}
        with ExitStack() as opened:
            self._listen(folder, opened)
            self._opened = opened.pop_all()

    def _listen(self, folder: Path, opened: ExitStack) -> None:
        left_out = self._sut.left_out(self._settings)
        for route in routes(self._settings):
            if route in left_out or not self._sut.touches(route) or route.receiver == self._sut.role.system:
                continue
            system = route.receiver
            if route.lane in HL7_LANES:
                if system not in self.hl7:
                    with self._next_address() as address:
                        self.hl7[system] = self._mllp_server(system, address)
                    opened.callback(self.hl7[system].close)
            elif system not in self.dicom:
                archive = self._image_archive(system, folder, opened)
                with self._next_address() as address:
                    self.dicom[system] = self._dicom_server(system, archive, address)
                opened.callback(self.dicom[system].close)

    def _image_archive(self, system: str, folder: Path, opened: ExitStack) -> ImageArchive | None:
        if system not in WITH_ARCHIVE:
            return None
        archive = image_archive(self._settings, system, folder)
        opened.callback(archive.close)
        return archive

    @contextmanager
    def _next_address(self) -> Iterator[Address]:
        """Where the next of our systems listens. Raises OSError, which names it."""
        address = (self._sut.target.listen.host, self._next_port)
        self._next_port += 1 if self._next_port else 0
        with named_address("listen.first_port", address):
            yield address

    def _dicom_server(self, system: str, archive: ImageArchive | None, address: Address) -> DicomServer:
        target = self._sut.target
        return DicomServer(
            system,
            self._settings.ae_title_of[system],
            self.arrivals,
            self._origins,
            archive,
            known=frozenset((target.title,)),
            takes_strangers=True,
            systems={target.title: self._sut.role.system},
            serves=SERVED.get(system, SERVED_BY_SCANNERS),
            address=address,
        )

    def _mllp_server(self, system: str, address: Address) -> MllpServer:
        target, role = self._sut.target, self._sut.role
        codec = self._codec(role.system, system)
        applications = {application_name(name): role.system for name in self._settings.systems}
        if target.application:
            applications[target.application] = role.system
        return MllpServer(
            system, codec, self.arrivals, self._origins, takes_strangers=True, systems=applications, address=address
        )

    def _codec(self, sender: str, receiver: str) -> Hl7Codec:
        return hl7_codec(self._settings, sender, receiver, self._application)

    def _application(self, system: str) -> str:
        """What a system calls itself in MSH-3: the product as its target file says."""
        if system == self._sut.role.system and self._sut.target.application:
            return self._sut.target.application
        return application_name(system)

    # --- what a run needs ----------------------------------------------------------------------------------------------

    def port(self, route: Route) -> Port:
        if not self._sut.touches(route):
            return super().port(route)
        if route.sender == self._sut.role.system:
            return super().port(route)  # nothing of ours sends there
        port = self._mllp_port(route) if route.lane in HL7_LANES else self._dicom_port(route)
        self._ports.append(port)
        return port if self._mirror is None else FolderPort(port, self._mirror)

    def _mllp_port(self, route: Route) -> MllpPort:
        codec = self._codec(route.sender, route.receiver)
        return MllpPort(codec, self._sut.target.mllp, self.arrivals, self._origins, live=True)

    def _dicom_port(self, route: Route) -> DicomPort:
        target, calling = self._sut.target, self._settings.ae_title_of[route.sender]
        return DicomPort(calling, target.title, target.dicom, self.arrivals, self._origins, self._sent_images, live=True)

    def _sent_images(self, store: StoreStudy) -> Iterable[Outgoing]:
        self.acquired.add(store)
        return self._images(store)

    def archive(self, system: str) -> Archive | None:
        server = self.dicom.get(system)
        if server is not None and server.archive is not None:
            return server.archive
        return super().archive(system)

    def import_prior(self, store: StoreStudy) -> InstancesStored:
        """Give a study to the archive before the run begins, also where a product is the archive."""
        if self._sut.role.system != PACS:
            return super().import_prior(store)
        scanner = self._settings.scanners[0].ae_title
        self._require_unused(store)
        self.acquired.add(store)
        send_study(self._sut.target.dicom, (scanner, self._sut.target.title), store, self._images(store))
        size = store.instance_bytes * len(store.instances)
        study = store.header.study_instance_uid
        return InstancesStored(study, store.series_instance_uid, store.sop_class_uid, store.instances, 0, 0, size)

    def _require_unused(self, store: StoreStudy) -> None:
        """Runs of all seeds number their studies alike. Raises RemoteProtocolError where one has been before."""
        target, study = self._sut.target, store.header.study_instance_uid
        found = audit(target.dicom, (self._settings.ae_titles.workstation, target.title), {study: {}})
        if found.held:
            raise RemoteProtocolError(f"{target.product}: it holds images of an earlier run; begin each with an empty archive")

    def close(self) -> None:
        """End every connection and thread, and remove the worklist files."""
        for port in self._ports:
            port.close()
        if self._mirror is not None:
            self._mirror.remove()
        self._opened.close()
        self.arrivals.check()

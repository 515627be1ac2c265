"""The clinic as servers: our systems on sockets, live, for anybody who calls.

The kernel and its actors belong to one thread. A test waits for what the trace says, never for a time: ``wait_for`` blocks
until a record with these fields has been published.
"""

import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpy

from datasets.procedures import PROCEDURES
from emulators.carriers import SocketCarriers
from emulators.clock import PacedClock
from emulators.core.fault import FaultPlan
from emulators.ports.contract import Port
from emulators.ports.dicom import DicomPort
from emulators.ports.sockets import LOOPBACK, Address
from emulators.site import Route, build
from emulators.site_settings import PACS, SiteSettings
from emulators.trace import Record, Trace
from emulators.wire.mllp import Deframer, Frame, frame
from sim.run import scanned_images
from sim.scenario import Scenario, find
from sim.world.people import protocol_code

SEED = 7
RECORD_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Product:
    """Somebody else's DICOM system: its AE title and its port on loopback."""

    ae_title: str
    port: int


NO_PRODUCTS: Mapping[Route, Product] = {}


class CarriersWithProducts(SocketCarriers):
    """Some routes lead to products, the others to our systems."""

    def __init__(self, products: Mapping[Route, Product], *arguments: Any, **options: Any) -> None:
        self._products = products
        super().__init__(*arguments, **options)

    def port(self, route: Route) -> Port:
        product = self._products.get(route)
        if product is None:
            return super().port(route)
        source = self._stored_images if route.sender == PACS else self._images
        calling, address = self._settings.ae_title_of[route.sender], (LOOPBACK, product.port)
        port = DicomPort(calling, product.ae_title, address, self.arrivals, self._origins, source, live=True)
        self._ports.append(port)
        return port


def clinic_scenario() -> Scenario:
    return find("clinic")[1]


class ServedClinic:
    """The systems of the scenario ``clinic``. Close it: it owns listeners, archives and the kernel's thread."""

    def __init__(self, folder: Path, products: Mapping[Route, Product] = NO_PRODUCTS) -> None:
        scenario = clinic_scenario()
        self.settings: SiteSettings = scenario.site
        self.images = scanned_images(scenario, SEED)
        no_faults = FaultPlan(SEED)
        self.carriers = CarriersWithProducts(
            products, scenario.site, self.images.instances, folder, no_faults, live=True, takes_strangers=True
        )
        self._records: list[Record] = []
        self._published = threading.Condition()
        trace = Trace()
        trace.subscribe(self._keep)
        protocols = {procedure.code: (protocol_code(procedure),) for procedure in PROCEDURES}
        self.environment = simpy.Environment(0)
        self.kernel = build(scenario.site, self.environment, self.carriers, no_faults, trace, self.images, protocols)
        self._clock = PacedClock(1.0, self.carriers.arrivals)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="served-clinic", daemon=True)

    def start(self) -> None:
        """From here on only the kernel's thread touches kernel and actors."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and raise what ended the kernel if something did."""
        if self._thread.is_alive():
            self._clock.stop()
            self._thread.join()
        self.carriers.close()
        if self._failure is not None:
            raise self._failure

    def address(self, system: str) -> Address:
        """Where a system's DICOM listens."""
        return self.carriers.dicom[system].address

    def ae_title(self, system: str) -> str:
        return self.settings.ae_title_of[system]

    def records(self, **fields: Any) -> list[Record]:
        """What has been published with these fields."""
        with self._published:
            return [record for record in self._records if fields.items() <= record.items()]

    def wait_for(self, **fields: Any) -> Record:
        """The first record with these fields; fails when there is none for long, or the kernel has ended."""
        with self._published:
            self._published.wait_for(lambda: self._failure or self._first(fields), RECORD_LIMIT_S)
            assert self._failure is None, f"the kernel ended: {self._failure!r}"
            record = self._first(fields)
            assert record is not None, f"no record with {fields}"
            return record

    def _first(self, fields: dict[str, Any]) -> Record | None:
        return next((record for record in self._records if fields.items() <= record.items()), None)

    def _keep(self, record: Record) -> None:
        with self._published:
            self._records.append(record)
            self._published.notify_all()

    def _run(self) -> None:
        try:
            self._clock.run(self.kernel, self.environment.event())
        except BaseException as error:
            with self._published:
                self._failure = error
                self._published.notify_all()


def send_hl7(address: Address, payload: bytes) -> bytes:
    """Send one message as a plain MLLP client does; the bytes of its acknowledgement."""
    with socket.create_connection(address, timeout=RECORD_LIMIT_S) as connection:
        connection.sendall(frame(payload))
        deframer = Deframer()
        while data := connection.recv(65536):
            for event in deframer.receive(data):
                assert isinstance(event, Frame)
                return bytes(event.payload)
    raise AssertionError("closed without an acknowledgement")

"""Served systems in a thread of the test: quicker than a process, and they can be looked into."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from datasets.procedures import PROCEDURES
from emulators.control import ControlClient
from emulators.endpoints import load_site, state_folder
from emulators.ports.sockets import Address
from emulators.serving.service import Service
from sim.images import ScannedImages
from sim.world.people import protocol_code

IMAGES = ScannedImages(1, 0.1, "Radloop Clinic")
PROTOCOLS = {procedure.code: (protocol_code(procedure),) for procedure in PROCEDURES}
STARTED = datetime(2026, 3, 2, 8)
END_LIMIT_S = 10.0


def service(site: Path, system: str, later: timedelta = timedelta()) -> Service:
    """A system of the site, started ``later`` than the first time."""
    settings = load_site(site)
    folder = state_folder(site, settings, system)
    return Service(settings, system, folder, IMAGES, PROTOCOLS, wall_time=lambda: STARTED + later)


class Running:
    """A service that runs; ``host`` may be looked at when it has stopped."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.host = service._host

    def address(self, protocol: str) -> Address:
        return next(one.address for one in self.service.listening if one.protocol == protocol)

    def stimulate(self, name: str, **data: Any) -> str:
        """Give it a stimulus; why it was refused, empty if it was taken."""
        with ControlClient(self.address("control")) as client:
            return client.stimulate(name, data)

    def wait_until(self, condition: Callable[[dict[str, Any]], object]) -> None:
        """Ask for the status until it is so."""
        end_s = time.monotonic() + END_LIMIT_S
        while not condition(self.status()):
            assert time.monotonic() < end_s, self.status()

    def status(self) -> dict[str, Any]:
        with ControlClient(self.address("control")) as client:
            return client.status()


@contextmanager
def running(site: Path, system: str, later: timedelta = timedelta()) -> Iterator[Running]:
    with closing(service(site, system, later)) as served:
        failures: list[BaseException] = []

        def run() -> None:
            try:
                served.run()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run, name="radloop-test-service")
        thread.start()
        try:
            yield Running(served)
        finally:
            served.stop()
            thread.join(END_LIMIT_S)
        assert failures == []

"""A hospital with a product in one place, ready for a run: its carriers and its clock, and what the product ends with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulators.carriers import ImageSource
from emulators.clock import PacedClock
from emulators.site import PACS, Route, SiteSettings
from emulators.sut.audit import Audit, audit
from emulators.sut.carriers import SutCarriers
from emulators.sut.expectations import Expectations
from emulators.sut.peers import Peer, peers
from emulators.sut.target import Sut

COMMITMENT_LIMIT_S = 30.0
"""How long, on the wall, the result of a commitment is waited for before idle time may be jumped over."""


@dataclass(frozen=True, slots=True)
class SutHouse:
    """``products`` are the systems that have no actor, ``left_out`` the routes that the product does not claim."""

    sut: Sut
    settings: SiteSettings
    carriers: SutCarriers
    clock: PacedClock
    expectations: Expectations

    @property
    def products(self) -> tuple[str, ...]:
        return (self.sut.role.system,) if self.sut.role.whole else ()

    @property
    def left_out(self) -> frozenset[Route]:
        return self.sut.left_out(self.settings)

    def peers(self) -> list[Peer]:
        """What must be configured in the product."""
        carriers = self.carriers
        return peers(
            self.settings,
            self.sut,
            {system: server.address for system, server in carriers.dicom.items()},
            {system: server.address for system, server in carriers.hl7.items()},
        )

    def audit(self) -> Audit | None:
        """What a product in the archive's place holds; None in another place. Raises RemoteProtocolError."""
        if self.sut.role.system != PACS:
            return None
        titles = (self.settings.ae_titles.workstation, self.sut.target.title)
        return audit(self.sut.target.dicom, titles, self.carriers.acquired.studies)


@contextmanager
def sut_house(settings: SiteSettings, images: ImageSource, folder: Path, sut: Sut) -> Iterator[SutHouse]:
    """Listening; closed at the end. ``folder`` is for what our systems receive from the product."""
    carriers = SutCarriers(settings, images, folder, sut)
    expectations = Expectations(COMMITMENT_LIMIT_S)
    clock = PacedClock(1.0, carriers.arrivals, sut.target.settle_s, expectations.pending)
    try:
        yield SutHouse(sut, settings, carriers, clock, expectations)
    finally:
        carriers.close()

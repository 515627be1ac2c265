"""A hospital with a product in one place, ready for a run: its carriers and its clock, and what the product ends with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from emulators.carriers import ImageSource
from emulators.clock import PacedClock
from emulators.core.errors import RemoteProtocolError
from emulators.doctor import dicom, mllp
from emulators.doctor.finding import Finding, Health
from emulators.site import Route
from emulators.site_settings import EHR, PACS, SiteSettings, application_name
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

    def check(self) -> None:
        """Is the product there, and does it take what our systems have to say? Raises RemoteProtocolError."""
        target, settings, now = self.sut.target, self.settings, datetime.now().strftime("%Y%m%d%H%M%S")
        findings: list[Finding] = []
        if target.dicom_port is not None:
            calling = settings.ae_titles.workstation if self.sut.role.whole else settings.scanners[0].ae_title
            findings.append(dicom.examine(target.dicom, calling, target.title, ()))
        if target.mllp_port is not None:
            names = (application_name(EHR), target.application or application_name(self.sut.role.system))
            version = settings.hl7_version.of(self.sut.role.system)
            findings.append(mllp.examine(target.mllp, *names, settings.institution, version, now))
        for finding in findings:
            if finding.health is Health.BROKEN:
                raise RemoteProtocolError(f"{target.product}: {finding.what}: {finding.advice}")

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

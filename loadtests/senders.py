"""Our sending ports without a kernel behind them: one message out, its answer back, blocking."""

from typing import Any

from emulators.core.instant import SECOND
from emulators.core.link import LinkSpec
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Exchange, Lane
from emulators.ports.dicom import DicomPort, Source
from emulators.ports.mllp import MllpPort
from emulators.ports.sockets import Origins
from loadtests.products import LOOPBACK
from loadtests.subjects import hl7_codec

CALLING_AE_TITLE = "BENCHSCU"


class DicomSender:
    """Our SCU: every message on an association of its own. ``source`` gives the images of a StoreStudy."""

    def __init__(self, called_ae_title: str, port: int, source: Source | None = None) -> None:
        self._port = DicomPort(CALLING_AE_TITLE, called_ae_title, (LOOPBACK, port), Arrivals(), Origins(), source, live=True)

    def ask(self, message: Any) -> Any:
        """The answer to ``message``, when its association has been released. Raises LocalProtocolError if there is none."""
        return _ask(self._port, message)

    def close(self) -> None:
        self._port.close()


class MllpSender:
    """Our MLLP client: one connection, kept open."""

    def __init__(self, version: str, port: int) -> None:
        self._port = MllpPort(hl7_codec(version), (LOOPBACK, port), Arrivals(), Origins(), live=True)

    def ask(self, message: Any) -> Any:
        """The acknowledgement of ``message``. Raises LocalProtocolError if there is none."""
        return _ask(self._port, message)

    def close(self) -> None:
        self._port.close()


def _ask(port: DicomPort | MllpPort, message: Any) -> Any:
    lane = Lane("bench", "peer", message.lane, port, LinkSpec())
    exchange = Exchange(lane, message.subject, message, 60 * SECOND, 0, 0)
    port.begin(exchange)
    return port.outcome(exchange)

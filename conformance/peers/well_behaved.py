"""The well-behaved peer: pynetdicom, an implementation that is not ours, behind a relay that records.

It does what the scripted peers need not do themselves: the probes before and after a case, and good images beforehand.
"""

import logging
import socket
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom import _config as pynetdicom_config
from pynetdicom.association import Association

from conformance.material.data_sets import IMPLICIT
from conformance.taps import Tap, Taps
from conformance.verdict import Inconclusive
from emulators.wire.message_boundaries import Direction, Framing
from emulators.wire.relay import Record, Relay

VERIFICATION = "1.2.840.10008.1.1"

pynetdicom_config.LOG_HANDLER_LEVEL = "none"
pynetdicom_config.LOG_REQUEST_IDENTIFIERS = False
pynetdicom_config.LOG_RESPONSE_IDENTIFIERS = False
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


class _RelayTap:
    """Turns what a relay records into records of one connection."""

    def __init__(self, taps: Taps, case: str, peer: str, address: tuple[str, int]) -> None:
        self._tap: Tap = taps.open(case, "dicom", "tester", peer, f"{address[0]}:{address[1]}")

    def __call__(self, record: Record) -> None:
        if record.direction is Direction.REQUEST:
            self._tap.sent(record.data)
        else:
            self._tap.received(record.data)

    def closed(self) -> None:
        self._tap.closed("closed by the tester")


class WellBehaved:
    """Calls the product's AE ``called`` at ``address`` as ``calling``."""

    def __init__(self, taps: Taps, calling: str, called: str, address: tuple[str, int], limit_s: float) -> None:
        self._taps = taps
        self._called = called
        self._address = address
        self._limit_s = limit_s
        self._entity = AE(ae_title=calling)
        self._entity.acse_timeout = self._entity.dimse_timeout = self._entity.connection_timeout = limit_s
        self._entity.network_timeout = limit_s

    def echo(self, case: str) -> str:
        """C-ECHO on a fresh association: what went wrong, in words; empty when all is well."""
        tap = _RelayTap(self._taps, case, "probe", self._address)
        try:
            with Relay(self._address, Framing.DICOM, tap) as relay:
                self._entity.requested_contexts = []
                self._entity.add_requested_context(VERIFICATION)
                association = self._entity.associate(*relay.address, ae_title=self._called)
                if not association.is_established:
                    return self._why_not(association)
                try:
                    status = association.send_c_echo().get("Status")
                finally:
                    association.release()
        finally:
            tap.closed()
        return "" if status == 0 else f"C-ECHO is answered by {'nothing' if status is None else f'{status:04X}H'}"

    def _why_not(self, association: Association) -> str:
        """Why there is no association: the relay before the product accepts every connection itself."""
        answer = association.acceptor.primitive
        if association.is_rejected and answer is not None:
            return f"it rejects the association of {self._entity.ae_title}: {answer.reason_str}"
        try:
            socket.create_connection(self._address, timeout=self._limit_s).close()
        except OSError as error:
            return f"no connection to {self._address[0]}:{self._address[1]}: {error.strerror or error}"
        return "it accepts no association"

    def store(self, case: str, datasets: Sequence[Dataset]) -> None:
        """Store images that a case needs, each as its SOP class in implicit VR. Raises Inconclusive where one is refused."""
        tap = _RelayTap(self._taps, case, "well-behaved sender", self._address)
        try:
            with Relay(self._address, Framing.DICOM, tap) as relay:
                self._entity.requested_contexts = []
                for sop_class in sorted({str(dataset.SOPClassUID) for dataset in datasets}):
                    self._entity.add_requested_context(UID(sop_class), IMPLICIT)
                association = self._entity.associate(*relay.address, ae_title=self._called)
                if not association.is_established:
                    raise Inconclusive("images that the case needs cannot be stored: no association")
                try:
                    for dataset in datasets:
                        status = association.send_c_store(dataset).get("Status")
                        if status is None or (status != 0 and status >> 12 != 0xB):
                            raise Inconclusive(f"an image that the case needs was not stored: {status}")
                finally:
                    association.release()
        finally:
            tap.closed()

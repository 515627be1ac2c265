"""Whether the product lives: a fresh association with C-ECHO, by pynetdicom, or a good ADT that is acknowledged."""

import socket
import threading
from typing import Literal

from conformance.case import Role
from conformance.material.hl7 import SENT_AT, Addressing, message, msh
from conformance.operator_steps import Operator
from conformance.peers.mllp import MllpClient
from conformance.peers.stream import Stream
from conformance.peers.well_behaved import WellBehaved
from conformance.taps import Taps
from conformance.target import Endpoint, PeerName, Target
from conformance.trial import CALLERS, HL7_CALLERS, Peer
from conformance.verdict import Failure, Inconclusive
from conformance.waiting import wait_until
from emulators.wire.er7 import row

Protocols = Literal["dicom", "mllp", "both"]
REVIVAL_LIMIT_S = 30.0


class Life:
    """Probes one product. ``is_alive`` and ``trouble`` are from the last probe."""

    def __init__(self, target: Target, role: Role, taps: Taps, peers: dict[PeerName, Peer]) -> None:
        self._target = target
        self._endpoint = target.roles[role]
        self._role = role
        self._taps = taps
        self._peers = peers
        self._lock = threading.Lock()
        self._number = 0
        self.is_alive = True
        self.trouble = ""

    def protocol_of(self, case_id: str) -> Protocols:
        """What a case of this id may have hurt."""
        return "dicom" if case_id.startswith("dicom.") else "mllp" if case_id.startswith("hl7.") else "both"

    def probe(self, key: str, protocol: Protocols) -> str:
        """What is wrong, in words; empty when nothing is."""
        with self._lock:
            has_dicom, has_mllp = self._endpoint.dicom_port is not None, self._endpoint.mllp_port is not None
            trouble = ""
            if has_dicom and (protocol != "mllp" or not has_mllp):
                trouble = self._echo(key)
            if not trouble and has_mllp and (protocol != "dicom" or not has_dicom):
                trouble = self._message(key)
            self.is_alive, self.trouble = not trouble, trouble
            return trouble

    def revive(self, operator: Operator) -> None:
        """Wait for it to come back; then have it started again by the operator, if that can be done."""
        if wait_until(lambda: not self.probe("revival", "both"), self._target.timers.association_s):
            return
        if operator.can("restart"):
            try:
                operator.perform("restart", {})
            except Inconclusive:
                return
            wait_until(lambda: not self.probe("revival", "both"), REVIVAL_LIMIT_S)

    def _echo(self, key: str) -> str:
        limit_s = self._target.timers.association_s
        caller = self._peers[CALLERS[self._role]].title
        return WellBehaved(self._taps, caller, self._endpoint.title, self._endpoint.dicom, limit_s).echo(key)

    def _message(self, key: str) -> str:
        self._number += 1
        name = HL7_CALLERS[self._role]
        caller = self._peers[name].endpoint if name in self._peers else Endpoint()
        address = self._endpoint.mllp
        limit_s = self._target.timers.acknowledgement_s
        try:
            connection = socket.create_connection(address, timeout=limit_s)
        except OSError as error:
            return f"its HL7 port does not take a connection ({error.strerror or error})"
        tap = self._taps.open(key, "mllp", "tester", "probe", f"{address[0]}:{address[1]}")
        ends = Addressing(caller.application, caller.facility, self._endpoint.application, self._endpoint.facility)
        control_id = f"PROBE{self._number}"
        payload = message(
            [
                msh(ends, "ADT^A04^ADT_A01", control_id),
                row("EVN", {1: "A04", 2: SENT_AT}),
                row("PID", {3: ("PROBE", "", "", "RADLOOP", "MR"), 5: ("Probe", "Life"), 7: "19700101", 8: "O"}),
                row("PV1", {2: "O"}),
            ]
        )
        with MllpClient(Stream(connection, tap, limit_s), limit_s) as client:
            try:
                answer = client.ask(payload)
                answered = answer.field("MSA", 2)
            except Failure as failure:
                return f"a good message is not acknowledged: {failure.actual}"
        return "" if answered == control_id else f"the acknowledgement of a good message answers {answered or 'nothing'}"

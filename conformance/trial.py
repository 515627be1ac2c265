"""What a case is given: the product's address and claims, fresh identifiers, peers, waiting, and ways to a verdict."""

import hashlib
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from conformance.case import Case, Role
from conformance.operator_steps import Operator
from conformance.peers.acceptor import Acceptor
from conformance.peers.association import Association
from conformance.peers.mllp import MllpClient, MllpListener, ReceivedMessage
from conformance.peers.stream import Stream
from conformance.peers.well_behaved import WellBehaved
from conformance.taps import Taps
from conformance.target import Endpoint, PeerName, RoleTarget, Target, Timers
from conformance.verdict import Deviation, Ended, Failure, Inconclusive, NotApplicable, Silence
from conformance.waiting import wait_until
from emulators.wire.items import ExtendedNegotiation, RoleSelection, UserIdentity
from emulators.wire.negotiation import propose
from emulators.wire.pdu import AssociateRequest

if TYPE_CHECKING:
    from conformance.runner import Run
    from conformance.workflow import Workflow

Made = TypeVar("Made")

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"

CALLERS: dict[Role, PeerName] = {
    "pacs": "modality",
    "ris": "modality",
    "modality": "pacs",
    "ehr": "engine",
    "reporting": "pacs",
    "engine": "ehr",
}
"""The tester's system that speaks DICOM to the product unless a case says otherwise."""

HL7_CALLERS: dict[Role, PeerName] = {**CALLERS, "pacs": "engine", "ris": "engine", "reporting": "ris"}
"""As above, for HL7."""


@dataclass(slots=True)
class Peer:
    """One of the tester's systems: what is entered in the product, and its listeners where it has ports."""

    name: PeerName
    endpoint: Endpoint
    dicom_listener: Acceptor | None = None
    mllp_listener: MllpListener | None = None

    @property
    def dicom(self) -> Acceptor:
        """Raises Inconclusive where the target file gives it no port."""
        if self.dicom_listener is None:
            raise Inconclusive(f"the target file has no tester.peers.{self.name}.dicom_port")
        return self.dicom_listener

    @property
    def mllp(self) -> MllpListener:
        """As ``dicom``."""
        if self.mllp_listener is None:
            raise Inconclusive(f"the target file has no tester.peers.{self.name}.mllp_port")
        return self.mllp_listener

    @property
    def title(self) -> str:
        if self.endpoint.ae_title is None:
            raise Inconclusive(f"the target file has no tester.peers.{self.name}.ae_title")
        return self.endpoint.ae_title


@dataclass(slots=True, eq=False)
class Trial:
    """One run of one case in one variant. ``key`` names it in the record: the id, with the variant in brackets."""

    case: Case
    variant: str
    role: Role
    whole_target: Target
    taps: Taps
    operator: Operator
    peers: dict[PeerName, Peer]
    run: "Run"
    deviations: list[Deviation] = field(default_factory=list)
    _streams: list[Stream] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    # --- what is judged

    @property
    def key(self) -> str:
        return f"{self.case.id}[{self.variant}]" if self.variant else self.case.id

    @property
    def target(self) -> RoleTarget:
        return self.whole_target.roles[self.role]

    @property
    def timers(self) -> Timers:
        return self.whole_target.timers

    def needs(self, claimed: bool, what: str) -> None:
        """Go on only where the target claims it."""
        if not claimed:
            raise NotApplicable(f"not claimed: {what}")

    # --- identifiers of its own

    def _digest(self, *parts: str) -> int:
        return int.from_bytes(hashlib.sha256("/".join((self.run.run_id, self.key, *parts)).encode()).digest()[:14])

    def identifier(self, kind: str, length: int = 12) -> str:
        """A fresh identifier of capitals and digits, which begins with ``kind``; the same in a run of the same id."""
        self._numbers[kind] = number = self._numbers.get(kind, 0) + 1
        digits = self._digest(kind, str(number))
        text = ""
        while len(kind) + len(text) < length:
            digits, rest = divmod(digits, 32)
            text += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[rest]
        return kind + text

    def patient_id(self) -> str:
        return self.identifier("P")

    def accession_number(self) -> str:
        return self.identifier("A")

    def control_id(self) -> str:
        return self.identifier("C", 16)

    def uid(self) -> str:
        """A fresh UID below 2.25 (PS3.5 B.2)."""
        self._numbers["uid"] = number = self._numbers.get("uid", 0) + 1
        return f"2.25.{self._digest('uid', str(number))}"

    # --- connections to the product

    def connect(self, protocol: str = "dicom", peer: PeerName | None = None) -> Stream:
        """A TCP connection to the product's DICOM or HL7 port. Raises Silence, Ended."""
        name = peer or (CALLERS if protocol == "dicom" else HL7_CALLERS)[self.role]
        address = self.target.dicom if protocol == "dicom" else self.target.mllp
        limit_s = self.timers.association_s
        try:
            connection = socket.create_connection(address, timeout=limit_s)
        except TimeoutError:
            raise Silence("a connection", f"none within {limit_s:g} s") from None
        except OSError as error:
            raise Ended("a connection", f"none ({error.strerror or error})") from None
        tap = self.taps.open(self.key, "dicom" if protocol == "dicom" else "mllp", "tester", name, f"{address[0]}:{address[1]}")
        stream = Stream(connection, tap, limit_s)
        self._streams.append(stream)
        return stream

    def proposal(
        self,
        *syntaxes: str | tuple[str, Sequence[str]],
        peer: PeerName | None = None,
        roles: Sequence[RoleSelection] = (),
        extended: Sequence[ExtendedNegotiation] = (),
        user_identity: UserIdentity | None = None,
        max_pdu_length: int = 1 << 16,
        calling: str | None = None,
        called: str | None = None,
    ) -> AssociateRequest:
        """An association request for these abstract syntaxes: with implicit and explicit VR, or the transfer syntaxes given."""
        name = peer or CALLERS[self.role]
        return propose(
            called or self.target.title,
            calling or self.peers[name].title,
            [(one, (IMPLICIT, EXPLICIT)) if isinstance(one, str) else one for one in syntaxes],
            roles=roles,
            extended_negotiation=extended,
            user_identity=user_identity,
            max_pdu_length=max_pdu_length,
        )

    def associate(
        self, *syntaxes: str | tuple[str, Sequence[str]], peer: PeerName | None = None, **options: object
    ) -> Association:
        """An association with the product; see ``proposal``. Raises Failure where it is not accepted."""
        request = self.proposal(*syntaxes, peer=peer, **options)  # type: ignore[arg-type]
        return Association.establish(self.connect(peer=peer), request, self.timers.dimse_s)

    def mllp(self, peer: PeerName | None = None) -> MllpClient:
        """A connection to the product's HL7 port. Raises Inconclusive where the target file names none."""
        if self.target.mllp_port is None:
            raise NotApplicable("no mllp_port in the target file")
        return MllpClient(self.connect("mllp", peer), self.timers.acknowledgement_s)

    def well_behaved(self, peer: PeerName | None = None) -> WellBehaved:
        """pynetdicom, as one of the tester's systems."""
        name = peer or CALLERS[self.role]
        return WellBehaved(self.taps, self.peers[name].title, self.target.title, self.target.dicom, self.timers.association_s)

    def peer(self, name: PeerName) -> Peer:
        """One of the tester's systems. Raises Inconclusive where the target file does not have it."""
        if name not in self.peers:
            raise Inconclusive(f"the target file has no tester.peers.{name}")
        return self.peers[name]

    def workflow(self) -> "Workflow":
        """The small hospital around the product, for cases that come last in a run. Raises Inconclusive."""
        from conformance.workflow import Workflow

        return Workflow(self, self.run.house())

    def operate(self, step: str, **data: str) -> str:
        """An operator step; what it printed. Raises Inconclusive where it cannot be done."""
        return self.operator.perform(step, data)

    # --- ways to a verdict

    def expect(self, met: bool, expected: str, actual: str, proof: Sequence[int] = ()) -> None:
        """Raises Failure where it is not met."""
        if not met:
            raise Failure(expected, actual, tuple(proof))

    def should(self, met: bool, expected: str, actual: str, proof: Sequence[int] = ()) -> None:
        """A deviation where it is not met: a warning, under ``--strict`` a failure."""
        if met:
            return
        if self.run.strict:
            raise Failure(expected, actual, tuple(proof))
        self.deviations.append(Deviation(expected, actual, tuple(proof) or self.last_seen))

    def expect_equal(self, what: str, actual: object, expected: object, proof: Sequence[int] = ()) -> None:
        """Raises Failure where two values differ."""
        self.expect(actual == expected, f"{what}: {expected}", f"{actual}", proof)

    def expect_code(self, answer: ReceivedMessage, *codes: str) -> None:
        """MSA-1 of an answer. Raises Failure."""
        self.expect(answer.code in codes, f"MSA-1: {' or '.join(codes)}", answer.code or "no MSA-1", answer.records)

    def shared(self, name: str, make: "Callable[[Trial], Made]") -> Made:
        """What the cases of a run have in common, made by the first that asks. Raises Inconclusive where it cannot be made."""
        made: Made = self.run.fixtures.get(name, lambda: make(self))
        return made

    def eventually(self, seen: Callable[[], bool], limit_s: float) -> bool:
        """Ask again and again, until it is so or the time is over; whether it is."""
        return wait_until(seen, limit_s)

    @contextmanager
    def beforehand(self, what: str) -> Iterator[None]:
        """What a case needs before its stimulus: a failure there leaves it inconclusive."""
        try:
            yield
        except Failure as failure:
            raise Inconclusive(f"{what}: expected {failure.expected}; {failure.actual}") from failure

    # --- for the runner

    @property
    def last_seen(self) -> tuple[int, ...]:
        """The records received last on the connection that was opened last."""
        for stream in reversed(self._streams):
            if stream.seen:
                return stream.seen
        return ()

    def close(self) -> None:
        """End every connection that the case left open."""
        for stream in self._streams:
            stream.close()

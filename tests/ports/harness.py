"""Two scripted actors joined by one lane over any port: the same laws held against the fake and the real thing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simpy

from datasets.draws import Draws
from emulators.carriers import hl7_codec
from emulators.core.effect import Effect, Reply, Send
from emulators.core.event import Event, Outcome, Request, Told
from emulators.core.fault import FaultPlan, Rule
from emulators.core.instant import Instant
from emulators.core.link import LinkSpec
from emulators.kernel import Kernel
from emulators.messages.adt import RegisterPatient
from emulators.messages.attributes import of
from emulators.messages.common import SUCCESS, Acknowledgement, Code, Patient, PersonName, Visit
from emulators.messages.imaging import Admission, StoreStudy
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Move, MovePlan
from emulators.messages.steps import ScheduledReference, StepStarted
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Lane
from emulators.ports.dicom import DicomPort
from emulators.ports.dicom_server import DicomServer
from emulators.ports.faults import LinkFaults
from emulators.ports.memory import MemoryPort
from emulators.ports.mllp import MllpPort, MllpServer
from emulators.ports.passage import DicomPassage, Hl7Passage, Passage
from emulators.ports.sockets import Origins
from emulators.store.archive import ImageArchive
from emulators.store.memory import MemoryArchive
from emulators.trace import Level, Record, Trace
from emulators.wire.message_boundaries import Framing
from emulators.wire.negotiation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from emulators.wire.relay import Relay
from sim.run import scanned_images
from sim.scenario import find
from sim.world.arrivals import Arrival
from sim.world.people import Cases

LINK = LinkSpec(round_trip_us=2_000, bandwidth_bit_s=100_000_000, service_us=1_000)
SEED = 7

PATIENT = Patient("M1", "RADLOOP", PersonName("Doe", "Jane"), "19700101", "F")


@dataclass
class Scripted:
    """Keeps every event with its instant, and answers requests by ``answer``; None leaves a request unanswered."""

    answer: Callable[[Any], Any]
    events: list[tuple[Instant, Event]] = field(default_factory=list)

    def handle(self, event: Event, now: Instant) -> Sequence[Effect]:
        self.events.append((now, event))
        if isinstance(event, Request):
            message = self.answer(event.message)
            return [] if message is None else [Reply(event.ticket, message)]
        return []

    @property
    def requests(self) -> list[Any]:
        return [event.message for _, event in self.events if isinstance(event, Request)]

    @property
    def outcomes(self) -> list[tuple[Instant, str, str, Any]]:
        return [(now, event.key, event.kind.value, event.message) for now, event in self.events if isinstance(event, Outcome)]

    @property
    def told(self) -> list[Any]:
        return [event.message for _, event in self.events if isinstance(event, Told)]

    @property
    def tickets(self) -> list[int]:
        return [event.ticket for _, event in self.events if isinstance(event, Request)]


@dataclass
class Bench:
    """``left`` sends to ``right`` over one lane; the messages are numbered."""

    kernel: Kernel
    left: Scripted
    right: Scripted
    make: Callable[[int], Any]
    records: list[Record]
    mover: Scripted

    def send(self, number: int, deadline_us: int = 1_000_000, message: Any = None) -> None:
        """Let ``left`` send message ``number`` now."""
        wanted = self.make(number) if message is None else message
        self.kernel.perform("left", Send(str(number), "right", wanted, deadline_us))

    def move(self, plan: MovePlan) -> None:
        """Let a third system ask ``left`` for a C-MOVE, which ``left`` answers with ``plan``."""
        lane = Lane("mover", "left", "retrieve", MemoryPort(), LINK)
        self.kernel.connect(lane)
        self.kernel.host("mover", self.mover)
        self.left.answer = lambda _: plan
        self.kernel.perform(
            "mover", Send("move", "left", Move(of({"StudyInstanceUID": "2.25.1"}), destination="RIGHT"), 1_000_000)
        )

    def reply(self, index: int, message: Any) -> None:
        """Let ``right`` answer the request it got as the ``index``-th."""
        self.kernel.perform("right", Reply(self.right.tickets[index], message))

    def run(self, until: Instant | None = None) -> None:
        self.kernel.environment.run(until=until)


def registration(number: int) -> RegisterPatient:
    return RegisterPatient(f"C{number}", "20260302080000", PATIENT, Visit("V1"))


def acknowledge(message: RegisterPatient) -> Acknowledgement:
    return Acknowledgement("AA", message.control_id)


def step(number: int) -> StepStarted:
    code = Code("CTHEAD", "99RADLOOP", "CT head")
    return StepStarted(
        mpps_uid=f"2.25.{number}",
        patient=PATIENT,
        scheduled=(ScheduledReference("A1", "2.25.1000", "P1", "R1", "S1", code, code),),
        study_instance_uid="2.25.1000",
        modality="CT",
        station_ae_title="CT1",
        performed_step_id="PP1",
        description="CT head",
        started_at="20260302080000",
    )


HL7_KINDS = ("memory hl7", "hl7 codecs", "mllp")
DICOM_KINDS = ("memory dicom", "dicom codecs", "dicom")
KINDS = (*HL7_KINDS, *DICOM_KINDS)
"""Objects in memory, through the codecs in memory, over sockets."""


@contextmanager
def bench(kind: str, folder: Path, rules: Sequence[Rule] = (), answer: Any = None, associations: int = 1) -> Iterator[Bench]:
    """A bench over the port of ``kind``; everything it opens is closed at the end."""
    hl7 = kind in HL7_KINDS
    right = Scripted(answer or (acknowledge if hl7 else _dicom_answer))
    left = Scripted(_dicom_answer)
    plan = FaultPlan(SEED, rules)
    lane_names = ("adt",) if hl7 else ("steps", "store")
    records: list[Record] = []
    trace = Trace(Level.EXCHANGES)
    trace.subscribe(records.append)
    kernel = Kernel(simpy.Environment(0), plan, trace)
    kernel.host("left", left)
    kernel.host("right", right)
    open_ports = _socket_port if kind in ("mllp", "dicom") else _memory_port
    with open_ports(kind, folder, bool(rules)) as (port, set_up_round_trips):
        for name in lane_names:
            kernel.connect(
                Lane("left", "right", name, port, LINK, associations=associations, set_up_round_trips=set_up_round_trips)
            )
        yield Bench(kernel, left, right, registration if hl7 else step, records, Scripted(_dicom_answer))


def _dicom_answer(message: Any) -> Any:
    return SUCCESS if isinstance(message, StepStarted) else Admission()


@contextmanager
def _memory_port(kind: str, _folder: Path, _faulty: bool) -> Iterator[tuple[Any, int]]:
    _, scenario = find("clinic")
    passages: dict[str, Passage] = {
        "hl7 codecs": Hl7Passage(hl7_codec(scenario.site, "ehr", "ris")),
        "dicom codecs": DicomPassage("RIGHT", scanned_images(scenario, SEED).instances),
    }
    yield MemoryPort(MemoryArchive(), passages.get(kind)), 0 if kind in HL7_KINDS else 2


@contextmanager
def _socket_port(kind: str, folder: Path, faulty: bool) -> Iterator[tuple[Any, int]]:
    arrivals, origins = Arrivals(watchdog_s=10), Origins()
    _, scenario = find("clinic")
    server: MllpServer | DicomServer
    archive = None
    if kind == "mllp":
        codec = hl7_codec(scenario.site, "ehr", "ris")
        server = MllpServer("right", codec, arrivals, origins)
    else:
        archive = ImageArchive(folder / "archive", IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)
        server = DicomServer("right", "RIGHT", arrivals, origins, archive, known=frozenset(("LEFT",)))
    framing = Framing.MLLP if kind == "mllp" else Framing.DICOM
    relay = Relay(server.address, framing, on_dial=origins.relayed) if faulty else None
    address = server.address if relay is None else relay.address
    dead_end = Relay(server.address, framing) if faulty else None
    faults = None if relay is None or dead_end is None else LinkFaults(relay, dead_end)
    port: MllpPort | DicomPort
    if kind == "mllp":
        port = MllpPort(codec, address, arrivals, origins, faults)
    else:
        images = scanned_images(scenario, SEED)
        port = DicomPort("LEFT", "RIGHT", address, arrivals, origins, images.instances, faults)
    try:
        yield port, 0 if kind == "mllp" else 2
    finally:
        port.close()
        for one in (relay, dead_end):
            if one is not None:
                one.close()
        server.close()
        if archive is not None:
            archive.close()


def study(instances: int) -> StoreStudy:
    """A CT-like study of the clinic with its context, cut to ``instances``."""
    _, scenario = find("clinic")
    cases = Cases(scenario, Draws(SEED), scanned_images(scenario, SEED))
    visits = (cases.case(Arrival(0, number, 0)) for number in range(1, 100))
    case = next(case for case in visits if case.procedure.modality == "US")
    store = cases.prior(case)
    return store.only(InstanceSet(store.series_instance_uid, 1, instances))

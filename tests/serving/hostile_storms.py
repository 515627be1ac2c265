"""A storm at one port of a served system: mutated inputs, every so often a good exchange, and what came of all of them."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from emulators.codecs.dicom.uids import TRANSFER_SYNTAXES
from emulators.wire.dimse import C_STORE_RQ, RESPONSE, Command
from tests.serving import hostile_traffic as traffic
from tests.serving.hl7 import send
from tests.serving.hostile_inputs import (
    TITLES,
    Heard,
    Kind,
    converse_dicom,
    converse_hl7,
    dicom_input,
    hl7_input,
    perform,
)
from tests.serving.hostile_traffic import Identity
from tests.serving.processes import Served

GOOD_EVERY = 10
GOOD_FROM = 50_000
"""The numbers of good exchanges, so that none is about what a hostile one is about."""

WORKERS = {"dicom": 6, "mllp": 1}
"""Connections at once at a port. HL7 messages about the same order count in their order, so they go one after the other."""

Exchange = Callable[[Served], bool]
"""Has it again, with another system; whether that takes it."""


@dataclass
class Storm:
    """What a port was given, and what came of it."""

    system: str
    protocol: str
    kinds: Counter[Kind] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    good: int = 0
    taken: dict[tuple[int, str], Exchange] = field(default_factory=dict)
    """What was acknowledged positively, by number and part, in this order."""
    images: set[str] = field(default_factory=set)
    """The SOP Instance UIDs whose C-STORE was a success."""
    longest_s: float = 0.0
    """Of a connection, from its beginning to its end."""
    took_s: float = 0.0

    @property
    def port(self) -> str:
        return f"{self.system}-{self.protocol}"

    def run(self, served: Served, numbers: Sequence[int]) -> None:
        began_s = time.monotonic()
        with ThreadPoolExecutor(WORKERS[self.protocol], f"test-{self.port}") as pool:
            list(pool.map(lambda number: self._one(served, number), numbers))
        self.took_s = time.monotonic() - began_s

    def again(self, other: Served) -> Sequence[str]:
        """Give another system what this one has taken, and nothing else; what that does not take."""
        return [f"{self.port}-{number} {part}" for (number, part), exchange in self.taken.items() if not exchange(other)]

    def _one(self, served: Served, number: int) -> None:
        hostile = self._hostile_dicom if self.protocol == "dicom" else self._hostile_hl7
        try:
            if number % GOOD_EVERY == 0:
                self._take((GOOD_FROM + number, "good"), served, self._good(Identity(self.port, GOOD_FROM + number)))
                self.good += 1
            hostile(served, number)
        except Exception as error:
            self.failures.append(f"{self.port}-{number}: {type(error).__name__} {error}")

    def _take(self, name: tuple[int, str], served: Served, exchange: Exchange) -> None:
        if exchange(served):
            self.taken[name] = exchange

    # --- good exchanges ------------------------------------------------------------------------------------------------

    def _good(self, identity: Identity) -> Exchange:
        """Answered as it must be, or AssertionError."""
        turn, system = identity.number // GOOD_EVERY, self.system
        if self.protocol == "mllp":
            messages = list(traffic.HL7[system].values())
            return lambda served: _acknowledged(served, messages[turn % len(messages)].bytes_of(identity), identity)
        operations, syntax = list(traffic.DICOM[system].values()), TRANSFER_SYNTAXES[turn % 2]
        return lambda served: self._performed(served, operations[turn % len(operations)](identity, syntax), syntax)

    def _performed(self, served: Served, operations: Sequence[traffic.Operation], syntax: str) -> bool:
        for operation in operations:
            perform(served.address("dicom"), TITLES[self.system], operation, syntax)
            if operation.command.field == C_STORE_RQ:
                self.images.add(operation.command.sop_instance_uid)
        return True

    # --- hostile exchanges ---------------------------------------------------------------------------------------------

    def _hostile_dicom(self, served: Served, number: int) -> None:
        hostile = dicom_input(self.system, number)
        if hostile.before:
            self._take((number, "before"), served, lambda other: self._performed(other, hostile.before, hostile.syntax))
        began_s = time.monotonic()
        heard = converse_dicom(served.address("dicom"), hostile)
        self._note(hostile.kind, heard, began_s)
        self.images.update(filter(None, map(_stored, heard.answers)))
        if heard.is_positive:
            without_waiting = replace(hostile, leaves=True)
            self.taken[number, "hostile"] = lambda other: converse_dicom(other.address("dicom"), without_waiting).is_positive

    def _hostile_hl7(self, served: Served, number: int) -> None:
        hostile = hl7_input(self.system, number)
        began_s = time.monotonic()
        heard = converse_hl7(served.address("mllp"), hostile)
        self._note(hostile.kind, heard, began_s)
        assert len(heard.answers) == hostile.frames, f"{len(heard.answers)} answers to {hostile.frames} messages"
        if heard.is_positive:
            self.taken[number, "hostile"] = lambda other: converse_hl7(other.address("mllp"), hostile).is_positive

    def _note(self, kind: Kind, heard: Heard, began_s: float) -> None:
        self.longest_s = max(self.longest_s, time.monotonic() - began_s)
        self.kinds[kind] += 1
        self.endings[heard.ending] += 1


def _acknowledged(served: Served, message: bytes, identity: Identity) -> bool:
    answer = send(served.address("mllp"), message)
    assert (answer.code, answer.control_id) == ("AA", identity.name("C")), answer.summary
    return True


def _stored(answer: object) -> str:
    """The image that a response says is stored; empty if it says anything else."""
    if isinstance(answer, Command) and answer.field == C_STORE_RQ | RESPONSE and answer.status == 0x0000:
        return answer.sop_instance_uid
    return ""


def summary(storms: Sequence[Storm]) -> str:
    """A line for each port, and the counts of each part and mutation."""
    lines = []
    for storm in storms:
        endings = ", ".join(f"{count} {ending}" for ending, count in storm.endings.most_common())
        hostile_taken = sum(part == "hostile" for _, part in storm.taken)
        lines.append(
            f"{storm.port}: {storm.kinds.total()} mutated, {storm.good} good, in {storm.took_s:.0f} s, the longest "
            f"{storm.longest_s:.1f} s; {endings}; {hostile_taken} of the mutated taken"
        )
    mutations = Counter[str]()
    for storm in storms:
        for kind, count in storm.kinds.items():
            mutations[f"{storm.protocol} {kind.part}, {kind.mutation}"] += count
    return "\n".join([*lines, *(f"{count:6} {name}" for name, count in sorted(mutations.items()))])


def port_storms() -> Mapping[str, Storm]:
    """One for each port of all systems, before it."""
    storms = [Storm(system, "dicom") for system in traffic.DICOM] + [Storm(system, "mllp") for system in traffic.HL7]
    return {storm.port: storm for storm in storms}

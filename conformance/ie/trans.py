"""Pass-through: what an engine does to the content of what it forwards."""

from dataclasses import dataclass
from functools import partial

from conformance.case import MUST, READ, case
from conformance.material.messages import Sent
from conformance.material.patients import Patient
from conformance.material.routing import Route, message_of, routes
from conformance.peers.mllp import ReceivedMessage
from conformance.target import RoleTarget
from conformance.trial import Trial


@dataclass(frozen=True, slots=True)
class Addition:
    """Bytes put at the end of a segment, or segments behind the last; ``character_set`` is MSH-18."""

    segment: str
    data: bytes
    character_set: str = ""


ADDITIONS = (
    Addition("", b"ZPV|1|LOCAL^VALUE~SECOND|\\F\\|5&6\r"),
    Addition("", b"ZZZ\r"),
    Addition("", b"NTE|1|L|escapes: \\F\\ \\S\\ \\T\\ \\R\\ \\E\\ \\.br\\ \\H\\bold\\N\\ \\X0D41\\ \\Zlocal\\\r"),
    Addition("", b"NTE|2|L|one~two~~four\r"),
    Addition("", b'NTE|3|""|""\r'),
    Addition("", b"NTE|4|L|  blanks before and after  \r"),
    Addition("", b"NTE|5|L|" + b"long " * 2000 + b"\r"),
    Addition("PID", b"|" * 40 + b"UNKNOWN^FIELD&SUB~AGAIN"),
    Addition("PID", b"||||"),
    Addition("", b'ZNU|""|\\E\\""|"\r'),
)
WRITTEN = {
    "8859/1": "Müller".encode("latin-1"),
    "UNICODE UTF-8": "Mülłer 王小东".encode(),
    "GB 18030-2000": "王小东".encode("gb18030"),
}
"""Character sets of table 0211 in which bytes of no other meaning stand."""


def _variants(role: RoleTarget) -> list[str]:
    return ["content", *(("charset",) if set(WRITTEN) & set(role.claims.hl7_character_sets) else ())]


@case("ie.trans.1", MUST, "engine", "+", "HL7 v2.9.1 2.5.2, 2.6; profile", READ, variants=_variants)
def what_is_passed_on_is_left_alone(trial: Trial) -> None:
    """Z-segments, escapes, repetitions, nulls, unknown fields and the character set arrive as they were sent; only the declared
    fields change.
    """
    for route in routes(trial):
        with trial.mllp(route.sender) as sender:
            sent = [_with(trial, route, Patient(trial.patient_id()), one) for one in _additions(trial)]
            for one in sent:
                trial.expect_code(sender.ask(one.payload), "AA", "CA")
        for name in route.destinations:
            listener = trial.peer(name).mllp
            for one in sent:
                about = partial(_is_about, one.field("PID", 3).encode())
                [found] = listener.wait_for(f"{route.kind} from {route.sender}", about, trial.timers.propagation_s)
                _expect_the_same(trial, one, found)


def _is_about(patient_id: bytes, message: ReceivedMessage) -> bool:
    """By its bytes: what was done to the rest may leave a message that cannot be read."""
    return patient_id in message.payload


def _additions(trial: Trial) -> list[Addition]:
    if trial.variant == "content":
        return list(ADDITIONS)
    claimed = trial.target.claims.hl7_character_sets
    return [Addition("", b"NTE|1|L|" + text + b"\r", name) for name, text in WRITTEN.items() if name in claimed]


def _with(trial: Trial, route: Route, patient: Patient, addition: Addition) -> Sent:
    """A message of the route with something added."""
    sent = message_of(trial, route.kind, route.sender, patient)
    lines = sent.payload.rstrip(b"\r").split(b"\r")
    if addition.character_set:
        head = lines[0].split(b"|")
        head += [b""] * (18 - len(head))
        lines[0] = b"|".join([*head[:17], addition.character_set.encode(), *head[18:]])
    lines = [line + addition.data if line[:3].decode() == addition.segment else line for line in lines]
    if not addition.segment:
        lines.append(addition.data.rstrip(b"\r"))
    return Sent(b"\r".join(lines) + b"\r", sent.control_id)


def _expect_the_same(trial: Trial, sent: Sent, found: ReceivedMessage) -> None:
    """But for the declared fields, segment for segment and byte for byte. Raises Failure."""
    changed = trial.target.policies.changed_fields
    for number, (was, now) in enumerate(zip(_lines(sent.payload), _lines(found.payload), strict=False), 1):
        name = was[:3].decode("latin-1")
        before, after = _without(was, name, changed), _without(now, name, changed)
        trial.expect(before == after, f"segment {number} as it was: {before!r}", f"{after!r}", found.records)
    count = len(_lines(sent.payload))
    trial.expect_equal("segments", len(_lines(found.payload)), count, found.records)


def _lines(payload: bytes) -> list[bytes]:
    return payload.rstrip(b"\r").split(b"\r")


def _without(line: bytes, name: str, changed: tuple[str, ...]) -> bytes:
    """A segment whose declared fields are empty; of MSH empty fields at the end do not count."""
    fields = line.split(b"|")
    for one in changed:
        segment, _, number = one.partition("-")
        place = int(number) - (1 if name == "MSH" else 0)
        if segment == name and place < len(fields):
            fields[place] = b""
    joined = b"|".join(fields)
    return joined.rstrip(b"|") if name == "MSH" else joined

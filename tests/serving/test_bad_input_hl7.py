"""Bad HL7 at every served system that takes HL7: each gets the answer that the standard names, or its connection ends; the
system takes the next good message, and what it took before is still known.
"""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.messages.attributes import of
from emulators.messages.common import Acknowledgement, PersonName
from emulators.messages.imaging import StoreResult
from emulators.messages.query import Find
from emulators.messages.worklist import query_for_all_keys
from emulators.ports.sockets import Address
from emulators.wire.mllp import DEFAULT_MAX_FRAME_BYTES, Deframer, Frame, frame
from tests.actors import samples
from tests.actors.samples import ACCESSION, PATIENT, READER, SOMEBODY_ELSE, VISIT
from tests.peers.senders import Sender, study
from tests.serving.hl7 import CODEC, LIMIT_S, message_of, send
from tests.serving.processes import Served, site_file
from tests.serving.roles import kill_and_start_again, serving

STORED = study("US", 2)
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
ENDLESS = b"OBX|1|TX|||" + b"x" * DEFAULT_MAX_FRAME_BYTES

Change = Callable[[bytes], bytes]


# --- what each system is told, and how it shows that it knows ------------------------------------------------------------


def teach_ehr(ehr: Served) -> None:
    ehr.stimulate("register", {"subject": "M1", "patient": PATIENT, "visit": VISIT})
    placed = {"subject": "P1", "patient": PATIENT, "visit": VISIT, "orders": (samples.order(),)}
    ehr.stimulate("place order", placed)


def ehr_knows(ehr: Served, _taken: int) -> None:
    """The order: its reports are filed, those of another are refused."""
    assert [order["placer"] for order in ehr.status()["open_orders"]] == ["P1"]


def engine_knows(engine: Served, taken: int) -> None:
    """Every message that it took, and no other, waits for each of its destinations, of which nobody listens."""
    assert [(queue["to"], queue["depth"]) for queue in engine.status()["queues"]] == [("ris", taken), ("pacs", taken)]


def teach_ris(ris: Served) -> None:
    assert send(ris.address("mllp"), message_of(samples.place_order(), "ENGINE")).code == "AA"


def ris_knows(ris: Served, _taken: int) -> None:
    """The order: it is on the worklist, once."""
    query = query_for_all_keys({"ScheduledStationAETitle": "CT1"}, {"PatientID": PATIENT.patient_id})
    (item,) = Sender(ris.address("dicom")[1], "RADRIS", "CT1").ask(query).items
    assert item.text("PlacerOrderNumberImagingServiceRequest") == "P1"


def teach_pacs(pacs: Served) -> None:
    sender = Sender(pacs.address("dicom")[1], "RADPACS", "CT1")
    assert sender.ask(STORED) == StoreResult(stored=STORED.instances)
    while pacs.status()["events"] < 2:  # the header, and the batch when the association has ended
        pass


def pacs_knows(pacs: Served, _taken: int) -> None:
    """The images."""
    keys = of({"StudyInstanceUID": STORED.header.study_instance_uid, "NumberOfStudyRelatedInstances": ""})
    (match,) = Sender(pacs.address("dicom")[1], "RADPACS", "RADWS").ask(Find(keys)).matches
    assert match.text("NumberOfStudyRelatedInstances") == "2"


def workstation_knows(workstation: Served, _taken: int) -> None:
    """The case: it can be read."""
    signed = {"subject": ACCESSION, "status": "P", "text": "Unclear.", "reader": READER}
    assert workstation.stimulate("sign report", signed, until="report signed")["fields"]["accession"] == ACCESSION


def report(control_id: str) -> Any:
    return samples.report("P", control_id=control_id)


def update(control_id: str) -> Any:
    return samples.update_patient(control_id=control_id)


def entry(control_id: str) -> Any:
    return samples.reading_list_entry(control_id=control_id)


@dataclass
class Role:
    """A served system: who speaks to it, a message that it takes, one that is for others, and what it must know."""

    name: str
    sender: str
    good: Callable[[str], Any]
    foreign: Any
    knows: Callable[[Served, int], None]
    teach: Callable[[Served], None] = lambda _: None
    taken: int = 0
    """Good messages so far, each under its own MSH-10."""

    served: Any = None

    @property
    def address(self) -> Address:
        address: Address = self.served.address("mllp")
        return address

    def message(self, control_id: str = "") -> bytes:
        return message_of(self.good(control_id or f"GOOD{self.taken + 1}"), self.sender)

    def learn(self) -> None:
        self.teach(self.served)

    def still_serves(self) -> None:
        """It takes the next good message, and knows what it knew."""
        assert send(self.address, self.message()) == Acknowledgement("AA", f"GOOD{self.taken + 1}")
        self.taken += 1
        self.knows(self.served, self.taken)


def all_roles() -> tuple[Role, ...]:
    adt = samples.register_patient(control_id="BAD")
    return (
        Role("ehr", "ENGINE", report, adt, ehr_knows, teach_ehr),
        Role("engine", "EHR", lambda control_id: samples.register_patient(control_id=control_id), None, engine_knows),
        Role("ris", "ENGINE", update, samples.reading_list_entry(control_id="BAD"), ris_knows, teach_ris),
        Role("pacs", "ENGINE", update, samples.place_order(control_id="BAD"), pacs_knows, teach_pacs),
        Role("workstation", "RIS", entry, adt, workstation_knows),
    )


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Role]]:
    """Every system, served and taught, each by a process of its own."""
    with serving(site_file(tmp_path_factory.mktemp("site")), all_roles()) as served:
        yield served


@pytest.fixture(params=[role.name for role in all_roles()])
def role(request: pytest.FixtureRequest, roles: Mapping[str, Role]) -> Iterator[Role]:
    """One of them; after the test it must still serve."""
    chosen = roles[request.param]
    yield chosen
    chosen.still_serves()


# --- messages that cannot be read --------------------------------------------------------------------------------------


def put(name: str, number: int, value: bytes, payload: bytes) -> bytes:
    """The message with this value in a field of its first segment of this name."""
    lines = payload.split(b"\r")
    index = next(index for index, line in enumerate(lines) if line.startswith(name.encode()))
    fields = lines[index].split(b"|")
    position = number - (name == "MSH")
    fields += [b""] * (position + 1 - len(fields))
    fields[position] = value
    lines[index] = b"|".join(fields)
    return b"\r".join(lines)


def drop(name: str, payload: bytes) -> bytes:
    """The message without the segments of this name."""
    return b"\r".join(line for line in payload.split(b"\r") if not line.startswith(name.encode()))


def changed(name: str, number: int, value: bytes) -> Change:
    return partial(put, name, number, value)


def without(name: str) -> Change:
    return partial(drop, name)


def utf_8(name: bytes) -> Change:
    return lambda payload: put("PID", 5, name, put("MSH", 18, b"UNICODE UTF-8", payload))


BAD: Mapping[str, tuple[Change, str]] = {
    "nothing": (lambda _: b"", "AR 100 MSH"),
    "no MSH": (without("MSH"), "AR 100 MSH"),
    "no HL7": (lambda _: b'{"resourceType": "Patient"}', "AR 100 MSH"),
    "delimiters that are the same": (lambda payload: payload.replace(b"^~\\&", b"^^\\&", 1), "AR 102 MSH"),
    "segments that end with LF": (lambda payload: payload.replace(b"\r", b"\n"), "AR 102 MSH"),
    "segments that end with CR LF": (lambda payload: payload.replace(b"\r", b"\r\n"), "AR 102 MSH"),
    "a line that is no segment": (lambda payload: payload + b"and so on\r", "AR 102 MSH"),
    "cut in MSH": (lambda payload: payload[:30], "AR 101 MSH-10"),
    "cut behind MSH": (lambda payload: payload.partition(b"\r")[0], "AE 100"),
    "cut in PID": (lambda payload: payload[: payload.index(b"PID|") + 6], "AE 10"),
    "no version": (changed("MSH", 12, b""), "AR 203 MSH-12"),
    "a version to come": (changed("MSH", 12, b"3.9"), "AR 203 MSH-12"),
    "a test message": (changed("MSH", 11, b"T"), "AR 202 MSH-11"),
    "no type": (changed("MSH", 9, b""), "AR 101 MSH-9"),
    "an unknown type": (changed("MSH", 9, b"ZZZ^Z01"), "AR 200 MSH-9"),
    "an unknown trigger": (changed("MSH", 9, b"ADT^A99"), "AR 201 MSH-9"),
    "a type without trigger": (changed("MSH", 9, b"ADT"), "AR 201 MSH-9"),
    "an unknown sender": (changed("MSH", 3, b"NOBODY"), "AR 103 MSH-3"),
    "no sender": (changed("MSH", 3, b""), "AR 103 MSH-3"),
    "a time that is none": (changed("MSH", 7, b"yesterday"), "AE 102 MSH-7"),
    "no control ID": (changed("MSH", 10, b""), "AR 101 MSH-10"),
    "a control ID that is the null value": (changed("MSH", 10, b'""'), "AR 101 MSH-10"),
    "a control ID of 21 characters": (changed("MSH", 10, b"X" * 21), "AE 102 MSH-10"),
    "an unknown character set": (changed("MSH", 18, b"KLINGON"), "AR 102 MSH-18"),
    "a character set that MLLP cannot carry": (changed("MSH", 18, b"UNICODE UTF-16"), "AR 102 MSH-18"),
    "UTF-8 that is not declared": (changed("PID", 5, "Müller^Jane".encode()), "AE 102 PID-5"),
    "Latin-1 that is not declared": (changed("PID", 5, "Müller^Jane".encode("latin-1")), "AE 102 PID-5"),
    "Latin-1 declared as UTF-8": (utf_8("Müller^Jane".encode("latin-1")), "AE 102 PID-5"),
    "UTF-8 that is cut": (utf_8("Jane^Mü".encode()[:-1]), "AE 102 PID-5"),
    "no PID": (without("PID"), "AE 100 PID"),
    "two patients": (lambda payload: payload + b"PID|2||M2^^^RADLOOP||Roe^Richard\r", "AE 207 PID"),
    "no patient ID": (changed("PID", 3, b""), "AE 101 PID-3"),
    "a patient ID that is too long": (changed("PID", 3, b"9" * 65), "AE 102 PID-3"),
    "a patient ID that DICOM cannot carry": (changed("PID", 3, b"M\\E\\1^^^RADLOOP"), "AE 102 PID-3"),
    "no name": (changed("PID", 5, b""), "AE 101 PID-5"),
    "a name that is too long": (changed("PID", 5, b"D" * 65), "AE 102"),
    "a birth date that is none": (changed("PID", 7, b"19701332"), "AE 102 PID-7"),
    "an unknown sex": (changed("PID", 8, b"Q"), "AE 103 PID-8"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_message_that_cannot_be_read_is_refused_by_its_place(role: Role, bad: str) -> None:
    change, expected = BAD[bad]
    answer = send(role.address, change(role.message("BAD")))
    assert answer.summary.startswith(expected)


@pytest.mark.parametrize("bad", ["an unknown trigger", "no PID", "UTF-8 that is not declared", "an unknown character set"])
def test_the_refusal_names_the_message_that_it_answers(role: Role, bad: str) -> None:
    change, _ = BAD[bad]
    assert send(role.address, change(role.message("BAD"))).control_id == "BAD"


def test_a_message_that_is_for_another_system_is_refused(role: Role) -> None:
    if role.foreign is None:  # the engine takes every message, of those who have a route
        role = replace(role, sender="PACS", foreign=samples.register_patient(control_id="BAD"))
    expected = "AE 207 MSH-9" if role.name == "engine" else "AR 200 MSH-9"
    assert send(role.address, message_of(role.foreign, role.sender)).summary == expected


def test_a_control_id_that_comes_again_has_no_second_effect(role: Role) -> None:
    again = f"GOOD{role.taken}"
    assert send(role.address, role.message(again)) == Acknowledgement("AA", again)
    other = put("PID", 8, b"M", role.message(again))
    assert send(role.address, other) == Acknowledgement("AE", again, "205 MSH-10")


# --- what a conversation demands ---------------------------------------------------------------------------------------

MERGE = samples.merge_patients(control_id="BAD")
ORDER = samples.place_order("P2", control_id="BAD")
ENTRY = samples.reading_list_entry("P2", control_id="BAD")
REPORT = samples.report("F", control_id="BAD")

BAD_CONTENT: Mapping[str, tuple[str, Any, Change, str]] = {
    "an event without EVN": ("ris", update("BAD"), without("EVN"), "AE 100 EVN"),
    "an event without its time": ("pacs", update("BAD"), changed("EVN", 2, b""), "AE 101 EVN-2"),
    "an event without visit": ("engine", samples.register_patient(control_id="BAD"), without("PV1"), "AE 100 PV1"),
    "a visit of an unknown class": ("pacs", update("BAD"), changed("PV1", 2, b"X"), "AE 103 PV1-2"),
    "a merge without MRG": ("ris", MERGE, without("MRG"), "AE 100 MRG"),
    "a merge without prior ID": ("pacs", MERGE, changed("MRG", 1, b""), "AE 101 MRG-1"),
    "a merge across authorities": ("ris", MERGE, changed("MRG", 1, b"M1^^^ELSEWHERE"), "AE 204 MRG-1"),
    "an order without ORC": ("ris", ORDER, without("ORC"), "AE 100 ORC"),
    "an order without OBR": ("ris", ORDER, without("OBR"), "AE 100 OBR"),
    "an unknown order control": ("ris", ORDER, changed("ORC", 1, b"ZZ"), "AE 103 ORC-1"),
    "a placer number that is too long": (
        "ris",
        ORDER,
        lambda payload: put("OBR", 2, b"9" * 23, put("ORC", 2, b"9" * 23, payload)),
        "AE 102 ORC-2",
    ),
    "a cancellation of no order": ("ris", samples.cancel_order("P9", control_id="BAD"), bytes, "AE 204 ORC-2"),
    "a study without UID": ("workstation", ENTRY, changed("ZDS", 1, b""), "AE 101 ZDS-1"),
    "a study UID that is none": ("workstation", ENTRY, changed("ZDS", 1, b"1.2.03^Radloop"), "AE 102 ZDS-1"),
    "a report without OBR": ("ehr", REPORT, without("OBR"), "AE 100 OBR"),
    "a report without text": ("ehr", REPORT, without("OBX"), "AE 100 OBX"),
    "a report of an unknown status": ("ehr", REPORT, changed("OBR", 25, b"Z"), "AE 103 OBR-25"),
    "a report whose text is of an unknown status": (
        "ehr",
        REPORT,
        lambda payload: payload.replace(b"Text F.||||||F", b"Text F.||||||Z"),
        "AE 103 OBX-11",
    ),
    "a report on no order": ("ehr", samples.report("F", "P9", control_id="BAD"), bytes, "AE 204 OBR-2"),
    "a report on another patient": ("ehr", samples.report("F", patient=SOMEBODY_ELSE, control_id="BAD"), bytes, "AE 204 PID-3"),
}


@pytest.mark.parametrize("bad", BAD_CONTENT)
def test_a_message_without_what_its_conversation_demands_changes_nothing(bad: str, roles: Mapping[str, Role]) -> None:
    name, message, change, expected = BAD_CONTENT[bad]
    role = roles[name]
    answer = send(role.address, change(message_of(message, role.sender)))
    assert (answer.control_id, answer.summary) == ("BAD", expected)
    role.still_serves()


# --- bytes that are no messages ----------------------------------------------------------------------------------------


def answers_to(address: Address, *pieces: bytes) -> list[Acknowledgement]:
    """Send these pieces, then no more; every acknowledgement that came until the system closed its side."""
    deframer, received = Deframer(), []
    with socket.create_connection(address, timeout=LIMIT_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                received += deframer.receive(data)
        except (ConnectionResetError, BrokenPipeError):
            pass  # it has closed before it had read everything
    assert all(isinstance(event, Frame) for event in received)
    return [CODEC.decode_acknowledgement(event.payload) for event in received if isinstance(event, Frame)]


NO_FRAMES: Mapping[str, bytes] = {
    "HTTP": b"GET /metadata HTTP/1.1\r\nHost: radloop\r\n\r\n",
    "DICOM": b"\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00RADPACS         ",
    "a message without frame": message_of(update("BAD"), "ENGINE"),
    "an end without a beginning": b"\x1c\r\x1c\r",
    "every byte but a start": bytes(set(range(256)) - {0x0B}) * 100,
}


@pytest.mark.parametrize("noise", NO_FRAMES)
def test_bytes_outside_of_a_frame_are_passed_over(role: Role, noise: str) -> None:
    assert answers_to(role.address, NO_FRAMES[noise]) == []
    good = role.message()
    assert [answer.code for answer in answers_to(role.address, NO_FRAMES[noise], frame(good))] == ["AA"]
    role.taken += 1


def test_a_truncated_message_is_neither_taken_nor_acknowledged(role: Role) -> None:
    whole = frame(role.message("CUT"))
    for length in (1, 2, len(whole) // 2, len(whole) - 2, len(whole) - 1):
        assert answers_to(role.address, whole[:length]) == []
    dropped = f"{role.name}: an HL7 connection has ended: a message was cut after {len(whole) // 2 - 1} bytes"
    assert dropped in role.served.log.read_text()


def test_a_message_behind_a_truncated_one_is_taken_or_its_connection_closed(role: Role) -> None:
    half, whole = frame(role.message("CUT"))[:60], frame(role.message())
    answers = answers_to(role.address, half, whole)
    assert [answer.control_id for answer in answers] in ([], [f"GOOD{role.taken + 1}"])
    role.taken += len(answers)


def test_a_message_of_more_than_the_limit_is_dropped_and_its_connection_closed(roles: Mapping[str, Role]) -> None:
    role = roles["ehr"]
    head = message_of(REPORT, role.sender)
    assert answers_to(role.address, b"\x0b", head, ENDLESS, b"\x1c\r") == []
    role.still_serves()
    assert "ehr: an HL7 connection has ended: a message is longer than 67108864 bytes" in role.served.log.read_text()


def test_messages_that_stall_hold_up_nobody(role: Role) -> None:
    with ExitStack() as stalled:
        for length in range(1, 50):
            connection = stalled.enter_context(socket.create_connection(role.address, timeout=LIMIT_S))
            connection.sendall(frame(role.message("STALL"))[:length])
        role.still_serves()


def test_a_message_in_single_bytes_is_one_message(role: Role) -> None:
    pieces = [bytes((byte,)) for byte in frame(role.message())]
    assert [answer.code for answer in answers_to(role.address, *pieces)] == ["AA"]
    role.taken += 1


def test_a_message_whose_sender_leaves_before_the_answer_has_its_effect_once(role: Role) -> None:
    with socket.create_connection(role.address, timeout=LIMIT_S) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        connection.sendall(frame(role.message()) * 20)


@st.composite
def broken(draw: st.DrawFn) -> Change:
    """Some bytes of a message replaced by others."""
    start, length = draw(st.integers(0, 400)), draw(st.integers(0, 60))
    others = draw(st.binary(max_size=20) | st.sampled_from([b"|", b"^", b"\r", b"\\", b'""', b"\\X0D\\", b"\x00", b"~~~~"]))
    return lambda payload: payload[:start] + others + payload[start + length :]


@settings(max_examples=25)
@given(change=broken())
@pytest.mark.parametrize("name", ["ehr", "engine", "pacs", "ris", "workstation"])
def test_whatever_bytes_are_wrong_the_system_answers_and_goes_on(roles: Mapping[str, Role], name: str, change: Change) -> None:
    role = roles[name]
    answers_to(role.address, b"\x0b" + change(role.message("BROKEN")) + b"\x1c\r")
    if name == "engine":  # what can be read of it is forwarded
        forwarded = role.served.status()["queues"][0]["depth"]
        assert forwarded >= role.taken
        role.taken = forwarded
    role.still_serves()


# --- afterwards --------------------------------------------------------------------------------------------------------


def test_after_all_that_and_a_kill_a_system_knows_what_it_took(roles: Mapping[str, Role]) -> None:
    role = roles["engine"]
    kill_and_start_again(role)
    role.knows(role.served, role.taken)
    role.still_serves()


def test_the_log_has_no_fault_of_ours_and_names_no_patient(roles: Mapping[str, Role]) -> None:
    for role in roles.values():
        log = role.served.log.read_text()
        assert "Traceback" not in log
        assert "Error" not in log
        for name in (PATIENT.name, STORED.header.patient.name, PersonName("Müller")):
            assert name.family not in log

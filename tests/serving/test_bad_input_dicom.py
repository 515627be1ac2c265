"""Bad DICOM at every served system that takes DICOM: each gets the answer that the standard names; the system takes the next
good association, and what it took before is still known.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import (
    CT_IMAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    MODALITY_PERFORMED_PROCEDURE_STEP,
    MODALITY_WORKLIST_FIND,
    MR_IMAGE,
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
)
from emulators.messages.attributes import of
from emulators.messages.imaging import CommitRequest, Referenced, from_uids
from emulators.messages.query import Find
from emulators.messages.worklist import query_for_all_keys
from emulators.ports.sockets import Address
from emulators.wire.commands import (
    VERIFICATION,
    c_cancel_rq,
    c_echo_rq,
    c_find_rq,
    c_move_rq,
    c_store_rq,
    n_action_rq,
    n_create_rq,
    n_get_rq,
    n_set_rq,
    response,
)
from emulators.wire.dimse import Command, encode_command
from emulators.wire.items import ProposedContext
from emulators.wire.negotiation import MAX_PDU_LENGTH
from emulators.wire.pdu import Abort, AssociateAccept, AssociateReject, encode
from tests.actors import samples
from tests.actors.samples import PATIENT
from tests.peers.senders import Sender, data_sets, study
from tests.serving.hl7 import message_of, send
from tests.serving.processes import Served, site_file
from tests.serving.raw_dicom import RawConnection, ask, associated, echo, message, proposal
from tests.serving.roles import kill_and_start_again, serving

ULTRASOUND = study("US", 2)
FIRST, SECOND = ULTRASOUND.instances


# --- what each system is told, and how it shows that it knows ------------------------------------------------------------


@dataclass
class Role:
    """A served system, its AE title, and one of those who may call it."""

    name: str
    called: str
    calling: str
    teach: Callable[["Role"], None] = lambda _: None
    knows: Callable[["Role"], None] = lambda _: None
    served: Any = None

    @property
    def address(self) -> Address:
        served: Served = self.served
        return served.address("dicom")

    def associated(self, *abstract_syntaxes: str) -> Any:
        return associated(self.address, self.called, self.calling, *abstract_syntaxes)

    def learn(self) -> None:
        self.teach(self)

    def still_serves(self) -> None:
        echo(self.address, self.called, self.calling)
        self.knows(self)


def teach_ris(ris: Role) -> None:
    assert send(ris.served.address("mllp"), message_of(samples.place_order(), "ENGINE")).code == "AA"


def ris_knows(ris: Role) -> None:
    """The order: it is on the worklist, once."""
    query = query_for_all_keys({"ScheduledStationAETitle": "CT1"}, {"PatientID": PATIENT.patient_id})
    (item,) = Sender(ris.address[1], ris.called, ris.calling).ask(query).items
    assert item.text("PlacerOrderNumberImagingServiceRequest") == "P1"


def store_two(role: Role) -> None:
    with role.associated(ULTRASOUND.sop_class_uid) as connection:
        for uid, dataset in data_sets(ULTRASOUND).items():
            assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, uid), dataset).status == 0x0000
        connection.release()
    while role.served.status()["events"] < 2:  # the header, and the batch when the association has ended
        pass


def has_the_two(role: Role) -> None:
    """Two files; the same again changes nothing, and at the archive no other image replaces one of them."""
    files = sorted(path.name for path in archive_of(role).glob("images/*/*.dcm"))
    assert files == sorted((f"{FIRST}.dcm", f"{SECOND}.dcm"))
    with role.associated(ULTRASOUND.sop_class_uid) as connection:
        again = data_sets(ULTRASOUND)[FIRST]
        assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, FIRST), again).status == 0x0000
        if role.name == "pacs":
            other = changed_image(lambda image: setattr(image, "PatientComments", "another content"))
            assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, FIRST), other).status == 0x0111
        connection.release()


def archive_of(role: Role) -> Path:
    return Path(role.served.said["state"]) / "archive"


def pacs_knows(pacs: Role) -> None:
    has_the_two(pacs)
    keys = of({"PatientID": "", "NumberOfStudyRelatedInstances": ""})
    found = Sender(pacs.address[1], pacs.called, "RADWS").ask(Find(keys)).matches
    of_patient = [match for match in found if match.text("PatientID") == ULTRASOUND.header.patient.patient_id]
    assert [match.text("NumberOfStudyRelatedInstances") for match in of_patient] == ["2"]


def all_roles() -> tuple[Role, ...]:
    return (
        Role("ris", "RADRIS", "CT1", teach_ris, ris_knows),
        Role("pacs", "RADPACS", "US1", store_two, pacs_knows),
        Role("workstation", "RADWS", "RADPACS", store_two, has_the_two),
        Role("teleradiology", "TELERAD", "RADPACS", store_two, has_the_two),
        Role("ct1", "CT1", "RADPACS"),
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


@pytest.fixture
def ris(roles: Mapping[str, Role]) -> Iterator[Role]:
    yield roles["ris"]
    roles["ris"].still_serves()


@pytest.fixture
def pacs(roles: Mapping[str, Role]) -> Iterator[Role]:
    yield roles["pacs"]
    roles["pacs"].still_serves()


@pytest.fixture(params=["pacs", "workstation", "teleradiology"])
def archive(request: pytest.FixtureRequest, roles: Mapping[str, Role]) -> Iterator[Role]:
    """One of the systems that keep images."""
    chosen = roles[request.param]
    yield chosen
    chosen.still_serves()


# --- associations ------------------------------------------------------------------------------------------------------


def answer_to(role: Role, **changes: Any) -> Any:
    """What comes back for a request for an association with these changes."""
    with RawConnection(role.address) as connection:
        return connection.request(replace(proposal(role.called, role.calling), **changes))


REJECTED: Mapping[str, tuple[dict[str, Any], AssociateReject]] = {
    "a wrong called AE title": ({"called_ae_title": "NOT_YOU"}, AssociateReject(1, 1, 7)),
    "a called AE title in lower case": ({"called_ae_title": "radris"}, AssociateReject(1, 1, 7)),
    "an unknown calling AE title": ({"calling_ae_title": "STRANGER01"}, AssociateReject(1, 1, 3)),
    "another application context": ({"application_context_name": "1.2.3"}, AssociateReject(1, 1, 2)),
    "no application context": ({"application_context_name": ""}, AssociateReject(1, 1, 2)),
    "another protocol version": ({"protocol_version": 2}, AssociateReject(1, 2, 2)),
}


@pytest.mark.parametrize("bad", REJECTED)
def test_an_association_that_is_not_for_us_is_rejected_with_its_reason(role: Role, bad: str) -> None:
    changes, rejection = REJECTED[bad]
    assert answer_to(role, **changes) == rejection


def test_a_rejection_stands_in_the_log_in_words(pacs: Role) -> None:
    with RawConnection(pacs.address) as connection:
        connection.request(proposal("NOT_YOU", pacs.calling))
        connection.leave()
        assert connection.rest() == []  # it has closed, and so it has said why
    reason = "rejected permanent: called AE title not recognized"
    assert f"pacs: the association with 'US1' has ended: {reason}" in pacs.served.log.read_text()


def test_an_unknown_sop_class_or_transfer_syntax_spoils_no_other_context(role: Role) -> None:
    contexts = (
        ProposedContext(1, VERIFICATION, (EXPLICIT_VR_LITTLE_ENDIAN,)),
        ProposedContext(3, "1.2.3.4.5", (EXPLICIT_VR_LITTLE_ENDIAN,)),
        ProposedContext(5, VERIFICATION, ("1.2.3.4",)),
        ProposedContext(7, "1.2.840.10008.5.1.4.1.1.9999", (EXPLICIT_VR_LITTLE_ENDIAN,)),
    )
    accept = answer_to(role, contexts=contexts)
    assert isinstance(accept, AssociateAccept)
    assert {context.context_id: context.result for context in accept.contexts} == {1: 0, 3: 3, 5: 4, 7: 3}


A_REQUEST = encode(proposal("RADPACS", "US1"))
BEFORE_AN_ASSOCIATION: Mapping[str, bytes] = {
    "a PDU of 4 GiB": b"\x01\x00\xff\xff\xff\xff" + bytes(100),
    "a PDU of an unknown type": b"\x99\x00\x00\x00\x00\x04abcd",
    "an empty request": b"\x01\x00\x00\x00\x00\x00",
    "a request whose items do not fit it": A_REQUEST[:2] + (len(A_REQUEST) - 16).to_bytes(4) + A_REQUEST[6:-10],
    "data": b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x03",
    "an answer": b"\x02" + A_REQUEST[1:],
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HL7": b"\x0bMSH|^~\\&|EHR\r\x1c\r",
    "zeroes": bytes(1000),
}


@pytest.mark.parametrize("garbage", BEFORE_AN_ASSOCIATION)
def test_garbage_before_an_association_is_aborted_at_once(role: Role, garbage: str) -> None:
    with RawConnection(role.address) as connection:
        connection.send(BEFORE_AN_ASSOCIATION[garbage])
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)
    assert f"{role.name}: a DICOM connection has ended: " in role.served.log.read_text()


P_DATA_LONGER_THAN_ANNOUNCED = b"\x04\x00" + (MAX_PDU_LENGTH + 4096).to_bytes(4)
ECHO = encode_command(c_echo_rq(1))
ON_AN_ASSOCIATION: Mapping[str, tuple[bytes, int | None]] = {
    "a PDU of 4 GiB": (b"\x04\x00\xff\xff\xff\xff" + bytes(1 << 20), None),
    "a PDU longer than announced": (P_DATA_LONGER_THAN_ANNOUNCED + bytes(MAX_PDU_LENGTH), None),
    "a PDU of an unknown type": (b"\x99\x00\x00\x00\x00\x04abcd", 1),
    "a second request": (A_REQUEST, 2),
    "a release response": (b"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00", 2),
    "no value": (b"\x04\x00\x00\x00\x00\x00", None),
    "a value longer than its PDU": (b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x09\x01\x03", None),
    "a value without control header": (b"\x04\x00\x00\x00\x00\x05\x00\x00\x00\x01\x01", None),
    "a context that was not proposed": (message(ECHO, context_id=5), None),
    "a context of an even number": (message(ECHO, context_id=2), None),
    "a context that was refused": (message(ECHO, context_id=3), None),
}


@pytest.mark.parametrize("nonsense", ON_AN_ASSOCIATION)
def test_nonsense_on_an_association_aborts_it(role: Role, nonsense: str) -> None:
    sent, reason = ON_AN_ASSOCIATION[nonsense]
    with role.associated(VERIFICATION, "1.2.3.4.5") as connection:
        connection.send(sent)
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)
        assert abort.source == 2  # service provider
        assert reason is None or abort.reason == reason


def test_a_truncated_request_is_forgotten(role: Role) -> None:
    request = encode(proposal(role.called, role.calling))
    for length in (0, 1, 5, 6, 7, 74, len(request) // 2, len(request) - 1):
        with RawConnection(role.address) as connection:
            connection.send(request[:length])
            connection.leave()
            assert connection.rest() == []


def test_a_truncated_message_is_forgotten(role: Role) -> None:
    whole = message(ECHO)
    for length in (1, 6, 11, 12, 13, len(whole) - 1):
        with role.associated(VERIFICATION) as connection:
            connection.send(whole[:length])
            connection.leave()
            assert connection.rest() == []


def test_a_truncated_release_changes_nothing(role: Role) -> None:
    with role.associated(VERIFICATION) as connection:
        assert ask(connection, c_echo_rq(1)).status == 0x0000
        connection.send(b"\x05\x00\x00\x00\x00\x04\x00")
        connection.leave()
        assert connection.rest() == []


def test_connections_that_stall_hold_up_nobody(role: Role) -> None:
    request, store = encode(proposal(role.called, role.calling)), message(ECHO)
    with ExitStack() as stalled:
        for length in (0, 1, 6, 40, 100):
            connection = stalled.enter_context(RawConnection(role.address))
            connection.send(request[:length])
        for length in (0, 1, 6, 12, 40):
            connection = stalled.enter_context(role.associated(VERIFICATION))
            connection.send(store[:length])
        role.still_serves()


def test_associations_that_are_reset_or_aborted_leave_no_trace(role: Role) -> None:
    for number in range(30):
        with role.associated(VERIFICATION) as connection:
            connection.send(message(ECHO)[: number % 20])
            if number % 2:
                connection.send(encode(Abort(0, 0)))
            else:
                connection.reset()


@st.composite
def broken(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Some bytes of a conversation replaced by others."""
    start, length, others = draw(st.integers(0, 700)), draw(st.integers(0, 40)), draw(st.binary(max_size=40))
    return lambda conversation: conversation[:start] + others + conversation[start + length :]


@settings(max_examples=40)
@given(change=broken())
@pytest.mark.parametrize("name", [role.name for role in all_roles()])
def test_whatever_bytes_are_wrong_the_system_answers_and_goes_on(
    roles: Mapping[str, Role], name: str, change: Callable[[bytes], bytes]
) -> None:
    role = roles[name]
    contexts = (VERIFICATION, MODALITY_WORKLIST_FIND, STUDY_ROOT_FIND, ULTRASOUND.sop_class_uid)
    conversation = encode(proposal(role.called, role.calling, contexts)) + message(ECHO) + message(ECHO)
    with RawConnection(role.address) as connection:
        connection.send(change(conversation))
        connection.leave()
        connection.rest()  # all of it PDUs
    role.still_serves()


# --- messages ----------------------------------------------------------------------------------------------------------


def without(command: Command, *keywords: str) -> Command:
    return Command({keyword: value for keyword, value in command.elements.items() if keyword not in keywords})


def with_values(command: Command, **values: Any) -> Command:
    return Command({**command.elements, **values})


NO_COMMANDS: Mapping[str, bytes] = {
    "noise": bytes(range(1, 60)),
    "an element that is cut": ECHO[:-3],
    "an element of another group": b"\x08\x00\x05\x00\x02\x00\x00\x00AB" + ECHO,
    "no Command Field": encode_command(without(c_echo_rq(1), "CommandField")),
    "no Message ID": encode_command(without(c_echo_rq(1), "MessageID")),
    "no SOP class": encode_command(without(c_echo_rq(1), "AffectedSOPClassUID")),
    "no Command Data Set Type": encode_command(without(c_echo_rq(1), "CommandDataSetType")),
    "a Message ID of 4 bytes": ECHO.replace(b"\x10\x01\x02\x00\x00\x00\x01\x00", b"\x10\x01\x04\x00\x00\x00\x01\x00\x00\x00"),
    "more than 64 kB": ECHO + bytes(1 << 17),
}


@pytest.mark.parametrize("bad", NO_COMMANDS)
def test_a_command_that_cannot_be_read_aborts_its_association(role: Role, bad: str) -> None:
    with role.associated(VERIFICATION) as connection:
        connection.send(message(NO_COMMANDS[bad]))
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)


def test_a_data_set_before_its_command_and_two_messages_mixed_abort_their_association(role: Role) -> None:
    data_first = message(b"", b"ab")[12:]
    command_on_1, command_on_3 = message(ECHO)[:-1], message(ECHO, context_id=3)
    mixed = command_on_1[:11] + b"\x01" + message(ECHO)[12:] + command_on_3  # not the last fragment
    for sent in (data_first, mixed):
        with role.associated(VERIFICATION, VERIFICATION) as connection:
            connection.send(sent)
            (abort,) = connection.rest()
            assert isinstance(abort, Abort)


def test_what_is_no_request_is_passed_over(role: Role) -> None:
    with role.associated(VERIFICATION) as connection:
        connection.send_message(c_cancel_rq(999))
        connection.send_message(response(c_echo_rq(7), 0x0000))
        answer = ask(connection, c_echo_rq(65_535))
        assert (answer.name, answer.message_id, answer.status) == ("C-ECHO-RSP", 65_535, 0x0000)
        connection.release()


NOT_OF_VERIFICATION: Mapping[str, tuple[Command, bytes | None, int]] = {
    "C-FIND": (c_find_rq(1, VERIFICATION), b"", 0x0211),
    "N-ACTION": (n_action_rq(1, VERIFICATION, "2.25.1", 1), b"", 0x0211),
    "N-GET": (n_get_rq(1, VERIFICATION, "2.25.1"), None, 0x0211),
    "C-STORE": (c_store_rq(1, VERIFICATION, "2.25.1"), b"", 0x0211),
    "an unknown operation": (with_values(c_echo_rq(1), CommandField=0x0042), None, 0x0211),
    "C-ECHO of another SOP class": (with_values(c_echo_rq(1), AffectedSOPClassUID=CT_IMAGE), None, 0x0122),
    "C-STORE of another SOP class": (c_store_rq(1, CT_IMAGE, "2.25.1"), b"", 0x0122),
    "C-FIND of another SOP class": (c_find_rq(1, STUDY_ROOT_FIND), b"", 0x0122),
}


@pytest.mark.parametrize("operation", NOT_OF_VERIFICATION)
def test_an_operation_that_its_context_is_not_for_is_refused_and_the_association_goes_on(role: Role, operation: str) -> None:
    command, dataset, status = NOT_OF_VERIFICATION[operation]
    with role.associated(VERIFICATION) as connection:
        assert ask(connection, command, dataset).status == status
        assert ask(connection, c_echo_rq(2)).status == 0x0000
        connection.release()


# --- images ------------------------------------------------------------------------------------------------------------


def image() -> Dataset:
    """The second image under a UID of its own, without pixels."""
    dataset = read_dataset(io.BytesIO(data_sets(ULTRASOUND)[SECOND]), is_implicit_VR=False, is_little_endian=True)
    del dataset.PixelData
    return dataset


def encoded(dataset: Dataset, implicit: bool = False) -> bytes:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, implicit
    write_dataset(file, dataset)
    return file.getvalue()


def changed_image(change: Callable[[Dataset], object], uid: str = FIRST) -> bytes:
    dataset = image()
    dataset.SOPInstanceUID = uid
    with pydicom.config.disable_value_validation():
        change(dataset)
        return encoded(dataset)


def put(keyword: str, value: str) -> Callable[[Dataset], object]:
    def change(dataset: Dataset) -> None:
        dataset[keyword].value = value

    return change


def drop(keyword: str) -> Callable[[Dataset], object]:
    return lambda dataset: delattr(dataset, keyword)


BAD_UID = "2.25.77"
"""Of the image that is wrong."""

BAD_IMAGES: Mapping[str, tuple[bytes, int]] = {
    "nothing": (b"", 0xC000),
    "noise": (bytes(range(256)) * 20, 0xC000),
    "an element that is cut": (changed_image(lambda _: None, BAD_UID)[:200], 0xC000),
    "a value longer than the data set": (
        changed_image(lambda _: None, BAD_UID).replace(b"UI" + len(BAD_UID + "\0").to_bytes(2, "little"), b"UI\xff\xff", 1),
        0xC000,
    ),
    "a sequence that does not end": (encoded(image())[:60] + b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0", 0xC000),
    "elements out of order": (encoded(image())[100:] + encoded(image())[:100], 0xC000),
    "another transfer syntax than agreed": (encoded(image(), implicit=True), 0xC000),
    "no SOP class": (changed_image(drop("SOPClassUID"), BAD_UID), 0xA900),
    "another SOP class": (changed_image(put("SOPClassUID", MR_IMAGE), BAD_UID), 0xA900),
    "no SOP Instance UID": (changed_image(drop("SOPInstanceUID"), BAD_UID), 0xA900),
    "another SOP Instance UID": (changed_image(lambda _: None, "2.25.78"), 0xA900),
    "no Study Instance UID": (changed_image(drop("StudyInstanceUID"), BAD_UID), 0xA900),
    "no Series Instance UID": (changed_image(drop("SeriesInstanceUID"), BAD_UID), 0xC000),
    "a Study Instance UID without value": (changed_image(put("StudyInstanceUID", ""), BAD_UID), 0xA900),
    "a Study Instance UID that is none": (changed_image(put("StudyInstanceUID", "2.25.one"), BAD_UID), 0xA900),
    "a Study Instance UID of 70 characters": (changed_image(put("StudyInstanceUID", "2." + "1" * 68), BAD_UID), 0xA900),
    "a Study Instance UID that is a path": (changed_image(put("StudyInstanceUID", "../../../radloop"), BAD_UID), 0xA900),
    "a Series Instance UID that is none": (changed_image(put("SeriesInstanceUID", "series 1"), BAD_UID), 0xC000),
    "a patient ID of 65 characters": (changed_image(put("PatientID", "9" * 65), BAD_UID), 0xA900),
    "two patient names": (changed_image(put("PatientName", "Doe^Jane\\Roe^Ray"), BAD_UID), 0xA900),
    "an accession number of 17 characters": (changed_image(put("AccessionNumber", "A" * 17), BAD_UID), 0xA900),
}


@pytest.mark.parametrize("bad", BAD_IMAGES)
def test_a_data_set_that_cannot_be_filed_is_refused_and_nothing_of_it_kept(archive: Role, bad: str) -> None:
    dataset, status = BAD_IMAGES[bad]
    with archive.associated(ULTRASOUND.sop_class_uid) as connection:
        command = c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID)
        assert ask(connection, command, dataset).status == status
        good = data_sets(ULTRASOUND)[FIRST]
        assert ask(connection, c_store_rq(2, ULTRASOUND.sop_class_uid, FIRST), good).status == 0x0000  # known already
        connection.release()


BAD_STORES: Mapping[str, tuple[Command, int]] = {
    "a SOP class of another context": (c_store_rq(1, CT_IMAGE, BAD_UID), 0x0122),
    "a SOP class of no context": (c_store_rq(1, MR_IMAGE, BAD_UID), 0x0122),
    "a UID that is none": (c_store_rq(1, ULTRASOUND.sop_class_uid, "image one"), 0xC000),
    "a UID that is a path": (c_store_rq(1, ULTRASOUND.sop_class_uid, "../../../radloop"), 0xC000),
    "a UID of 70 characters": (c_store_rq(1, ULTRASOUND.sop_class_uid, "2." + "1" * 68), 0xC000),
    "the UID of another image": (c_store_rq(1, ULTRASOUND.sop_class_uid, FIRST), 0xA900),
}


@pytest.mark.parametrize("bad", BAD_STORES)
def test_a_c_store_whose_command_is_wrong_is_refused_and_nothing_of_it_kept(archive: Role, bad: str) -> None:
    command, status = BAD_STORES[bad]
    with archive.associated(ULTRASOUND.sop_class_uid, CT_IMAGE) as connection:
        assert ask(connection, command, changed_image(lambda _: None, BAD_UID)).status == status
        connection.release()


def test_a_c_store_without_data_set_is_refused(archive: Role) -> None:
    with archive.associated(ULTRASOUND.sop_class_uid) as connection:
        command = with_values(c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID), CommandDataSetType=0x0101)
        assert ask(connection, command).status == 0xC000
        connection.release()


@pytest.mark.parametrize("missing", ["AffectedSOPClassUID", "AffectedSOPInstanceUID"])
def test_a_c_store_that_names_no_instance_aborts_its_association(archive: Role, missing: str) -> None:
    with archive.associated(ULTRASOUND.sop_class_uid) as connection:
        connection.send_message(without(c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID), missing), b"")
        (abort,) = connection.rest()
        assert isinstance(abort, Abort)


@pytest.mark.parametrize("ending", ["left", "reset", "aborted"])
def test_of_an_image_that_is_cut_nothing_is_kept(archive: Role, ending: str) -> None:
    command = encode_command(c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID))
    whole = message(command, changed_image(lambda dataset: dataset.add_new(0x7FE00010, "OB", bytes(60_000)), BAD_UID))
    with archive.associated(ULTRASOUND.sop_class_uid) as connection:
        connection.send(whole[: len(whole) * 6 // 10])
        if ending == "reset":
            connection.reset()
            return
        if ending == "aborted":
            connection.send(encode(Abort(0, 0)))
        connection.leave()
        assert connection.rest() == []


def test_a_study_of_which_nothing_could_be_filed_is_not_found(pacs: Role) -> None:
    def of_a_new_study(dataset: Dataset) -> None:
        dataset.StudyInstanceUID, dataset.SOPClassUID = "2.25.79", MR_IMAGE

    with pacs.associated(ULTRASOUND.sop_class_uid) as connection:
        command = c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID)
        assert ask(connection, command, changed_image(of_a_new_study, BAD_UID)).status == 0xA900
        connection.release()
    keys = of({"StudyInstanceUID": "2.25.79"})
    assert Sender(pacs.address[1], pacs.called, "RADWS").ask(Find(keys)).matches == ()


def test_a_study_uid_of_another_patient_moves_no_image(pacs: Role) -> None:
    stolen = changed_image(put("PatientID", "SOMEBODY"), BAD_UID)
    with pacs.associated(ULTRASOUND.sop_class_uid) as connection:
        assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, BAD_UID), stolen).status == 0xC000
        connection.release()


# --- worklist, steps, query, commitment --------------------------------------------------------------------------------

MPPS = "2.25.4001"


def created(change: Callable[[Dataset], object] = lambda _: None) -> bytes:
    """An N-CREATE for an exam that nobody ordered, changed."""
    started = replace(samples.step_started(mpps_uid=MPPS), scheduled=(), study_instance_uid="2.25.4000")
    _, dataset = codec.encode_request(started, 1, EXPLICIT_VR_LITTLE_ENDIAN)
    content = read_dataset(io.BytesIO(dataset or b""), is_implicit_VR=False, is_little_endian=True)
    with pydicom.config.disable_value_validation():
        change(content)
        return encoded(content)


def in_step(keyword: str, value: str | None) -> Callable[[Dataset], object]:
    def change(dataset: Dataset) -> None:
        (step,) = dataset.ScheduledStepAttributesSequence
        if value is None:
            delattr(step, keyword)
        else:
            step[keyword].value = value

    return change


_TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)

BAD_STEPS: Mapping[str, tuple[bytes, int]] = {
    **{f"no {keyword}": (created(drop(keyword)), 0x0120) for keyword in _TYPE_1},
    **{f"{keyword} without value": (created(put(keyword, "")), 0x0121) for keyword in _TYPE_1[1:]},
    "no step": (created(lambda dataset: setattr(dataset, "ScheduledStepAttributesSequence", [])), 0x0121),
    "no study": (created(in_step("StudyInstanceUID", None)), 0x0120),
    "a study without UID": (created(in_step("StudyInstanceUID", "")), 0x0121),
    "a study UID that is none": (created(in_step("StudyInstanceUID", "study")), 0x0106),
    "a step that has ended": (created(put("PerformedProcedureStepStatus", "COMPLETED")), 0x0106),
    "a start that is no date": (created(put("PerformedProcedureStepStartDate", "20261332")), 0x0106),
    "noise": (bytes(range(256)), 0x0106),
    "a data set that is cut": (created()[:-5], 0x0106),
}


@pytest.mark.parametrize("name", ["ris", "pacs"])
@pytest.mark.parametrize("bad", BAD_STEPS)
def test_an_n_create_that_lacks_what_it_needs_makes_no_step(roles: Mapping[str, Role], name: str, bad: str) -> None:
    dataset, status = BAD_STEPS[bad]
    sop_class, role = MODALITY_PERFORMED_PROCEDURE_STEP, roles[name]
    with role.associated(sop_class) as connection:
        answer = ask(connection, n_create_rq(1, sop_class, MPPS), dataset)
        assert (answer.name, answer.status) == ("N-CREATE-RSP", status)
        assert ask(connection, n_set_rq(2, sop_class, MPPS), b"").status == 0x0112  # there is none
        connection.release()
    role.still_serves()


def ended(status: str) -> bytes:
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = status
    return encoded(dataset)


def test_what_is_set_wrongly_leaves_a_step_as_it_was(ris: Role) -> None:
    sop_class, uid = MODALITY_PERFORMED_PROCEDURE_STEP, "2.25.4002"
    with ris.associated(sop_class) as connection:
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0000
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0111
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("ENDED")).status == 0x0106
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("COMPLETED")).status == 0x0120  # without series and end
        assert ask(connection, n_set_rq(2, sop_class, "no uid"), ended("DISCONTINUED")).status == 0x0117
        assert ask(connection, n_get_rq(2, sop_class, uid)).status == 0x0211
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED")).status == 0x0000
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("IN PROGRESS")).status == 0x0110  # it is final
        connection.release()


def test_a_refusal_names_what_is_wrong(ris: Role) -> None:
    """PS3.7 Annex C: what is wrong, by its tag, in C and in N services; Error ID A710H (PS3.4 F.7.2.2.3)."""
    sop_class, uid = MODALITY_PERFORMED_PROCEDURE_STEP, "2.25.4003"
    with ris.associated(sop_class, MODALITY_WORKLIST_FIND) as connection:
        missing = ask(connection, n_create_rq(1, sop_class, uid), created(drop("Modality")))
        assert (missing.status, missing.elements["AttributeIdentifierList"]) == (0x0120, (0x00080060,))
        wrong = ask(connection, n_create_rq(1, sop_class, uid), created(put("PerformedProcedureStepStatus", "COMPLETED")))
        assert (wrong.status, wrong.elements["AttributeIdentifierList"]) == (0x0106, (0x00400252,))
        assert ask(connection, n_create_rq(1, sop_class, uid), created()).status == 0x0000
        assert ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED")).status == 0x0000
        final = ask(connection, n_set_rq(2, sop_class, uid), ended("DISCONTINUED"))
        assert (final.status, final.number("ErrorID")) == (0x0110, 0xA710)
        day = identifier(PatientBirthDate="yesterday")
        refused = ask(connection, c_find_rq(3, MODALITY_WORKLIST_FIND), day, 3)
        assert (refused.status, refused.elements["OffendingElement"]) == (0xA900, (0x00100030,))
        connection.release()


def identifier(**values: Any) -> bytes:
    dataset = Dataset()
    with pydicom.config.disable_value_validation():
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        return encoded(dataset)


def step(**values: str) -> Dataset:
    return read_dataset(io.BytesIO(identifier(**values)), is_implicit_VR=False, is_little_endian=True)


BAD_QUERIES: Mapping[str, tuple[str, str, bytes, int]] = {
    "noise on the worklist": ("ris", MODALITY_WORKLIST_FIND, bytes(range(256)), 0xA900),
    "two steps": (
        "ris",
        MODALITY_WORKLIST_FIND,
        identifier(ScheduledProcedureStepSequence=[step(Modality="CT"), step(Modality="MR")]),
        0xA900,
    ),
    "a day that is none": (
        "ris",
        MODALITY_WORKLIST_FIND,
        identifier(ScheduledProcedureStepSequence=[step(ScheduledProcedureStepStartDate="today")]),
        0xA900,
    ),
    "noise": ("pacs", STUDY_ROOT_FIND, bytes(range(256)), 0xA900),
    "no level": ("pacs", STUDY_ROOT_FIND, identifier(PatientID="M1"), 0xA900),
    "an unknown level": ("pacs", STUDY_ROOT_FIND, identifier(QueryRetrieveLevel="VISIT"), 0xA900),
    "a level that the root lacks": ("pacs", STUDY_ROOT_FIND, identifier(QueryRetrieveLevel="PATIENT"), 0xA900),
    "no study above the series": (
        "pacs",
        STUDY_ROOT_FIND,
        identifier(QueryRetrieveLevel="SERIES", SeriesInstanceUID=""),
        0xA900,
    ),
    "a wildcard for the study above": (
        "pacs",
        STUDY_ROOT_FIND,
        identifier(QueryRetrieveLevel="SERIES", StudyInstanceUID="*"),
        0xA900,
    ),
}


@pytest.mark.parametrize("bad", BAD_QUERIES)
def test_an_identifier_that_is_broken_is_refused_without_a_match(roles: Mapping[str, Role], bad: str) -> None:
    name, sop_class, dataset, status = BAD_QUERIES[bad]
    role = roles[name]
    with role.associated(sop_class) as connection:
        assert ask(connection, c_find_rq(1, sop_class), dataset).status == status
        connection.release()
    role.still_serves()


def test_a_c_move_that_cannot_be_carried_out_is_refused(pacs: Role) -> None:
    with pacs.associated(STUDY_ROOT_MOVE) as connection:
        study_key = identifier(QueryRetrieveLevel="STUDY", StudyInstanceUID=ULTRASOUND.header.study_instance_uid)
        for destination, dataset, status in (
            ("NOWHERE", study_key, 0xA801),
            ("RADWS", identifier(QueryRetrieveLevel="STUDY"), 0xA900),
            ("RADWS", bytes(range(256)), 0xA900),
        ):
            assert ask(connection, c_move_rq(1, STUDY_ROOT_MOVE, destination), dataset).status == status
        connection.release()


REFERENCE = of({"ReferencedSOPClassUID": ULTRASOUND.sop_class_uid, "ReferencedSOPInstanceUID": FIRST})
BAD_COMMITMENTS: Mapping[str, tuple[str, int, bytes, int]] = {
    "another instance": ("2.25.1", 1, identifier(TransactionUID="2.25.5001"), 0x0112),
    "an unknown action": (STORAGE_COMMITMENT_INSTANCE, 2, identifier(TransactionUID="2.25.5001"), 0x0123),
    "no transaction": (STORAGE_COMMITMENT_INSTANCE, 1, identifier(ReferencedSOPSequence=[]), 0x0120),
    "no images": (STORAGE_COMMITMENT_INSTANCE, 1, identifier(TransactionUID="2.25.5001", ReferencedSOPSequence=[]), 0x0121),
    "noise": (STORAGE_COMMITMENT_INSTANCE, 1, bytes(range(256)), 0x0115),
}


@pytest.mark.parametrize("bad", BAD_COMMITMENTS)
def test_a_commitment_that_cannot_be_asked_for_is_refused(pacs: Role, bad: str) -> None:
    instance, action, dataset, status = BAD_COMMITMENTS[bad]
    with pacs.associated(STORAGE_COMMITMENT) as connection:
        assert ask(connection, n_action_rq(1, STORAGE_COMMITMENT, instance, action), dataset).status == status
        connection.release()


def test_a_scanner_is_not_asked_to_commit(roles: Mapping[str, Role]) -> None:
    scanner = roles["ct1"]
    with scanner.associated(STORAGE_COMMITMENT) as connection:
        request = CommitRequest("2.25.5002", (Referenced(ULTRASOUND.sop_class_uid, from_uids([FIRST])),))
        command, dataset = codec.encode_request(request, 1, EXPLICIT_VR_LITTLE_ENDIAN)
        assert ask(connection, command, dataset).status == 0x0211
        connection.release()
    scanner.still_serves()


# --- afterwards --------------------------------------------------------------------------------------------------------


def test_after_all_that_and_a_kill_an_archive_has_what_it_took(roles: Mapping[str, Role]) -> None:
    role = roles["pacs"]
    kill_and_start_again(role)
    role.still_serves()


def test_the_log_has_no_fault_of_ours_and_names_no_patient(roles: Mapping[str, Role]) -> None:
    for role in roles.values():
        log = role.served.log.read_text()
        assert "Traceback" not in log
        assert "Error" not in log
        for patient in (PATIENT, ULTRASOUND.header.patient):
            assert patient.name.family not in log

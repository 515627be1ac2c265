"""Bad images at the systems that keep them: refused with their status, and nothing of them is kept."""

from collections.abc import Mapping

import pytest
from pydicom.dataset import Dataset

from emulators.codecs.dicom.uids import CT_IMAGE, MR_IMAGE
from emulators.messages.attributes import of
from emulators.messages.query import Find
from emulators.wire.commands import c_store_rq
from emulators.wire.dimse import Command, encode_command
from emulators.wire.pdu import Abort, encode
from tests.peers.senders import Sender, data_sets
from tests.serving.bad_input_dicom.pieces import (
    FIRST,
    ULTRASOUND,
    changed_image,
    drop,
    encoded,
    image,
    put,
    with_values,
    without,
)
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.raw_dicom import ask, message

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

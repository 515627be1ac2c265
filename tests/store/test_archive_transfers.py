"""A transfer into the archive with files: a data set in pieces, and what of it is refused, cut or discarded leaves nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from datasets.studies import Instance
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.store.archive import ImageArchive, Verdict
from tests.store.archive_samples import FIRST, STUDIES, data_set, files, receive, store


@pytest.mark.parametrize("piece_bytes", [1, 7, 300, 1000, 100_000])
def test_a_data_set_in_pieces_of_any_size_is_stored_whole(images: ImageArchive, piece_bytes: int) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    whole, reused = data_set(instance), bytearray(piece_bytes)
    incoming = receive(images, batch, instance)
    for start in range(0, len(whole), piece_bytes):
        piece = whole[start : start + piece_bytes]
        reused[: len(piece)] = piece
        incoming.write(memoryview(reused)[: len(piece)])
    assert incoming.header is not None
    assert incoming.header.study_instance_uid == FIRST.study_instance_uid
    assert incoming.commit().verdict is Verdict.STORED
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == whole


def test_the_header_is_known_before_the_pixels_have_come(images: ImageArchive) -> None:
    instance = STUDIES.instance(FIRST, 1)
    incoming = receive(images, images.open_batch(), instance)
    header, pixels = instance.buffers
    assert incoming.header is None
    incoming.write(header)
    incoming.write(pixels[:10])
    assert incoming.header is not None
    assert incoming.header.accession_number == FIRST.accession_number
    incoming.discard()


def test_a_data_set_without_pixels_is_complete_at_its_end(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    short = data_set(instance)[: data_set(instance).index(b"\x28\x00\x02\x00US")]  # ends behind group 0020
    incoming = receive(images, batch, instance)
    incoming.write(short)
    assert incoming.header is None
    assert incoming.commit().verdict is Verdict.STORED
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == short


def altered(instance: Instance) -> Instance:
    """The same header with one bit of the pixels changed."""
    header, pixels = instance.buffers
    return replace(instance, buffers=(header, pixels[:-1] + bytes([pixels[-1] ^ 1])))


def shortened(instance: Instance) -> Instance:
    return replace(instance, buffers=(instance.buffers[0],))


def recoded(instance: Instance) -> Instance:
    """The same bytes under another transfer syntax, which has an explicit VR header too."""
    return replace(instance, transfer_syntax_uid="1.2.840.10008.1.2.4.70")


@pytest.mark.parametrize("change", [altered, shortened, recoded])
def test_different_content_under_one_uid_is_refused_and_the_first_kept(
    images: ImageArchive, change: Callable[[Instance], Instance]
) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    store(images, batch, instance)
    assert store(images, batch, change(instance)).verdict is Verdict.DIFFERENT
    assert store(images, batch, instance).verdict is Verdict.SAME
    (told,) = images.tell(batch)
    assert (len(told.instances), told.duplicates_same, told.duplicates_different) == (1, 1, 1)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert bytes(images.open_dataset(row)) == data_set(instance)
    assert len(files(images)) == 1


def test_two_transfers_of_one_instance_at_once_leave_one(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    transfers = [receive(images, batch, instance) for _ in range(3)]
    for transfer in transfers:
        transfer.write(data_set(instance))
    assert len(files(images)) == 3
    transfers[0].discard()
    assert [transfer.commit().verdict for transfer in transfers[1:]] == [Verdict.STORED, Verdict.SAME]
    images.tell(batch)
    (row,) = images.instances(FIRST.study_instance_uid)
    assert [images.folder / row.path] == files(images)
    assert bytes(images.open_dataset(row)) == data_set(instance)


@pytest.mark.parametrize("announced", [{"sop_class_uid": "1.2.3"}, {"sop_instance_uid": "1.2.3"}], ids=str)
def test_a_data_set_that_is_not_the_announced_one_is_a_mismatch(images: ImageArchive, announced: dict[str, Any]) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    receipt = store(images, batch, replace(instance, **announced))
    assert receipt.verdict is Verdict.MISMATCH
    assert receipt.header.sop_instance_uid == instance.sop_instance_uid
    assert files(images) == []
    assert images.tell(batch) == ()


def test_a_data_set_that_cannot_be_read_is_a_remote_protocol_error_and_leaves_nothing(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    for broken in (b"nonsense" * 1000, data_set(instance)[:500]):
        incoming = receive(images, batch, instance)
        incoming.write(broken)
        with pytest.raises(RemoteProtocolError):
            incoming.commit()
        with pytest.raises(LocalProtocolError):
            incoming.commit()
    assert files(images) == []
    assert images.tell(batch) == ()


@pytest.mark.parametrize("uid", [FIRST.study_instance_uid, FIRST.series_uid], ids=["study", "series"])
@pytest.mark.parametrize("sent", ["", "../../escape", "1/2"])
def test_a_study_or_series_without_a_uid_is_refused(images: ImageArchive, uid: str, sent: str) -> None:
    instance = STUDIES.instance(replace(FIRST, instance_uid_root="1.2.3"), 1)
    header, pixels = instance.buffers
    assert uid.encode() in header
    header = header.replace(uid.encode(), sent.encode().ljust(len(uid), b"\0"))
    instance = replace(instance, buffers=(header, pixels))
    with pytest.raises(RemoteProtocolError, match="Study or Series Instance UID"):
        store(images, images.open_batch(), instance)
    assert files(images) == []


@pytest.mark.parametrize("uid", ["", "../../escape", "1/2", "1.2\n", "1" * 65, ".1"])
def test_a_uid_that_is_none_never_becomes_a_file_name(images: ImageArchive, uid: str) -> None:
    instance = replace(STUDIES.instance(FIRST, 1), sop_instance_uid=uid)
    with pytest.raises(RemoteProtocolError, match="not a UID"):
        receive(images, images.open_batch(), instance)


def test_a_header_that_never_ends_is_refused(images: ImageArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulators.store.archive.HEADER_LIMIT_BYTES", 10_000)
    incoming = receive(images, images.open_batch(), STUDIES.instance(FIRST, 1))
    incoming.write(b"\x09\x00\x01\x10OB\x00\x00\x00\x00\x00\x7f")
    for _ in range(40):
        incoming.write(bytes(1000))
    with pytest.raises(RemoteProtocolError, match="longer than what is left"):
        incoming.commit()


def test_a_discarded_transfer_leaves_nothing_and_cannot_go_on(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance)[:3000])
    assert len(files(images)) == 1
    incoming.discard()
    incoming.discard()
    assert files(images) == []
    with pytest.raises(LocalProtocolError):
        incoming.write(b"more")
    with pytest.raises(LocalProtocolError):
        incoming.commit()
    assert store(images, batch, instance).verdict is Verdict.STORED


def test_discard_after_commit_changes_nothing(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    incoming.commit()
    incoming.discard()
    assert len(files(images)) == 1


def test_an_instance_whose_batch_was_told_meanwhile_is_not_stored(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    images.tell(batch)
    with pytest.raises(LocalProtocolError, match="not open"):
        incoming.commit()
    assert files(images) == []


def test_an_index_that_cannot_be_written_is_an_os_error_and_leaves_no_file(images: ImageArchive) -> None:
    batch, instance = images.open_batch(), STUDIES.instance(FIRST, 1)
    incoming = receive(images, batch, instance)
    incoming.write(data_set(instance))
    images.close()
    with pytest.raises(OSError, match="index"):
        incoming.commit()
    assert files(images) == []


@pytest.mark.parametrize("missing_bytes", [1, 1_000])
@pytest.mark.parametrize("piece_bytes", [20_000, 1 << 20])
def test_of_an_image_whose_pixels_are_cut_nothing_is_kept(images: ImageArchive, missing_bytes: int, piece_bytes: int) -> None:
    whole = STUDIES.instance(FIRST, 1)
    cut = data_set(whole)[:-missing_bytes]
    batch = images.open_batch()
    incoming = receive(images, batch, whole)
    for position in range(0, len(cut), piece_bytes):
        incoming.write(cut[position : position + piece_bytes])
    with pytest.raises(RemoteProtocolError, match="ends inside an element"):
        incoming.commit()
    assert not files(images)
    assert store(images, batch, whole).verdict is Verdict.STORED

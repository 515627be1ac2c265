"""Signatures: what was signed is verified, and every kind of tampering is seen."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.report.writing import write_all
from conformance.signing import (
    CERTIFICATE,
    MANIFEST,
    SIGNATURE,
    SIGNED,
    Verified,
    fingerprint,
    load_private_key,
    load_public_key,
    make_key,
    verify,
)
from emulators.core.errors import ConfigError
from tests.conformance.made_up import made_up_run

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    write_all(made_up_run(folder, cases=14), folder, KEY)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A signed run, a copy of its own for each test."""
    return shutil.copytree(original, tmp_path / "run")


def checked(path: Path) -> Verified:
    return verify(path, KEY.public_key())


@pytest.mark.parametrize("name", ["", MANIFEST, SIGNATURE, *SIGNED])
def test_a_signed_run_holds_by_its_folder_its_manifest_or_any_of_its_files(folder: Path, name: str) -> None:
    found = checked(folder / name)
    assert found.holds
    assert sorted(found.good) == sorted([MANIFEST, *SIGNED])
    assert found.manifest["key"] == fingerprint(KEY.public_key())
    assert found.manifest["product"]["vendor"] == "Łódź Medical"


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_one_changed_byte_in_any_file_is_seen_and_named(folder: Path, name: str, where: float) -> None:
    flip(folder / name, where)
    for path in (folder, folder / MANIFEST, folder / CERTIFICATE):
        found = checked(path)
        assert not found.holds
        assert found.bad == [f"{name}: not what was signed"]
        assert name not in found.good


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_one_changed_byte_in_manifest_or_signature_is_seen_and_nothing_is_good(folder: Path, name: str, where: float) -> None:
    flip(folder / name, where)
    found = checked(folder)
    assert (found.holds, found.good, found.manifest) == (False, (), {})


def flip(path: Path, where: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(where * (len(data) - 1))] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", SIGNED)
def test_a_missing_file_is_seen(folder: Path, name: str) -> None:
    (folder / name).unlink()
    found = checked(folder)
    assert not found.holds
    assert found.bad == [f"{name}: missing"]


def test_a_certificate_alone_holds_and_the_rest_is_named_as_not_here(folder: Path) -> None:
    for name in SIGNED:
        if name != CERTIFICATE:
            (folder / name).unlink()
    found = checked(folder / CERTIFICATE)
    assert found.holds
    assert found.good == [MANIFEST, CERTIFICATE]
    assert found.missing == [name for name in SIGNED if name != CERTIFICATE]


def test_another_key_does_not_verify(folder: Path) -> None:
    assert not verify(folder, OTHER.public_key()).holds


def test_a_manifest_signed_anew_by_another_key_does_not_verify(folder: Path) -> None:
    flip(folder / "result.json", 0.5)
    write_all(made_up_run(folder, cases=3), folder, OTHER)
    assert not checked(folder).holds


def test_a_manifest_that_covers_less_is_seen_even_when_it_is_signed(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_bytes())
    del content["files"]["records.jsonl"]
    manifest = json.dumps(content).encode()
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_bytes(KEY.sign(manifest))
    assert checked(folder).bad == ["records.jsonl: the manifest does not cover it"]


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
def test_without_manifest_or_signature_it_is_unsigned(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ConfigError, match="unsigned"):
        checked(folder)


def test_an_unsigned_run_takes_the_signature_of_an_earlier_one_away(folder: Path) -> None:
    write_all(made_up_run(folder, cases=3), folder)
    with pytest.raises(ConfigError, match="unsigned"):
        checked(folder)


@pytest.mark.parametrize("name", ["nothing", "nothing.pdf"])
def test_a_file_that_is_not_there_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        checked(folder / name)


def test_a_file_that_no_run_writes_is_refused(folder: Path) -> None:
    (folder / "other.pdf").write_bytes(b"")
    with pytest.raises(ConfigError, match="give the folder of a run"):
        checked(folder / "other.pdf")


def test_a_new_key_is_for_its_owner_alone_and_signs_for_its_public_half(tmp_path: Path) -> None:
    public = make_key(tmp_path / "my.key")
    assert stat.S_IMODE((tmp_path / "my.key").stat().st_mode) == 0o600
    assert public == tmp_path / "my.key.pub"
    key = load_private_key(tmp_path / "my.key")
    load_public_key(public).verify(key.sign(b"x"), b"x")


@pytest.mark.parametrize("there", ["my.key", "my.key.pub"])
def test_no_key_is_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is there already"):
        make_key(tmp_path / "my.key")
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_what_is_no_key_of_its_kind_is_refused(tmp_path: Path) -> None:
    public = make_key(tmp_path / "my.key")
    with pytest.raises(ConfigError, match="not a private key"):
        load_private_key(public)
    with pytest.raises(ConfigError, match="not a public key"):
        load_public_key(tmp_path / "my.key")
    with pytest.raises(ConfigError, match="No such file"):
        load_public_key(tmp_path / "nothing")

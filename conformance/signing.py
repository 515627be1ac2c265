"""What a run wrote, signed: a manifest of digests, and a detached Ed25519 signature over it (RFC 8032).

``manifest.json`` names Radloop's version, the run, the time, the key's fingerprint and the SHA-256 of each file;
``manifest.json.sig`` is the signature of its bytes, 64 bytes. Any tool that knows Ed25519 can check it with the public key::

    openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in manifest.json -sigfile manifest.json.sig
    sha256sum result.json

The private key is PKCS #8 in PEM, not encrypted, mode 0600; who certifies holds it.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from conformance.result import RunResult
from emulators.core.errors import ConfigError

FORMAT = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CERTIFICATE = "certificate.pdf"
SIGNED = ("records.jsonl", "result.json", CERTIFICATE, "report.html", "junit.xml")
"""What a manifest covers: all of these."""

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey


def make_key(path: Path) -> Path:
    """Write a new private key to ``path`` and its public half beside it; the path of the latter.

    Raises ConfigError where either is there already, OSError.
    """
    public = path.with_name(path.name + ".pub")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    open_text = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for file in (path, public):
        if file.exists():
            raise ConfigError(f"{file}: is there already, and is not written over")
    for file, content, mode in ((path, secret, 0o600), (public, open_text, 0o644)):
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            opened.write(content)
    return public


def load_private_key(path: Path) -> PrivateKey:
    """Raises ConfigError where it is none."""
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):  # TypeError: encrypted
        raise ConfigError(f"{path}: not a private key of radloop certify keygen") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: not an Ed25519 key")
    return key


def load_public_key(path: Path) -> PublicKey:
    """Raises ConfigError where it is none; a private key is refused too."""
    try:
        key = load_pem_public_key(_read(path))
    except ValueError:
        raise ConfigError(f"{path}: not a public key of radloop certify keygen") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path}: not an Ed25519 key")
    return key


def fingerprint(key: PublicKey) -> str:
    """The SHA-256 of the raw public key, hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def remove_signature(folder: Path) -> None:
    """What is written next in the folder is not what an earlier signature was for."""
    for name in (MANIFEST, SIGNATURE):
        (folder / name).unlink(missing_ok=True)


def sign(folder: Path, result: RunResult, key: PrivateKey, now: datetime | None = None) -> None:
    """Sign the files that a run wrote into ``folder``. Raises OSError where one is missing."""
    content = {
        "format": FORMAT,
        "radloop": result.versions["radloop"],
        "product": dict(result.product),
        "role": result.role,
        "run": result.run_id,
        "signed_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "key": fingerprint(key.public_key()),
        "files": {name: _digest(folder / name) for name in SIGNED},
    }
    manifest = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_bytes(key.sign(manifest))


@dataclass(frozen=True, slots=True)
class Verified:
    """``good`` and ``missing`` are names of files, ``bad``: what is wrong. ``manifest``: empty where it is bad."""

    manifest: dict[str, Any]
    good: Sequence[str]
    bad: Sequence[str]
    missing: Sequence[str]

    @property
    def holds(self) -> bool:
        return bool(self.good) and not self.bad


def verify(path: Path, key: PublicKey) -> Verified:
    """Check a folder, its manifest, or its certificate alone: then files that are not there are only named.

    Raises ConfigError where nothing is signed, or ``path`` is not there.
    """
    if not path.exists():
        raise ConfigError(f"{path}: No such file or directory")
    folder = path if path.is_dir() else path.parent
    manifest, signature = folder / MANIFEST, folder / SIGNATURE
    if path.name == SIGNATURE:
        path = manifest
    if not path.is_dir() and path.name not in (MANIFEST, *SIGNED):
        raise ConfigError(f"{path}: give the folder of a run, its {MANIFEST}, or one of {', '.join(SIGNED)}")
    for file in (manifest, signature):
        if not file.exists():
            raise ConfigError(f"{folder}: unsigned: there is no {file.name}")
    content = _read(manifest)
    try:
        key.verify(_read(signature), content)
    except InvalidSignature:
        wrong = f"{MANIFEST}: the signature is not one of this key over this manifest"
        return Verified({}, (), (wrong,), ())
    needed = (path.name,) if path.name in SIGNED else SIGNED
    return _checked(folder, json.loads(content), needed)


def _checked(folder: Path, manifest: dict[str, Any], needed: Sequence[str]) -> Verified:
    good, bad, missing = [MANIFEST], list[str](), list[str]()
    for name in SIGNED:
        wanted = manifest.get("files", {}).get(name)
        if wanted is None:
            bad.append(f"{name}: the manifest does not cover it")
        elif not (folder / name).exists():
            (bad if name in needed else missing).append(f"{name}: missing" if name in needed else name)
        elif _digest(folder / name) != wanted:
            bad.append(f"{name}: not what was signed")
        else:
            good.append(name)
    return Verified(manifest, good, bad, missing)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None

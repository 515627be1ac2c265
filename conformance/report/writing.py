"""Everything that a run leaves in its folder, beside its records."""

from pathlib import Path

from conformance.report.certificate import to_certificate
from conformance.report.junit import to_junit
from conformance.report.page import to_page
from conformance.result import RunResult, to_json
from conformance.signing import CERTIFICATE, PrivateKey, fingerprint, remove_signature, sign
from conformance.taps import read_records


def write_all(result: RunResult, folder: Path, key: PrivateKey | None = None) -> None:
    """Write result, JUnit, page and certificate; with a key, sign them and the records that are there already.

    Raises OSError.
    """
    remove_signature(folder)
    signed_by = "" if key is None else fingerprint(key.public_key())
    (folder / "result.json").write_text(to_json(result), encoding="utf-8", errors="backslashreplace")
    (folder / "junit.xml").write_text(to_junit(result), encoding="utf-8")
    records = read_records(folder / result.evidence.file)
    (folder / "report.html").write_text(to_page(result, records, signed_by), encoding="utf-8")
    (folder / CERTIFICATE).write_bytes(to_certificate(result, signed_by))
    if key is not None:
        sign(folder, result, key)

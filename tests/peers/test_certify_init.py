"""The draft of a target file, asked of Orthanc and DCMTK; and a signed run from that draft, as a vendor would do it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conformance.target import Target, load_target
from radloop import app
from tests.peers.products import ARCHIVE, ORTHANC, dcmqrscp, free_port, orthanc, storescp, wlmscpfs

pytestmark = pytest.mark.peer

CT, IMPLICIT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def certify(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"}).invoke(app, ["certify", *map(str, words)])


def drafted(port: int, title: str, folder: Path) -> Target:
    done = certify("init", "--host", "127.0.0.1", "--port", port, "--aet", title)
    assert done.exit_code == 0, done.stderr
    (folder / "target.toml").write_text(done.stdout, encoding="utf-8")
    return load_target(folder / "target.toml")


def test_an_orthanc_is_drafted_judged_signed_and_verified(tmp_path: Path) -> None:
    with orthanc(tmp_path, free_port(), {}) as port:
        target = drafted(port, ORTHANC, tmp_path)
        claims = target.roles["pacs"].claims
        assert set(claims.services) == {"storage", "query", "move", "get", "commitment"}
        assert CT in claims.sop_classes
        assert {IMPLICIT, EXPLICIT} <= set(claims.transfer_syntaxes)
        assert target.roles["pacs"].policies.unknown_calling_ae_title == "accept"
        key, out = tmp_path / "my.key", tmp_path / "out"
        assert certify("keygen", "--out", key).exit_code == 0
        done = certify("dicom.echo.1", "--target", tmp_path / "target.toml", "--out", out, "--sign", key)
    assert done.exit_code == 0, done.output
    assert certify("verify", out, "--key", f"{key}.pub").exit_code == 0


def test_a_dcmqrscp_is_an_archive_without_commitment(tmp_path: Path) -> None:
    with dcmqrscp(tmp_path, {}) as port:
        target = drafted(port, ARCHIVE, tmp_path)
    assert set(target.roles["pacs"].claims.services) == {"storage", "query", "move", "get"}


def test_a_storescp_stores_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with storescp(tmp_path / "images") as port:
        target = drafted(port, "ANY-SCP", tmp_path)
    claims = target.roles["pacs"].claims
    assert claims.services == ("storage",)
    assert claims.transfer_syntaxes[:2] == (IMPLICIT, EXPLICIT)


def test_a_wlmscpfs_is_a_worklist_though_it_refuses_associations_without_a_context_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "WORKLIST").mkdir()
    with wlmscpfs(tmp_path, "WORKLIST") as port:
        target = drafted(port, "WORKLIST", tmp_path)
    assert target.roles["ris"].claims.services == ("worklist",)

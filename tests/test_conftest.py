"""The test suite's own rules bite: each runs pytest on one small file that breaks a rule."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


def run_pytest(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(CONFTEST, folder)
    (folder / "test_sample.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_sample.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file_skips_itself", [False, True])
def test_a_skip_passes_and_with_no_skips_fails(tmp_path: Path, file_skips_itself: bool) -> None:
    skip = "pytest.skip('Orthanc is not installed', allow_module_level=True)"
    source = f"import pytest\n{skip}" if file_skips_itself else f"import pytest\ndef test_it():\n    {skip}"
    assert run_pytest(tmp_path, source).returncode in (0, 5)  # 5: nothing was left to run
    refused = run_pytest(tmp_path, source, "--no-skips")
    assert refused.returncode in (1, 2)  # 2: the file could not be collected
    assert "Orthanc is not installed (a skip is a failure here" in refused.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    source = "import pytest\n@pytest.mark.xfail\ndef test_it():\n    assert False"
    assert run_pytest(tmp_path, source, "--no-skips").returncode == 0


LEAVES_A_THREAD = """
import conftest  # the one next to this file
import threading
conftest.THREAD_END_LIMIT_S = 0.05
release = threading.Event()
def test_it():
    threading.Thread(target=release.wait, args=(20,), name="{name}", daemon={daemon}).start()
def test_next():
    release.set()
"""


@pytest.mark.parametrize(("name", "daemon"), [("other", False), ("radloop-sockets", True)])
def test_a_thread_left_behind_fails_the_test_that_left_it(tmp_path: Path, name: str, daemon: bool) -> None:
    result = run_pytest(tmp_path, LEAVES_A_THREAD.format(name=name, daemon=daemon))
    assert result.returncode == 1
    assert f"threads still alive after the test: ['{name}']" in result.stdout


def test_a_daemon_thread_of_a_third_party_is_tolerated(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, LEAVES_A_THREAD.format(name="other", daemon=True)).returncode == 0

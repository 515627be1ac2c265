"""What a served system says in its log unasked."""

import logging
from pathlib import Path

import pytest

from tests.serving.desk import PATIENT, VISIT
from tests.serving.processes import site_file
from tests.serving.services import running


def test_what_waits_too_long_is_in_the_log_without_a_word_of_the_patient(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changes = {"alert_after_min = 10": "alert_after_min = 0.001"}
    with caplog.at_level(logging.WARNING, "radloop"), running(site_file(tmp_path, changes=changes), "ehr") as ehr:
        assert ehr.stimulate("register", subject="V1", patient=PATIENT, visit=VISIT) == ""
        ehr.wait_until(lambda _status: "ehr: 1 messages wait for engine, the oldest for 0 s" in caplog.messages)
    assert "Doe" not in caplog.text
    assert PATIENT.patient_id not in caplog.text

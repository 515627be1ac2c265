"""What is left after all the bad DICOM of this folder: what was taken before, and logs without a fault or a patient's name."""

from collections.abc import Mapping

from tests.actors.samples import PATIENT
from tests.serving.bad_input_dicom.pieces import ULTRASOUND
from tests.serving.bad_input_dicom.systems import Role
from tests.serving.roles import kill_and_start_again


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

"""The site file: the example is complete, and what is wrong is refused with file and key."""

from pathlib import Path

import pytest

from emulators.actors.modality import RESEND_AFTER_US, CommitmentPolicy
from emulators.core.errors import ConfigError
from emulators.core.instant import SECOND
from emulators.endpoints import load_site, require_system, state_folder
from emulators.ports.association import Limits
from emulators.serving.code import code_digest, settings_digest
from tests.serving.processes import example, site_file


def test_the_example_describes_every_system_once_with_ports_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(example(), encoding="utf-8")
    settings = load_site(tmp_path / "site.toml")
    assert settings.systems == settings.site.systems
    assert set(settings.endpoints) == set(settings.systems)
    ports = [
        port
        for endpoint in settings.endpoints.values()
        for port in (endpoint.dicom_port, endpoint.mllp_port, endpoint.control_port)
        if port is not None
    ]
    assert len(set(ports)) == len(ports)
    assert all(endpoint.control_port for endpoint in settings.endpoints.values())


def test_a_system_calls_itself_by_its_name_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    changes = {"[endpoints.pacs]\n": '[endpoints.pacs]\napplication = "ACME|PACS"\n'.replace("|", "-")}
    settings = load_site(site_file(tmp_path, changes=changes))
    assert settings.application("ris") == "RIS"
    assert settings.application("pacs") == "ACME-PACS"


def test_who_performs_at_a_station_and_in_which_steps_can_be_said(tmp_path: Path) -> None:
    changes = {
        'modality = "CT"\n': 'modality = "CT"\nperforming_physician = "HOUSE^GREGORY"\n',
        "[site.ae_titles]": '[site.procedure_steps]\nPETCT = ["CT-PART", "PT-PART"]\n\n[site.ae_titles]',
    }
    site = load_site(site_file(tmp_path, changes=changes)).site
    assert {station: person.pn for station, person in site.physicians.items()} == {"CT1": "HOUSE^GREGORY"}
    assert [code.value for code in site.protocols["PETCT"]] == ["CT-PART", "PT-PART"]


def test_state_lies_in_a_folder_per_system_beside_the_site_file(tmp_path: Path) -> None:
    path = site_file(tmp_path)
    assert state_folder(path, load_site(path), "ris") == tmp_path / "radloop-state" / "ris"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[endpoints.engine]", "[endpoints.motor]", "endpoints.motor: no system of the site; there is ehr, engine,"),
        ("[endpoints.ehr]\nmllp_port = 0", "[endpoints.ehr]", "endpoints.ehr.mllp_port: missing"),
        ("[endpoints.us1]\n", "[endpoints.us1]\nmllp_port = 1\n", "endpoints.us1.mllp_port: it does not speak this"),
        ("[endpoints.ris]\ndicom_port = 0", "[endpoints.ris]\ndicom_port = 65536", "endpoints.ris.dicom_port: "),
        ("[endpoints.ris]\n", '[endpoints.ris]\nstrangers = "maybe"\n', "endpoints.ris.strangers: Input should be 'refuse' or"),
        ("[endpoints.ris]\n", '[endpoints.ris]\nhost = ""\n', "endpoints.ris.host: "),
        ("[endpoints.ris]\n", "[endpoints.ris]\nport = 1\n", "endpoints.ris.port: Extra inputs"),
        ("[endpoints.ris]\n", '[endpoints.ris]\napplication = "EHR"\n', "endpoints.ris.application: EHR is that of ehr"),
        ("[endpoints.ris]\n", "[endpoints.ris]\nartim_s = 0\n", "endpoints.ris.artim_s: Input should be greater than 0"),
        ("[endpoints.ris]\n", "[endpoints.ris]\nassociations_max = 0\n", "endpoints.ris.associations_max: "),
        ('folder = "radloop-state"', "", "state.folder: Field required"),
        ("scale = 0.25", "scale = 2", "images.scale: "),
        ("priors = 1", "", "site.priors: Field required"),
    ],
)
def test_a_wrong_key_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = site_file(tmp_path, changes={old: new})
    with pytest.raises(ConfigError) as refused:
        load_site(path)
    assert str(path) in str(refused.value)
    assert complaint in str(refused.value)


def test_a_system_that_is_not_of_the_site_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"site.toml: no system risk; there is ehr, engine, ris"):
        require_system(load_site(site_file(tmp_path)), "risk", "site.toml")


def test_state_is_bound_to_what_makes_it_and_not_to_where_peers_listen(tmp_path: Path) -> None:
    here = settings_digest(load_site(site_file(tmp_path)), "ris")
    assert here == settings_digest(load_site(site_file(tmp_path, {"pacs.mllp_port": 2600})), "ris")
    assert here != settings_digest(load_site(site_file(tmp_path, changes={"priors = 1": "priors = 2"})), "ris")
    quirky = {"[endpoints.ris]\n": '[endpoints.ris]\nquirks = ["acks_first"]\n'}
    assert here != settings_digest(load_site(site_file(tmp_path, changes=quirky)), "ris")
    assert here == settings_digest(
        load_site(site_file(tmp_path, changes={"[site]\n": "[site]\nepoch = 2026-03-02T00:00:00\n"})), "ris"
    )
    assert len(code_digest()) == 12


def test_what_a_system_grants_its_peers_can_be_said_and_is_not_part_of_its_state(tmp_path: Path) -> None:
    plain = load_site(site_file(tmp_path))
    changes = {"[endpoints.ris]\n": "[endpoints.ris]\nartim_s = 0.5\nidle_s = 2\nassociations_max = 4\n"}
    granted = load_site(site_file(tmp_path, changes=changes))
    assert plain.endpoints["ris"].limits == Limits(10.0, 60.0, None)
    assert granted.endpoints["ris"].limits == Limits(0.5, 2.0, 4)
    assert settings_digest(granted, "ris") == settings_digest(plain, "ris")


def test_how_long_scanners_wait_for_commitment_can_be_said(tmp_path: Path) -> None:
    changes = {"[state]": "[site.commitment]\nresult_limit_s = 6\n\n[state]"}
    policy = load_site(site_file(tmp_path, changes=changes)).site.commitment.policy()
    assert policy == CommitmentPolicy(6 * SECOND, RESEND_AFTER_US)

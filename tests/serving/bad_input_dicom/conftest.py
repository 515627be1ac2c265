"""The served systems, started once for all files of this folder; a system must still serve after each test that had it."""

from collections.abc import Iterator, Mapping

import pytest

from tests.serving.bad_input_dicom.systems import Role, all_roles
from tests.serving.processes import site_file
from tests.serving.roles import serving


@pytest.fixture(scope="package")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Role]]:
    """Every system, served and taught, each by a process of its own."""
    with serving(site_file(tmp_path_factory.mktemp("site")), all_roles()) as served:
        yield served


@pytest.fixture(params=[role.name for role in all_roles()])
def role(request: pytest.FixtureRequest, roles: Mapping[str, Role]) -> Iterator[Role]:
    """One of them; after the test it must still serve."""
    chosen = roles[request.param]
    yield chosen
    chosen.still_serves()


@pytest.fixture
def ris(roles: Mapping[str, Role]) -> Iterator[Role]:
    yield roles["ris"]
    roles["ris"].still_serves()


@pytest.fixture
def pacs(roles: Mapping[str, Role]) -> Iterator[Role]:
    yield roles["pacs"]
    roles["pacs"].still_serves()


@pytest.fixture(params=["pacs", "workstation", "teleradiology"])
def archive(request: pytest.FixtureRequest, roles: Mapping[str, Role]) -> Iterator[Role]:
    """One of the systems that keep images."""
    chosen = roles[request.param]
    yield chosen
    chosen.still_serves()

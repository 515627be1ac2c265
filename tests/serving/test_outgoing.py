"""What a served system can send: by route, over the association of a request, and nothing that cannot be encoded."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulators.core.effect import Send
from emulators.core.instant import SECOND
from emulators.endpoints import load_site
from emulators.messages.attributes import of
from emulators.messages.commitment import CommitResult, Referenced
from emulators.messages.common import Acknowledgement, Patient, PersonName
from emulators.messages.imaging import StoreResult
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find
from emulators.ports.arrivals import Arrivals
from emulators.serving.outgoing import EndpointCarriers
from emulators.site import routes
from tests.actors.samples import register_patient
from tests.peers.senders import study
from tests.serving.processes import site_file
from tests.serving.services import IMAGES

NAMELESS = Patient("", "RADLOOP", PersonName("Doe", "Jane"))
STORE = study("US", 2)
RESULT = CommitResult("2.25.1", committed=(Referenced("1.2.3", InstanceSet(uids=("2.25.2",))),))


@pytest.fixture
def carriers(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[EndpointCarriers]:
    """Those of the system that the test names."""
    settings = load_site(site_file(tmp_path))
    with closing(EndpointCarriers(settings, request.param, Arrivals(), IMAGES.instances, None)) as made:
        for route in routes(settings.site):
            if route.sender == request.param:
                made.port(route)
        yield made


def send(to: str, message: Any, over: int | None = None) -> Send:
    return Send("k", to, message, 30 * SECOND, over)


@pytest.mark.parametrize("carriers", ["ehr"], indirect=True)
def test_a_message_that_can_be_encoded_goes_its_way(carriers: EndpointCarriers) -> None:
    assert carriers.refusal(send("engine", register_patient())) is None


@pytest.mark.parametrize("carriers", ["ehr"], indirect=True)
def test_an_hl7_message_that_cannot_be_encoded_is_answered_ae(carriers: EndpointCarriers) -> None:
    message = register_patient(patient=NAMELESS)
    assert carriers.refusal(send("engine", message)) == Acknowledgement("AE", message.control_id, "207")


@pytest.mark.parametrize("carriers", ["workstation"], indirect=True)
def test_what_nobody_carries_is_answered_as_its_receiver_would(carriers: EndpointCarriers) -> None:
    find = Find(of({"PatientID": "M1", "StudyInstanceUID": ""}))
    assert carriers.refusal(send("pacs", find)) is None
    answer = carriers.refusal(send("nobody", find))
    assert (type(answer).__name__, answer.status, answer.matches) == ("Found", 0xC000, ())
    message = register_patient()
    assert carriers.refusal(send("nobody", message)) == Acknowledgement("AE", message.control_id, "207")


@pytest.mark.parametrize("carriers", ["ct1"], indirect=True)
def test_a_study_without_a_way_has_failed_in_all_its_instances(carriers: EndpointCarriers) -> None:
    assert carriers.refusal(send("pacs", STORE)) is None
    assert carriers.refusal(send("nobody", STORE)) == StoreResult(failed=((0xC000, STORE.instances),))


@pytest.mark.parametrize("carriers", ["pacs"], indirect=True)
def test_what_goes_over_the_association_of_a_request_needs_no_route(carriers: EndpointCarriers) -> None:
    assert carriers.refusal(send("stranger", RESULT, over=7)) is None
    assert carriers.refusal(send("stranger", RESULT)).code == 0xC000

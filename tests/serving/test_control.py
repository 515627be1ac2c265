"""The control port: what goes over it line by line, and that nothing that comes over it ends anything."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from emulators.control import LINE_LIMIT_BYTES, ControlClient
from tests.serving.desk import PATIENT, VISIT
from tests.serving.processes import free_ports, site_file
from tests.serving.services import END_LIMIT_S, Running, running


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[Running]:
    (port,) = free_ports(1)  # where the engine is not
    with running(site_file(tmp_path, {"engine.mllp_port": port}), "ehr") as served:
        yield served


def said(ehr: Running, line: bytes) -> dict[str, Any]:
    """The answer to one line."""
    with socket.create_connection(ehr.address("control"), timeout=END_LIMIT_S) as connection:
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            answer: dict[str, Any] = orjson.loads(answers.readline())
            return answer


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"\n", "not a JSON object on one line"),
        (b"GET / HTTP/1.1\r\n", "not a JSON object on one line"),
        (b"[]\n", 'neither {"stimulate": name'),
        (b'{"ask": "everything"}\n', 'neither {"stimulate": name'),
        (b'{"stimulate": "register"}\n', 'neither {"stimulate": name'),
        (b'{"stimulate": 3, "data": {}}\n', "stimulate: not text"),
        (b'{"stimulate": "register", "data": []}\n', "data: not an object"),
        (b'{"stimulate": "register", "data": {"patient": {"type": "Ghost"}}}\n', "there is no Ghost"),
        (b'{"stimulate": "register", "data": {"patient": {"type": "Patient"}}}\n', "Patient: a field is missing"),
        (b'{"stimulate": "fly", "data": {}}\n', "ehr takes no stimulus 'fly'; there is "),
    ],
)
def test_what_is_no_request_is_answered_with_the_reason(ehr: Running, line: bytes, error: str) -> None:
    assert error in said(ehr, line)["error"]
    assert said(ehr, b'{"ask": "status"}\n')["system"] == "ehr"


def test_a_line_without_end_costs_its_connection(ehr: Running) -> None:
    assert said(ehr, b"x" * (LINE_LIMIT_BYTES + 1))["error"] == "a line without an end"
    assert said(ehr, b'{"ask": "status"}\n')["system"] == "ehr"


def test_many_requests_go_over_one_connection(ehr: Running) -> None:
    with socket.create_connection(ehr.address("control"), timeout=END_LIMIT_S) as connection:
        cancel = b'{"stimulate": "cancel order", "data": {"subject": "P9"}}\n'
        connection.sendall(b'{"ask": "status"}\n{"stimulate": "fly", "data": {}}\n' + cancel + b'{"ask": "status"}\n')
        with connection.makefile("rb") as answers:
            kinds = [next(iter(orjson.loads(answers.readline()))) for _ in range(4)]
            assert kinds == ["system", "error", "given", "system"]


def test_the_notes_that_follow_a_stimulus_come_each_on_a_line(ehr: Running) -> None:
    with ControlClient(ehr.address("control")) as client:
        assert client.stimulate("cancel order", {"subject": "P9"}) == ""
        assert next(client.notes(END_LIMIT_S)) == {"note": "no such order", "subject": "P9", "fields": {}}


def test_the_notes_end_when_the_client_asks_something_else(ehr: Running) -> None:
    with ControlClient(ehr.address("control")) as client:
        assert client.stimulate("register", {"subject": "M17", "patient": PATIENT, "visit": VISIT}) == ""
        assert client.status()["system"] == "ehr"


def test_waiting_for_notes_ends_in_time(ehr: Running) -> None:
    with ControlClient(ehr.address("control")) as client:
        client.stimulate("register", {"subject": "M17", "patient": PATIENT, "visit": VISIT})
        assert list(client.notes(0)) == []


def test_a_system_that_stops_ends_its_clients(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ris") as ris, ControlClient(ris.address("control")) as client:
        assert client.status()["system"] == "ris"
        ris.service.stop()
        ris.service.close()
        with pytest.raises(ConnectionError):
            client.status()


def test_the_control_port_is_on_this_machine_only(ehr: Running) -> None:
    assert ehr.address("control")[0] == "127.0.0.1"

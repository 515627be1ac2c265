"""Enhanced acknowledgement mode at served systems: the accept acknowledgement when a message is in the store, the application
acknowledgement as a message of its own, each only if it was asked for (HL7 v2.5.1 2.9.3, v2.9.1 2.8.3).
"""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from emulators.codecs.hl7v2 import Hl7Codec
from emulators.core.errors import ConfigError
from emulators.ports.sockets import Address
from emulators.wire import er7
from emulators.wire.mllp import frame
from tests.actors import samples
from tests.serving.hl7 import LIMIT_S, Peer, Receiver, payloads
from tests.serving.processes import free_ports, site_file
from tests.serving.services import Running, running, service

ALWAYS = '[endpoints.ris]\nacknowledgement = { accept = "AL", application = "AL" }\n'
"""Engine and workstation write to the RIS in enhanced mode."""


def from_engine(accept: str, application: str) -> Hl7Codec:
    return Hl7Codec("2.5.1", "ENGINE", "CLINIC", "RIS", "CLINIC", accept=accept, application=application)


def msa(payload: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2."""
    segment = er7.parse(payload).required("MSA")
    return segment.component(1, 1), segment.component(2, 1)


class Connection:
    """A client that reads frame by frame."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=LIMIT_S)
        self._payloads = payloads(self._socket)

    def send(self, payload: bytes) -> None:
        self._socket.sendall(frame(payload))

    def next(self) -> bytes:
        return next(self._payloads)

    def close(self) -> None:
        self._socket.close()


class Acknowledged(Receiver):
    """Keeps the application acknowledgements that it gets, and accepts all that comes."""

    def take(self, payload: bytes) -> str:
        if er7.header(payload).component(9, 1) != "ACK":
            return "AA"
        super().take(payload)
        return "CA"


@contextmanager
def ris_and_engine(folder: Path) -> Iterator[tuple[Running, Connection, Acknowledged]]:
    """A served RIS, a connection of the engine to it, and where the engine listens."""
    (port,) = free_ports(1)
    site = site_file(folder, {"engine.mllp_port": port})
    with (
        closing(Acknowledged(port)) as engine,
        running(site, "ris") as ris,
        closing(Connection(ris.address("mllp"))) as connection,
    ):
        yield ris, connection, engine


def assert_nothing_else_was_acknowledged(connection: Connection, engine: Acknowledged) -> None:
    """Acknowledgements keep their order: one of before would come before that of a last message."""
    connection.send(from_engine("AL", "AL").encode(samples.register_patient(control_id="LAST")))
    assert msa(connection.next()) == ("CA", "LAST")
    assert msa(engine.next()) == ("AA", "LAST")


# --- as receiver ---------------------------------------------------------------------------------------------------------


def test_an_answer_has_a_time_of_its_own(tmp_path: Path) -> None:
    with ris_and_engine(tmp_path) as (_, connection, _):
        for codec in (from_engine("", ""), from_engine("AL", "NE")):
            connection.send(codec.encode(samples.register_patient(control_id=f"C{codec.accept}")))
            assert er7.header(connection.next()).component(7, 1) == "20260302080000"
        connection.send(from_engine("", "").encode(samples.place_order()).replace(b"|20260302080000|", b"|20200101000000|", 1))
        assert er7.header(connection.next()).component(7, 1) == "20260302080000"


def test_a_message_is_accepted_and_then_acknowledged_by_a_message_of_its_own(tmp_path: Path) -> None:
    with ris_and_engine(tmp_path) as (ris, connection, engine):
        connection.send(from_engine("AL", "AL").encode(samples.place_order()))
        accepted = connection.next()
        assert msa(accepted) == ("CA", samples.place_order().control_id)
        acknowledged = er7.parse(engine.next())
        msh = acknowledged.msh
        assert msa(acknowledged.raw) == ("AA", samples.place_order().control_id)
        assert [msh.component(9, part) for part in (1, 2, 3)][:2] == ["ACK", "O01"]
        assert (msh.component(3, 1), msh.component(5, 1)) == ("RIS", "ENGINE")
        assert msh.component(10, 1) not in ("", er7.header(accepted).component(10, 1))
        assert (msh.component(15, 1), msh.component(16, 1)) == ("AL", "NE")
        ris.wait_until(lambda status: not [one for one in status["queues"] if one["queue"] == "acknowledgements"])


@pytest.mark.parametrize(
    ("accept", "application", "accepted", "applied"),
    [
        ("AL", "NE", ["CA", "CA"], []),
        ("NE", "AL", [], ["AA", "AE"]),
        ("ER", "NE", [], []),
        ("SU", "SU", ["CA", "CA"], ["AA"]),
        ("ER", "ER", [], ["AE"]),
        ("", "AL", [], ["AA", "AE"]),
        ("XX", "", ["AA", "AE"], []),
        ("XX", "NE", ["CA", "CA"], []),
    ],
)
def test_nothing_is_acknowledged_that_was_not_asked_for(
    tmp_path: Path, accept: str, application: str, accepted: list[str], applied: list[str]
) -> None:
    codec = from_engine(accept, application)
    with ris_and_engine(tmp_path) as (_, connection, engine):
        connection.send(codec.encode(samples.place_order()))
        connection.send(codec.encode(samples.cancel_order("P9")))
        connection.send(from_engine("", "").encode(samples.register_patient()))  # the end: acknowledged in original mode
        answers = [connection.next() for _ in (*accepted, "the end")]
        assert [msa(answer)[0] for answer in answers] == [*accepted, "AA"]
        assert [msa(engine.next())[0] for _ in applied] == applied
        assert_nothing_else_was_acknowledged(connection, engine)


@pytest.mark.parametrize(
    ("accept", "application", "old", "new", "code"),
    [
        ("AL", "AL", b"ORM^O01", b"ORM^O99", "CR"),
        ("ER", "NE", b"|2.5.1|", b"|3.9|", "CR"),
        ("AL", "AL", b"\rPID|", b"\rZID|", "CE"),
        ("NE", "AL", b"\rPID|", b"\rZID|", "AE"),
        ("SU", "ER", b"ORM^O01", b"ORM^O99", "AR"),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_came(
    tmp_path: Path, accept: str, application: str, old: bytes, new: bytes, code: str
) -> None:
    payload = from_engine(accept, application).encode(samples.place_order())
    assert old in payload
    with ris_and_engine(tmp_path) as (ris, connection, engine):
        connection.send(payload.replace(old, new, 1))
        assert msa(connection.next()) == (code, samples.place_order().control_id)
        assert ris.status()["open_procedures"] == []
        assert_nothing_else_was_acknowledged(connection, engine)


def test_a_type_that_this_system_does_not_take_is_rejected(tmp_path: Path) -> None:
    with ris_and_engine(tmp_path) as (_, connection, engine):
        connection.send(from_engine("AL", "AL").encode(samples.order_status("IP")))
        assert msa(connection.next())[0] == "CR"
        assert_nothing_else_was_acknowledged(connection, engine)


def test_a_repeated_message_is_acknowledged_again_and_has_one_effect(tmp_path: Path) -> None:
    with ris_and_engine(tmp_path) as (ris, connection, engine):
        for _ in range(2):
            connection.send(from_engine("AL", "AL").encode(samples.place_order()))
            assert msa(connection.next())[0] == "CA"
            assert msa(engine.next()) == ("AA", samples.place_order().control_id)
        assert len(ris.status()["open_procedures"]) == 1


def test_an_application_error_says_what_is_wrong(tmp_path: Path) -> None:
    with ris_and_engine(tmp_path) as (_, connection, engine):
        connection.send(from_engine("AL", "AL").encode(samples.cancel_order("P9")))
        assert msa(connection.next())[0] == "CA"
        acknowledged = engine.next()
        assert msa(acknowledged)[0] == "AE"
        assert b"ORC^1^2" in acknowledged
        assert b"204^Unknown key identifier" in acknowledged


def test_an_application_acknowledgement_that_nobody_accepts_is_sent_again_after_a_restart(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    site = site_file(tmp_path, {"engine.mllp_port": port})
    with running(site, "ris") as ris, closing(Connection(ris.address("mllp"))) as connection:
        connection.send(from_engine("AL", "AL").encode(samples.place_order()))
        assert msa(connection.next())[0] == "CA"  # and nobody listens for the other
    with closing(Acknowledged(port)) as engine, running(site, "ris"):
        assert msa(engine.next()) == ("AA", samples.place_order().control_id)


@pytest.mark.parametrize("sender", ["ENGINE", "SOMEBODY"])
def test_who_does_not_listen_is_acknowledged_on_the_same_connection(tmp_path: Path, sender: str) -> None:
    """A stranger, and a system of which the site says so."""
    changes = {
        "[endpoints.engine]": '[endpoints.engine]\ntakes_acknowledgements = "on the same connection"',
        "[endpoints.ris]": '[endpoints.ris]\nstrangers = "answer"',
    }
    codec = Hl7Codec("2.5.1", sender, "CLINIC", "RIS", "CLINIC", accept="AL", application="AL")
    with running(site_file(tmp_path, changes=changes), "ris") as ris, closing(Connection(ris.address("mllp"))) as connection:
        for message, code in ((samples.place_order(), "AA"), (samples.cancel_order("P9"), "AE")):
            connection.send(codec.encode(message))
            assert msa(connection.next()) == ("CA", message.control_id)
            acknowledged = connection.next()
            assert msa(acknowledged) == (code, message.control_id)
            header = er7.header(acknowledged)
            assert (header.component(5, 1), header.component(15, 1)) == (sender, "NE")
        ris.wait_until(lambda status: status["open_sends"] == [] or status["open_sends"][0]["to"] != sender)


# --- as sender -----------------------------------------------------------------------------------------------------------


def test_served_systems_do_it_among_themselves(tmp_path: Path) -> None:
    ris_port, engine_port = free_ports(2)
    site = site_file(
        tmp_path,
        {"ris.mllp_port": ris_port, "engine.mllp_port": engine_port},
        {"[endpoints.ris]\n": ALWAYS},
    )
    with running(site, "ris") as ris, running(site, "engine") as engine:
        with closing(Connection(engine.address("mllp"))) as ehr:
            ehr.send(Hl7Codec("2.5.1", "EHR", "C", "ENGINE", "C").encode(samples.place_order()))
            assert msa(ehr.next())[0] == "AA"
        ris.wait_until(lambda status: len(status["open_procedures"]) == 1)
        engine.wait_until(lambda status: status["accepted"] == [] and [one["to"] for one in status["queues"]] == ["ehr"])
        assert engine.status()["dead_letters"] == []


def test_an_application_error_makes_a_dead_letter_of_an_accepted_message(tmp_path: Path) -> None:
    ris_port, engine_port = free_ports(2)
    ports = {"ris.mllp_port": ris_port, "engine.mllp_port": engine_port}
    site = site_file(tmp_path, ports, {"[endpoints.ris]\n": ALWAYS})
    with running(site, "ris"), running(site, "engine") as engine:
        with closing(Connection(engine.address("mllp"))) as ehr:
            ehr.send(Hl7Codec("2.5.1", "EHR", "C", "ENGINE", "C").encode(samples.cancel_order("P9")))
            assert msa(ehr.next())[0] == "AA"
        engine.wait_until(lambda status: status["dead_letters"])
        (letter,) = engine.status()["dead_letters"]
        assert (letter["message"], letter["reason"]) == ("CancelOrder", "AE 204 ORC-2")
        assert engine.status()["accepted"] == []


def test_who_is_not_asked_to_accept_is_not_waited_for(tmp_path: Path) -> None:
    with closing(Peer(answers=False)) as ris:
        never = '[endpoints.ris]\nacknowledgement = { accept = "NE", application = "NE" }\n'
        site = site_file(tmp_path, {"ris.mllp_port": ris.port}, {"[endpoints.ris]\n": never})
        with running(site, "engine") as engine:
            with closing(Connection(engine.address("mllp"))) as ehr:
                for message in (samples.place_order(), samples.cancel_order()):
                    ehr.send(Hl7Codec("2.5.1", "EHR", "C", "ENGINE", "C").encode(message))
                    assert msa(ehr.next())[0] == "AA"
            assert [ris.next(), ris.next()] == [samples.place_order(), samples.cancel_order()]
            engine.wait_until(lambda status: status["queues"] == [])


def test_a_served_system_takes_application_acknowledgements_on_its_port(tmp_path: Path) -> None:
    changes = {
        "[endpoints.ris]\n": ALWAYS,
        "[endpoints.engine]\n": '[endpoints.engine]\ntakes_acknowledgements = "on the same connection"\n',
    }
    site = site_file(tmp_path, changes=changes)
    with pytest.raises(ConfigError, match=r"endpoints\.engine\.takes_acknowledgements: .* takes those of ris on its port"):
        service(site, "engine")
    service(site, "pacs").close()

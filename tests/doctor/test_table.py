"""What `radloop doctor` prints of its findings, whatever a peer has said."""

import pytest

from commands.doctor import _print
from emulators.doctor.finding import Connection, Finding, Health


def test_what_a_peer_says_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    connection = Connection("ris", "pacs", "HL7", ("127.0.0.1", 2573), ("orders",))
    _print([(connection, Finding(Health.BROKEN, "NAK AE [/]", "it says [/red]"))])
    printed = capsys.readouterr().out
    assert "NAK AE [/]" in printed
    assert "it says [/red]" in printed

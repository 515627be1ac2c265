"""Times with an offset are instants, and arrive as the wall time of the site; dates are dates."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.codecs.hl7v2 import Hl7Message, Rejection
from tests import strategies
from tests.codecs.hl7_golden import changed
from tests.codecs.hl7_samples import MESSAGES, codec

BERLIN = replace(codec("2.5.1"), zone=ZoneInfo("Europe/Berlin"))
START = "^^^20250301081500^^S||2025"


def wanted_at(start: str, sent_at: str = "20250301080100") -> Any:
    """When an order is wanted, read in Berlin."""
    payload = changed("PlaceOrder", (START, f"^^^{start}^^S||2025"), ("|20250301080100||ORM", f"|{sent_at}||ORM"))
    message: Any = BERLIN.decode(payload)
    return message.orders[0].requested_at


@pytest.mark.parametrize(
    ("said", "local"),
    [
        ("20251026023000+0200", "20251026023000"),  # the hour that there is twice
        ("20251026023000+0100", "20251026023000"),
        ("20251026003000+0000", "20251026023000"),
        ("20251026013000+0000", "20251026023000"),
        ("20250330013000+0000", "20250330033000"),  # the hour that there is not
        ("20250330023000", "20250330023000"),
        ("20250601233000-0500", "20250602063000"),
        ("202506011200+0000", "20250601140000"),
        ("2025060112+0530", "20250601083000"),
        ("20250601120000.1234+0000", "20250601140000"),
        ("20250601", "20250601000000"),
        ("20250601-0500", "20250601000000"),
    ],
)
def test_a_time_with_an_offset_is_that_instant(said: str, local: str) -> None:
    assert wanted_at(said) == local


def test_the_offset_of_the_message_is_that_of_its_other_times() -> None:
    assert wanted_at("20250601120000", "20250601110000+0000") == "20250601140000"
    assert wanted_at("20250601120000+0200", "20250601110000+0000") == "20250601120000"
    assert wanted_at("20250601", "20250601110000-1100") == "20250601000000"


def test_the_time_of_the_message_itself_is_local() -> None:
    payload = changed("PlaceOrder", ("|20250301080100||ORM", "|20250301080100+0000||ORM"))
    assert BERLIN.decode(payload).sent_at == "20250301090100"


def test_the_time_of_a_report_and_of_an_event_are_local() -> None:
    report: Any = BERLIN.decode(changed("Report", ("|20250301095900|", "|20250301095900+0000|")))
    assert report.reported_at == "20250301105900"
    without_its_own = ("|20250301080000||ADT", "|||ADT")
    event = BERLIN.decode(changed("RegisterPatient", without_its_own, ("EVN||20250301080000", "EVN||20250301080000+0000")))
    assert event.sent_at == "20250301090000"


@pytest.mark.parametrize("born", ["19700228000000+1400", "19700228235959-1200", "19700228"])
def test_a_birth_date_is_never_shifted(born: str) -> None:
    payload = changed("PlaceOrder", ("|19700228|", f"|{born}|"), ("|20250301080100||ORM", "|20250301080100-1100||ORM"))
    message: Any = BERLIN.decode(payload)
    assert message.patient.birth_date == "19700228"


@pytest.mark.parametrize("start", ["20250230120000+0000", "20250601250000+0100", "soon", "20250601120000+01"])
def test_what_is_no_time_is_refused(start: str) -> None:
    with pytest.raises(Rejection, match="AE 102 ORC-7"):
        wanted_at(start)


def test_without_a_zone_an_offset_is_dropped() -> None:
    message: Any = codec("2.5.1").decode(changed("PlaceOrder", (START, "^^^20250601120000-0500^^S||2025")))
    assert message.orders[0].requested_at == "20250601120000"


def test_the_time_of_tq1_is_local() -> None:
    link = replace(BERLIN, order_messages="OMI")
    payload = link.encode(MESSAGES["ScheduleProcedure"]).replace(b"||20250301083000||S", b"||20250301083000+0000||S")
    message: Any = link.decode(payload)
    assert message.steps[0].start == "20250301093000"


@given(strategies.hl7_messages, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia"]))
def test_what_says_nothing_of_zones_arrives_as_it_was_sent(message: Hl7Message, zone: str) -> None:
    link = replace(codec("2.5.1"), zone=ZoneInfo(zone))
    assert link.decode(link.encode(message)) == message

"""What an ORM^O01 means is told by ORC-1, ORC-5, ORC-16 and ZDS alone; several orders or steps in one message."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.codecs.hl7v2 import Rejection
from emulators.messages.orders import (
    CancelOrder,
    CancelProcedure,
    ChangeOrder,
    ChangeProcedure,
    FillerOrder,
    OrderStatus,
    PlaceOrder,
    ReadingListEntry,
    ReadingListRemoval,
    ReportStatus,
    ScheduleProcedure,
)
from tests.codecs.hl7_golden import GOLDEN, changed
from tests.codecs.hl7_samples import ORDER, SCHEDULED, SECOND_STEP, codec, variant

LINK = codec("2.5.1")
ZDS = "ZDS|2.25.4711^Radloop^Application^DICOM\r"


def meaning(control: str, status: str, zds: bool, reason: str = "") -> type:
    """What the same order is, read under these codes."""
    text = GOLDEN["ScheduleProcedure"].replace("ORC|NW|P-1|A123456789||SC|", f"ORC|{control}|P-1|A123456789||{status}|")
    text = text.replace("|^Who^Meredith\rOBR", f"|^Who^Meredith||||{reason}\rOBR")
    return type(LINK.decode((text if zds else text.replace(ZDS, "")).encode()))


@pytest.mark.parametrize(
    ("control", "status", "zds", "kind"),
    [
        ("NW", "", False, PlaceOrder),
        ("NW", "SC", False, PlaceOrder),
        ("NW", "", True, ScheduleProcedure),
        ("NW", "CM", True, ScheduleProcedure),
        ("XO", "", False, ChangeOrder),
        ("XO", "SC", True, ChangeProcedure),
        ("XO", "CM", True, ChangeProcedure),
        ("CA", "", False, CancelOrder),
        ("CA", "CA", False, CancelOrder),
        ("CA", "", True, CancelProcedure),
        ("CA", "CA", True, CancelProcedure),
        ("CA", "IP", True, CancelProcedure),
        ("CA", "CM", True, ReadingListRemoval),
        ("SC", "CM", True, ReadingListEntry),
        ("SC", "CM", False, OrderStatus),
        ("SC", "IP", True, OrderStatus),
        ("SN", "", False, FillerOrder),
        ("CR", "CA", False, OrderStatus),
        ("UC", "IP", False, OrderStatus),
        ("OC", "CA", False, OrderStatus),
    ],
)
def test_the_meaning_is_told_by_codes_and_the_study(control: str, status: str, zds: bool, kind: type) -> None:
    assert meaning(control, status, zds) is kind


def test_the_state_of_a_report_is_told_by_our_scheme_in_orc_16() -> None:
    assert meaning("SC", "CM", False, "FINAL^Report final^99RADLOOP-RPT") is ReportStatus
    assert meaning("SC", "CM", False, "FINAL^Report final^99OTHER") is OrderStatus


@pytest.mark.parametrize("control", ["DC", "HD", "RP", "RE", "ZZ"])
def test_other_order_controls_are_refused(control: str) -> None:
    with pytest.raises(Rejection, match="AE 103 ORC-1"):
        meaning(control, "", False)


@pytest.mark.parametrize("status", ["SC", "IP", "CM", "CA", "DC"])
@pytest.mark.parametrize("control", ["SC", "CR", "UC", "OC"])
def test_a_status_is_read_under_every_control(control: str, status: str) -> None:
    payload = changed("OrderStatus", ("ORC|SC|", f"ORC|{control}|"), ("||IP||", f"||{status}||"))
    assert LINK.decode(payload) == variant("OrderStatus", order_control=control, status=status)


# --- several orders, several steps ---------------------------------------------------------------------------------------


def test_each_of_several_orders_has_its_own_timing() -> None:
    message: Any = LINK.decode(
        changed(
            "two orders",
            ("^^^20250301081500^^R||", "||"),
            ("^^^20250301081500^^R", ""),
            ("OBR|2", "TQ1|1||||||20250302||R\rOBR|2"),
        )
    )
    assert [(order.priority, order.requested_at) for order in message.orders] == [
        ("STAT", "20250301081500"),
        ("ROUTINE", "20250302000000"),
    ]


def test_steps_differ_and_share_their_procedure() -> None:
    message: Any = LINK.decode(GOLDEN["two steps"].encode())
    assert message.steps == (SCHEDULED, SECOND_STEP)
    assert [step.modality for step in message.steps] == ["CT", "NM"]
    assert message.order == ORDER


@pytest.mark.parametrize(("ordered", "scheduled"), [("CT", "MR"), ("", "MR"), ("CT", ""), ("", "")])
def test_the_modality_ordered_and_that_of_the_step_are_both_kept(ordered: str, scheduled: str) -> None:
    message = variant(
        "ScheduleProcedure",
        order=replace(ORDER, modality=ordered),
        steps=(replace(SCHEDULED, modality=scheduled),),
    )
    assert LINK.decode(LINK.encode(message)) == message


def test_a_filler_of_another_make_gives_one_modality_for_both() -> None:
    message: Any = LINK.decode(changed("ScheduleProcedure", ("|||CT|||", "|||MR|||")))
    assert (message.order.modality, message.procedure.modality) == ("MR", "MR")


def test_an_order_that_nobody_has_numbered_is_scheduled_and_reported() -> None:
    unnumbered = replace(ORDER, placer_order_number="")
    for message in (
        variant("ScheduleProcedure", order=unnumbered),
        variant("OrderStatus", placer_order_number=""),
    ):
        assert LINK.decode(LINK.encode(message)) == message

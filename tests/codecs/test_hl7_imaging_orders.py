"""Orders as OMG^O19 and OMI^O23 of 2.5.1: the same messages, with their timing in TQ1 and their steps in IPC."""

from dataclasses import replace
from typing import Any

import hl7apy.parser
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hypothesis import given

from emulators.codecs.hl7v2 import Hl7Codec, Hl7Message, Rejection
from emulators.core.errors import LocalProtocolError
from emulators.messages.common import Code
from emulators.messages.orders import (
    CancelProcedure,
    ChangeProcedure,
    NumberAssigned,
    OrderStatus,
    PlaceOrder,
    ProcedureMessage,
    ReadingListEntry,
    ReadingListRemoval,
    ScheduleProcedure,
)
from tests import strategies
from tests.codecs.hl7_samples import MESSAGES, ORDER, SCHEDULED, SECOND_STEP, codec, variant
from tests.codecs.hl7_structures import faults

LINK = replace(codec("2.5.1"), order_messages="OMI")
ORDERS = [name for name, message in MESSAGES.items() if LINK.encode(message) != codec("2.5.1").encode(message)]

# What hl7apy 1.3.5 writes (Message("OMI_O23", version="2.5.1", validation_level=STRICT) and so on, filled, validated, to_er7).
HL7APY_OMI = (
    b"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20260301101500||OMI^O23^OMI_O23|GOLD0005|P|2.5.1\r"
    b"PID|1||4711^^^HOSP^MR||Doe^Jane||19700203|F\rPV1||O|||||||||||||||||V9\r"
    b"ORC|NW|P77|A77||SC\rTQ1|1||||||20260301110000||S\r"
    b"OBR|1|P77|A77|PETCT^PET/CT whole body^99HOSP||||||||||||||||||||NM\r"
    b"IPC|A77|RP77|1.2.3.77|SPS1|CT|CTWB^CT low dose^99HOSP|||CT_ONE\r"
    b"IPC|A77|RP77|1.2.3.77|SPS2|PT|PTWB^PET^99HOSP|||PT_ONE"
)
HL7APY_OMG = (
    b"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20260301101500||OMG^O19^OMG_O19|GOLD0006|P|2.5.1\r"
    b"PID|1||4711^^^HOSP^MR||Doe^Jane||19700203|F\rPV1||O|||||||||||||||||V9\r"
    b"ORC|NW|P78||G7|||||20260301101500|||^Who^Meredith\rTQ1|1||||||20260301120000||S\r"
    b"OBR|1|P78||CTHEAD^CT of the head^99HOSP||||||||||||^Who^Meredith||||||||CT|||||||^Fall\r"
    b"ORC|NW|P79||G7|||||20260301101500|||^Who^Meredith\rTQ1|1||||||20260301120000||R\r"
    b"OBR|2|P79||USABD^US of the abdomen^99HOSP||||||||||||^Who^Meredith||||||||US|||||||^Fall"
)
HL7APY_ORG = (
    b"MSH|^~\\&|RIS|CLINIC|PACS|CLINIC|20260301101500||ORG^O20^ORG_O20|GOLD0007|P|2.5.1\rMSA|AA|A-SN1\r"
    b"PID|||4711^^^HOSP^MR||Doe^Jane\rORC|NA|P80|A80"
)

# --- reading -------------------------------------------------------------------------------------------------------------


def test_an_omi_of_hl7apy_is_two_steps_of_one_procedure() -> None:
    message: Any = LINK.decode(HL7APY_OMI)
    assert type(message) is ScheduleProcedure
    assert (message.patient.patient_id, message.visit.visit_number, message.order.placer_order_number) == ("4711", "V9", "P77")
    assert (message.order.modality, message.order.priority) == ("NM", "STAT")
    first, second = message.steps
    for step in (first, second):
        assert (step.accession_number, step.requested_procedure_id) == ("A77", "RP77")
        assert (step.study_instance_uid, step.start) == ("1.2.3.77", "20260301110000")
    assert (first.step_id, first.modality, first.station_ae_title) == ("SPS1", "CT", "CT_ONE")
    assert (second.step_id, second.modality, second.protocol) == ("SPS2", "PT", Code("PTWB", "99HOSP", "PET"))


def test_an_omg_of_hl7apy_is_orders_with_the_timing_of_their_tq1() -> None:
    message: Any = LINK.decode(HL7APY_OMG)
    assert type(message) is PlaceOrder
    said = [(one.placer_order_number, one.modality, one.priority, one.requested_at) for one in message.orders]
    assert said == [("P78", "CT", "STAT", "20260301120000"), ("P79", "US", "ROUTINE", "20260301120000")]
    assert {one.placer_group_number for one in message.orders} == {"G7"}


def test_an_org_of_hl7apy_is_the_number_that_was_wanted() -> None:
    message: Any = LINK.decode(HL7APY_ORG)
    assert type(message) is NumberAssigned
    assert (message.placer_order_number, message.accession_number, message.request_control_id) == ("P80", "A80", "A-SN1")


@pytest.mark.parametrize(
    ("control", "kind"),
    [
        (b"NW|P77|A77||", ScheduleProcedure),
        (b"XO|P77|A77||SC", ChangeProcedure),
        (b"CA|P77|A77||CA", CancelProcedure),
        (b"SC|P77|A77||CM", ReadingListEntry),
        (b"CA|P77|A77||CM", ReadingListRemoval),
    ],
)
def test_the_meaning_of_an_omi_is_told_by_its_order_control(control: bytes, kind: type) -> None:
    assert type(LINK.decode(HL7APY_OMI.replace(b"NW|P77|A77||SC", control))) is kind


def test_an_omg_without_steps_says_what_became_of_an_order() -> None:
    payload = LINK.encode(MESSAGES["cancelled as asked"])
    assert b"|OMG^O19^OMG_O19|" in payload
    assert type(LINK.decode(payload)) is OrderStatus


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"IPC|A77|RP77|1.2.3.77|SPS1|CT|CTWB^CT low dose^99HOSP|||CT_ONE\rIPC", b"ZPC", "AE 100 IPC"),
        (b"IPC|A77", b"IPC|", "AE 101 IPC-1"),
        (b"|RP77|1.2.3.77|SPS1", b"||1.2.3.77|SPS1", "AE 101 IPC-2"),
        (b"1.2.3.77", b"", "AE 101 IPC-3"),
        (b"|SPS1|", b'|""|', "AE 101 IPC-4"),
        (b"1.2.3.77", b"1.2.x", "AE 102 IPC-3"),
        (b"|SPS1|", b"|12345678901234567|", "AE 102 IPC-4"),
        (b"|1.2.3.77|SPS1", b"|1.2.3.78|SPS1", "AE 207 IPC-1"),
        (b"ORC|NW", b"ORC|SN", "AE 103 ORC-1"),
        (b"OMI^O23", b"OMI^O99", "AR 201 MSH-9"),
    ],
)
def test_an_omi_that_lacks_or_mixes_something_is_refused(old: bytes, new: bytes, error: str) -> None:
    assert old in HL7APY_OMI
    with pytest.raises(Rejection, match=error):
        LINK.decode(HL7APY_OMI.replace(old, new, 1))


# --- writing -------------------------------------------------------------------------------------------------------------


def test_the_orders_of_this_site_are_those_that_change() -> None:
    assert len(ORDERS) == 15
    assert {"PlaceOrder", "NumberAssigned", "ScheduleProcedure", "ReportStatus"} <= set(ORDERS)


@pytest.mark.parametrize("name", ORDERS)
def test_what_was_sent_is_what_arrives(name: str) -> None:
    assert LINK.decode(LINK.encode(MESSAGES[name])) == MESSAGES[name]


def has_its_numbers(message: Hl7Message) -> bool:
    """Whether OMI can say it: IPC-2 and IPC-4 are required."""
    steps = message.steps if isinstance(message, ProcedureMessage) else ()
    return all(step.requested_procedure_id and step.step_id for step in steps)


@given(strategies.hl7_messages.filter(has_its_numbers))
def test_every_message_arrives_with_the_structure_of_the_standard(message: Hl7Message) -> None:
    payload = LINK.encode(message)
    assert faults(payload) == []
    assert LINK.decode(payload) == message


@pytest.mark.parametrize("name", ORDERS)
def test_hl7apy_accepts_every_order(name: str) -> None:
    text = LINK.encode(MESSAGES[name]).decode()
    assert hl7apy.parser.parse_message(text, VALIDATION_LEVEL.STRICT, find_groups=True).validate()


def test_steps_that_begin_together_stand_under_one_order_detail() -> None:
    together = replace(SECOND_STEP, start=SCHEDULED.start, performing_physician=SCHEDULED.performing_physician)
    names = [line[:3] for line in LINK.encode(variant("two steps", steps=(SCHEDULED, together))).split(b"\r")]
    assert names == [b"MSH", b"PID", b"PV1", b"ORC", b"TQ1", b"OBR", b"IPC", b"IPC", b""]
    apart = [line[:3] for line in LINK.encode(MESSAGES["two steps"]).split(b"\r")]
    assert apart == [b"MSH", b"PID", b"PV1", b"ORC", b"TQ1", b"OBR", b"IPC", b"ORC", b"TQ1", b"OBR", b"IPC", b""]


@pytest.mark.parametrize(("ordered", "scheduled"), [("CT", "MR"), ("", "MR"), ("CT", ""), ("", "")])
def test_the_modality_ordered_and_that_of_the_step_are_both_kept(ordered: str, scheduled: str) -> None:
    steps = (replace(SCHEDULED, modality=scheduled),)
    message = variant("ScheduleProcedure", order=replace(ORDER, modality=ordered), steps=steps)
    assert LINK.decode(LINK.encode(message)) == message


def test_a_step_without_its_numbers_cannot_be_sent() -> None:
    message = variant("ScheduleProcedure", steps=(replace(SCHEDULED, step_id=""),))
    with pytest.raises(LocalProtocolError, match="IPC-4"):
        LINK.encode(message)


@pytest.mark.parametrize(("version", "messages"), [("2.3.1", "OMG"), ("2.5.1", "ORU")])
def test_a_codec_that_cannot_be_is_refused(version: str, messages: str) -> None:
    with pytest.raises(LocalProtocolError, match="order_messages"):
        Hl7Codec(version, "RIS", "CLINIC", "PACS", "CLINIC", order_messages=messages)

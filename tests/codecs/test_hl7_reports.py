"""Reports: forms of the text, what OBR-25 and OBX-11 say together, addenda, and one report on several orders."""

from dataclasses import replace
from typing import Any

import pytest

from emulators.codecs.hl7v2 import Rejection
from emulators.messages.report import Document
from tests.codecs.hl7_golden import GOLDEN, changed
from tests.codecs.hl7_samples import REPORT, codec

LINK = codec("2.5.1")
CODE = "18748-4^Diagnostic imaging study^LN"


def observed(*observations: str, status: str = "F") -> bytes:
    """A report with these OBX, each given from OBX-2 on."""
    head = GOLDEN["withdrawn"].partition("OBX|")[0].replace("|||W|||", f"|||{status}|||")
    return (head + "".join(f"OBX|{number}|{one}\r" for number, one in enumerate(observations, 1))).encode()


def line(text: str, status: str = "F", code: str = CODE) -> str:
    return f"TX|{code}||{text}||||||{status}"


def read(*observations: str, status: str = "F") -> Any:
    return LINK.decode(observed(*observations, status=status))


def refusal(*observations: str, status: str = "F") -> str:
    with pytest.raises(Rejection) as caught:
        read(*observations, status=status)
    return f"{caught.value.code} {caught.value.error}"


# --- the text ------------------------------------------------------------------------------------------------------------

TEXT = "FINDINGS\n\nNone."

BODIES = {
    "a line each": (line("FINDINGS"), line(""), line("None.")),
    "repetitions": (line("FINDINGS~~None."),),
    "formatted text": (f"FT|{CODE}||FINDINGS\\.br\\\\.br\\None.||||||F",),
    "formatted text, highlighted": (f"FT|{CODE}||\\H\\FINDINGS\\N\\\\.br\\\\.br\\None.||||||F",),
    "a string": (f"ST|{CODE}||FINDINGS\\X0D\\\\X0D\\None.||||||F",),
    "sub-ids": tuple(f"TX|{CODE}|{number}|{text}||||||F" for number, text in enumerate(("FINDINGS", "", "None."), 1)),
    "sections with codes of their own": (
        line("FINDINGS", code="59776-5^Findings^LN"),
        line("~None.", code="19005-8&IMP^Impression^LN"),
    ),
    "a null line": (line("FINDINGS"), line('""'), line("None.")),
    "coded findings": (
        "CE|121071^Finding^DCM||F1^FINDINGS^99LOCAL||||||F",
        line(""),
        "CWE|121071^Finding^DCM||None.||||||F",
    ),
    "coded findings repeated": ("CWE|121071^Finding^DCM||F1^FINDINGS^99LOCAL~~^None.||||||F",),
    "a document besides": (
        line("FINDINGS~~None."),
        "ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F",
        "RP|LINK^Report^L||https://reports.invalid/1^^TEXT||||||F",
        "NM|1^Dose^L||4711||||||F",
    ),
    "with its study": ("ST|113014^DICOM Study^DCM||2.25.4711||||||F", line("FINDINGS~~None.")),
    "without OBX-11": (line("FINDINGS~~None.", status=""),),
}


@pytest.mark.parametrize("form", BODIES)
def test_the_text_and_the_order_of_its_lines_are_the_same_in_every_form(form: str) -> None:
    report = read(*BODIES[form])
    assert (report.text, report.addendum, report.status) == (TEXT, "", "F")


@pytest.mark.parametrize(
    "text", ["", " indented", "\n\nafter two empty lines", "a\n\n\nb", "|^~\\&", "\\.br\\\n\\X0D\\", '""\n""']
)
def test_the_text_of_a_report_is_held_exactly(text: str) -> None:
    report = replace(REPORT, text=text, addendum=text)
    assert LINK.decode(LINK.encode(report)) == report


@pytest.mark.parametrize(
    "value", ["ST|113014^DICOM Study^DCM|1|2.25.4711", "HD|113014^^DCM||^2.25.4711^ISO", "HD|113014^^DCM||2.25.4711"]
)
def test_the_study_is_an_observation(value: str) -> None:
    assert read(f"{value}||||||F", line("None.")).order.study_instance_uid == "2.25.4711"


@pytest.mark.parametrize("value", ["NM|1^Dose^L||4711", "NM|1^Dose^L||4711||||||F\rOBX|1|DT|2^Day^L||20260302"])
def test_a_report_of_other_types_alone_is_refused(value: str) -> None:
    assert refusal(f"{value}||||||F") == "AE 102 OBX-2"


PDF = Document("ED", ("PDF", "Report", "L"), ("", "application", "pdf", "Base64", "JVBERi0="))
LINK_TO = Document("RP", ("LINK",), ("https://reports.invalid/1?a=b&c=d", "", "application", "pdf"))


def test_a_document_alone_is_a_report() -> None:
    report = read("ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F")
    assert (report.text, report.documents) == ("", (PDF,))
    assert (PDF.media_type, PDF.content) == ("application/pdf", b"%PDF-")
    report = read("RP|LINK||https://reports.invalid/1?a=b\\T\\c=d^^application^pdf||||||F")
    assert report.documents == (LINK_TO,)
    assert (LINK_TO.media_type, LINK_TO.content) == ("application/pdf", b"https://reports.invalid/1?a=b&c=d")


@pytest.mark.parametrize("text", ["", "None."])
def test_documents_arrive_as_they_were_sent_and_once_however_many_orders(text: str) -> None:
    report = replace(REPORT, text=text, documents=(PDF, LINK_TO))
    assert LINK.decode(LINK.encode(report)) == report
    of_two = replace(report, orders=(*report.orders, replace(report.order, placer_order_number="P-2", accession_number="A2")))
    assert LINK.decode(LINK.encode(of_two)) == of_two


@pytest.mark.parametrize("data", ["Base64^J", "Base64^????", "Hex^0G"])
def test_a_document_that_is_not_in_its_encoding_is_refused(data: str) -> None:
    assert refusal(f"ED|PDF^Report^L||^application^pdf^{data}||||||F") == "AE 102 OBX-5"


@pytest.mark.parametrize("status", ["P", "S", "A"])
def test_a_document_that_is_not_final_makes_no_final_report(status: str) -> None:
    assert refusal(line("None."), f"ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||{status}") == "AE 103 OBX-11"


def test_a_document_that_is_withdrawn_is_left_out() -> None:
    assert read(line("None."), "ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||W").documents == ()


def test_a_report_without_observations_is_refused() -> None:
    assert refusal() == "AE 100 OBX"


def test_a_report_without_orc_is_read() -> None:
    assert LINK.decode(changed("Report", ("ORC|RE|P-1|A123456789\r", ""))) == REPORT


# --- the status ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_order", "of_lines", "read_as"),
    [
        ("P", "P", "P"),
        ("F", "F", "F"),
        ("C", "C", "C"),
        ("C", "F", "C"),
        ("F", "C", "C"),
        ("F", "FC", "C"),
        ("X", "X", "X"),
        ("D", "D", "D"),
        ("W", "W", "W"),
        ("X", "F", "X"),  # withdrawn, whatever is in it
        ("W", "A", "W"),
        ("F", "W", "W"),  # nothing is left
        ("F", "D", "D"),
        ("C", "X", "X"),
        ("P", "X", "X"),
    ],
)
def test_a_report_is_as_final_as_its_order_and_its_lines_say(of_order: str, of_lines: str, read_as: str) -> None:
    report = read(*(line("None.", status) for status in of_lines), status=of_order)
    assert report.status == read_as
    assert bool(report.text) == (read_as in "PFC")


@pytest.mark.parametrize(
    ("of_order", "of_lines", "error"),
    [
        ("F", "P", "103 OBX-11"),
        ("F", "FP", "103 OBX-11"),
        ("C", "P", "103 OBX-11"),
        ("P", "F", "103 OBX-11"),
        ("F", "A", "103 OBX-11"),
        ("F", "Z", "103 OBX-11"),
        ("F", "I", "103 OBX-11"),
        ("A", "F", "103 OBR-25"),
        ("R", "R", "103 OBR-25"),
        ("Z", "Z", "103 OBR-25"),
        ("f", "f", "103 OBR-25"),
        ("", "F", "101 OBR-25"),
        ('""', "F", "101 OBR-25"),
    ],
)
def test_no_other_code_and_no_contradiction_is_taken_as_final(of_order: str, of_lines: str, error: str) -> None:
    assert refusal(*(line("None.", status) for status in of_lines), status=of_order) == f"AE {error}"


@pytest.mark.parametrize("status", ["X", "D", "W"])
def test_a_withdrawn_observation_is_left_out_of_a_final_report(status: str) -> None:
    report = read(line("Nodule of 5 mm.", status), line("None."), line("Seen by Reed.", status, CODE.replace("^", "&ADT^", 1)))
    assert (report.text, report.addendum, report.status) == ("None.", "", "F")


def test_a_withdrawn_report_needs_no_observation() -> None:
    assert (read(status="W").status, read(status="W").text) == ("W", "")


# --- the addendum --------------------------------------------------------------------------------------------------------

ADDED = "18748-4&ADT^Diagnostic imaging study^LN"


def test_an_addendum_stands_beside_the_original() -> None:
    report = read(line("None."), line("Seen again.", code=ADDED), line("Still none.", code=ADDED))
    assert (report.text, report.addendum) == ("None.", "Seen again.\nStill none.")


def test_an_addendum_may_come_alone() -> None:
    report = read(line("Seen again.", code=ADDED))
    assert (report.text, report.addendum) == ("", "Seen again.")


def test_an_addendum_in_an_obr_of_its_own_is_that_of_the_report() -> None:
    payload = LINK.encode(replace(REPORT, text="None.")).decode()
    obr = next(row for row in payload.split("\r") if row.startswith("OBR"))
    own = f"{obr.replace('OBR|1|', 'OBR|2|')}\rOBX|1|{line('Seen again.', code=ADDED)}\r"
    report: Any = LINK.decode((payload + own).encode())
    assert (report.text, report.addendum, len(report.orders)) == ("None.", "Seen again.", 1)
    with pytest.raises(Rejection, match="AE 207 OBX-5"):  # of another order it would be another report
        LINK.decode((payload + own.replace("A123456789", "A2")).encode())


def test_no_line_of_an_addendum_has_the_place_of_a_line_of_the_text() -> None:
    """For a receiver that knows no suffix: OBX-3.1.1 and OBX-4."""
    payload = LINK.encode(replace(REPORT, addendum="Seen again.\nStill none."))
    rows = [row.split("|") for row in payload.decode().split("\r") if row.startswith("OBX")]
    places = [(row[3].split("^")[0].split("&")[0], row[4]) for row in rows]
    assert len(set(places)) == len(places) == 10


# --- several orders ------------------------------------------------------------------------------------------------------


def test_each_order_of_a_report_has_the_whole_text() -> None:
    """So that a receiver that files each OBR for itself has it for each."""
    payload = LINK.encode(LINK.decode(GOLDEN["two orders reported"].encode()))
    assert payload.count(b"None.") == payload.count(b"\rOBR|") == 2


def test_the_text_may_stand_in_one_group_alone() -> None:
    whole = LINK.decode(GOLDEN["two orders reported"].encode())
    head, _, last = GOLDEN["two orders reported"].rpartition("OBX|")
    assert LINK.decode(head.encode()) == whole
    assert last.startswith("1|TX")


def test_the_orders_of_a_report_may_lack_orc_and_placer_number() -> None:
    message: Any = LINK.decode(
        changed("two orders reported", ("ORC|RE|P-2|A2\r", ""), ("OBR|2|P-2|A2", "OBR|2||A2"), ("ORC|RE|P-1|A123456789\r", ""))
    )
    assert [order.placer_order_number for order in message.orders] == ["P-1", ""]
    assert [order.accession_number for order in message.orders] == ["A123456789", "A2"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("None.||||||F\rORC", "Nodule.||||||F\rORC"), "207 OBX-5"),
        (("ORC|RE|P-2|A2\r", "ORC|RE|P-3|A3\rORC|RE|P-2|A2\r"), "100 OBR"),
        (("ORC|RE|P-2|A2\r", "PID|2||X^^^Y||Roe\rORC|RE|P-2|A2\r"), "207 PID"),
    ],
)
def test_groups_that_are_not_one_report_are_refused(change: tuple[str, str], error: str) -> None:
    with pytest.raises(Rejection, match=f"AE {error}"):
        LINK.decode(changed("two orders reported", change))


def test_groups_of_another_status_are_refused() -> None:
    text = GOLDEN["two orders reported"]
    head, separator, second = text.partition("ORC|RE|P-2")
    second = second.replace("|||F|||", "|||P|||").replace("||||||F\r", "||||||P\r")
    with pytest.raises(Rejection, match="AE 207 OBR-25"):
        LINK.decode((head + separator + second).encode())


def test_an_orc_without_its_obr_is_refused() -> None:
    with pytest.raises(Rejection, match="AE 100 OBR"):
        LINK.decode(GOLDEN["Report"].encode() + b"ORC|RE|P-2|A2\r")

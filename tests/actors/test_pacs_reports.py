"""Reports at the PACS: which of them is attached to an order."""

from dataclasses import replace

from emulators.actors.pacs import Pacs
from tests.actors.pacs_samples import pacs
from tests.actors.samples import ask, notes, report, scheduled, sends


def attached(actor: Pacs, *messages: object) -> list[str]:
    """The statuses of the reports that won, in their order."""
    found = []
    for number, message in enumerate(messages):
        acknowledgement, effects = ask(actor, replace(message, control_id=f"C{number}"))  # type: ignore[type-var]
        assert acknowledgement.code == "AA"
        assert sends(effects) == []
        found += [str(fields["status"]) for name, _, fields in notes(effects) if name == "report attached"]
    return found


def test_a_report_is_attached_also_before_its_study() -> None:
    assert attached(pacs(), report("P"), report("F")) == ["P", "F"]


def test_a_preliminary_report_does_not_win_over_a_final_one_but_a_correction_does() -> None:
    assert attached(pacs(), report("F"), report("P"), report("C"), report("X")) == ["F", "C", "X"]


def test_a_report_on_several_orders_is_attached_to_each() -> None:
    _, effects = ask(pacs(), report("F", "P1", "P2"))
    assert [subject for _, subject, _ in notes(effects)] == [scheduled(placer).accession_number for placer in ("P1", "P2")]

"""How an order stands, in words that a reader of the report understands."""

from collections.abc import Mapping
from typing import Any

from reports.measures.facts import UNKNOWN

_REPORTS = {
    "": "none",
    "P": "preliminary",
    "F": "final",
    "C": "corrected",
    "X": "cancelled",
    "D": "withdrawn",
    "W": "withdrawn",
}
_UNSEEN = "not seen"


def ending(facts: Mapping[str, Any]) -> str:
    """How an order ended: ``reported``, ``reported, with addendum``, ``reported, corrected later``, ``cancelled``,
    ``discontinued``; or how far it is: ``open: scheduled``."""
    state, report = facts["state"], facts["report"]
    if state not in ("reported", "cancelled", "discontinued"):
        return f"open: {state}"
    if state != "reported":
        return str(state)
    further = ["corrected later"] if report["status"] == "C" else []
    further += ["with addendum"] if report["addendum"] else []
    return ", ".join(["reported", *further])


def report_shown(facts: Mapping[str, Any]) -> str:
    """The report that a reader of the chart is shown: ``final``, ``preliminary``, ``none``."""
    return _REPORTS[facts["report"]["status"]]


def study_stands(facts: Mapping[str, Any], matched_by: str = "") -> str:
    """The archive's verdict; ``-`` where there were no images to judge."""
    reconciliation: str = facts["reconciliation"]
    if reconciliation == UNKNOWN:
        return _UNSEEN
    if reconciliation == "none" and facts["state"] in ("cancelled", "discontinued"):
        return "-"
    return "matched by a person" if matched_by == "person" else reconciliation


def images_shown(facts: Mapping[str, Any]) -> str:
    """How many images the archive has."""
    return _UNSEEN if facts["instances"] == UNKNOWN else str(facts["instances"])


def count(number: int | None) -> str:
    """A number, or that it cannot be seen."""
    return _UNSEEN if number is None else str(number)

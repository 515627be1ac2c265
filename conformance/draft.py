"""The first draft of a target file, from what a product told of itself (survey.py), with comments for what it cannot tell."""

import json
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from conformance.case import Role
from conformance.report.exchange import uid_name
from conformance.survey import Survey
from conformance.target import Limits, Policies, Service, Timers

HL7_SERVICES: dict[Role, tuple[Service, ...]] = {
    "pacs": ("adt", "orders", "reports"),
    "ris": ("adt", "orders", "orders_sending", "order_status_sending", "reports", "reports_sending"),
    "modality": (),
    "ehr": ("adt_sending", "orders_sending", "order_status", "reports"),
    "reporting": ("orders", "reports_sending"),
    "engine": ("adt", "orders", "reports", "order_status"),
}
HL7_MODES: tuple[Service, ...] = ("enhanced_acknowledgement", "omg", "omi")
UNSEEN_SERVICES: dict[Role, tuple[Service, ...]] = {
    "pacs": ("performed_step_forwarding", "availability", "rejection_notes", "dicom_routing"),
    "ris": ("performed_step_forwarding",),
    "modality": ("sending", "worklist", "performed_step", "commitment"),
    "ehr": (),
    "reporting": ("sending", "retrieving"),
    "engine": ("sending", "dicom_routing", "performed_step_forwarding"),
}
FIRST_PORT = 11201


def likely_role(survey: Survey) -> Role:
    """The role that the answers look like."""
    if "storage" in survey.services:
        return "pacs"
    return "ris" if "worklist" in survey.services else "modality"


def draft(survey: Survey, role: Role, host: str, port: int, called: str, calling: str) -> str:
    """The TOML text; ``load_target`` takes it as it is."""
    return "\n".join(
        [
            f"# Drafted by radloop certify init from {survey.associations} associations with {host}:{port}.",
            "# What stands behind a # it could not tell: go through it. radloop certify --example explains each key.",
            "",
            *_product(survey),
            *_role(survey, role, host, port, called),
            *_claims(survey, role),
            *_choices(f"roles.{role}.policies", Policies, {"unknown_calling_ae_title": _strangers(survey)}, _POLICY_NOTE),
            *_choices(f"roles.{role}.limits", Limits, {}, "What it declares of its limits."),
            *_tester(role, calling),
            *_choices("timers", Timers, {}, "Seconds: how long the tester waits, and what the product declares."),
            *_rest(),
        ]
    )


_POLICY_NOTE = "What the product does where the standards leave a choice: a case checks that it does so."


def _strangers(survey: Survey) -> str:
    return "accept" if survey.takes_strangers else "refuse"


def _product(survey: Survey) -> Iterator[str]:
    yield "[product]"
    yield f"name = {_text(survey.implementation)}  # what it calls itself: write the name for the certificate"
    yield 'version = "unknown"'
    yield '# vendor = ""'
    yield ""


def _role(survey: Survey, role: Role, host: str, port: int, called: str) -> Iterator[str]:
    yield f"[roles.{role}]"
    yield f"host = {_text(host)}"
    yield f"dicom_port = {port}"
    yield f"ae_title = {_text(called)}"
    if HL7_SERVICES[role]:
        yield "# mllp_port = 2575         # its HL7 port"
        yield '# application = ""         # what it calls itself in MSH-3 (as receiver: MSH-5)'
        yield '# facility = ""            # and in MSH-4'
    yield ""


def _claims(survey: Survey, role: Role) -> Iterator[str]:
    yield f"[roles.{role}.claims]"
    yield "# A case about anything that is not claimed is not applicable."
    yield f"services = {_list(survey.services)}"
    further = (*UNSEEN_SERVICES[role], "user_identity", *HL7_SERVICES[role], *(HL7_MODES if HL7_SERVICES[role] else ()))
    others = ", ".join(one for one in further if one not in survey.services)
    yield "# It may do more, which no association shows:"
    yield from wrap(others, 120, initial_indent="#   ", subsequent_indent="#   ", break_on_hyphens=False)
    yield f"query_models = {_list(survey.query_models)}"
    yield from _long_list("sop_classes", list(survey.accepted), "storage SOP classes that it accepts")
    yield from _long_list("transfer_syntaxes", survey.common, "accepted for all of these")
    for syntax, classes in survey.for_some.items():
        names = ", ".join(uid_name(one) for one in classes[:3]) + (" and others" if len(classes) > 3 else "")
        yield f"#   {_text(syntax)}: {uid_name(syntax)}, for {len(classes)}: {names}"
    yield 'character_sets = []         # DICOM terms beyond the default repertoire, such as "ISO_IR 192", "ISO_IR 100"'
    yield "matching_keys = []          # keywords of optional keys that it matches"
    if HL7_SERVICES[role]:
        yield 'hl7_versions = []           # such as "2.5.1"'
        yield 'hl7_character_sets = []     # terms of table 0211, such as "UNICODE UTF-8"'
    yield ""


def _tester(role: Role, calling: str) -> Iterator[str]:
    yield "# The tester's own systems: enter each in the product as its neighbour, with this AE title and port."
    ports = iter(range(FIRST_PORT, FIRST_PORT + 10))
    first = "pacs" if role in ("modality", "reporting") else "modality"
    second = "ris" if role == "modality" else "workstation" if role != "reporting" else "modality"
    for name, title in ((first, calling), (second, f"{calling[:12]}_{second[:3].upper()}")):
        yield f"[tester.peers.{name}]"
        yield 'host = "127.0.0.1"'
        yield f"dicom_port = {next(ports)}"
        yield f"ae_title = {_text(title)}"
        yield ""
    if HL7_SERVICES[role]:
        for name in ("ehr", "engine") if role != "ehr" else ("engine", "ris"):
            yield f"# [tester.peers.{name}]"
            yield f"# mllp_port = {next(ports)}"
            yield f'# application = "{name.upper()}"'
            yield '# facility = "RADLOOP"'
            yield ""


def _choices(section: str, model: type[BaseModel], known: dict[str, Any], note: str) -> Iterator[str]:
    """Every key of a section; commented with its default where the product did not tell."""
    yield f"[{section}]"
    yield f"# {note}"
    for key, field in model.model_fields.items():
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        words = f"  # or {', '.join(one for one in choices if one != known.get(key, field.default))}" if choices else ""
        if key in known:
            yield f"{key} = {_value(known[key])}{words}"
        elif field.default is not None:
            yield f"# {key} = {_value(field.default)}{words}"
        else:
            yield f"# {key} =    # none declared"
    yield ""


def _rest() -> Iterator[str]:
    yield "# What a person does at the product: a command, or a prompt for somebody who sits there."
    yield "# [operator.restart]"
    yield '# command = ["systemctl", "restart", "product"]'
    yield "#"
    yield "# A known deviation; it is printed on the certificate with its reason."
    yield "# [[waivers]]"
    yield '# case = "dicom.echo.1"'
    yield '# reason = "..."'
    yield ""


def _long_list(key: str, uids: Sequence[str], what: str) -> Iterator[str]:
    if not uids:
        yield f"{key} = []"
        return
    yield f"{key} = [  # {what}"
    for uid in uids:
        yield f"  {_text(uid)},  # {uid_name(uid)}"
    yield "]"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are among its own, but DEL must be one, too."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return _list(value)
    return f"{value:g}" if isinstance(value, float) else _text(value) if isinstance(value, str) else str(value)

"""The records of a case, decoded for a person: `radloop certify show`.

Values of text stand as their bytes, with ``\\xNN`` for what is not ASCII: what a library would have guessed is not shown.
"""

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from rich.markup import escape

from conformance.decoding import Item, ReadHl7, ReadMessage, ReadPdu
from conformance.material.data_sets import decode
from conformance.report.exchange import END, TO_PRODUCT, Exchange, Exchanges, detail_of, name_of, uid_name
from conformance.report.terminal import STYLES
from conformance.report.words import clause_text, clean, findings, proof_text
from conformance.result import CaseResult, RunResult
from conformance.taps import Recorded
from conformance.verdict import Malformed
from emulators.core.errors import ConfigError
from emulators.wire.items import UserInformation
from emulators.wire.pdu import AssociateAccept, AssociateRequest, DataTransfer

TEXT = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"))
BULK_BYTES = 256
"""Values longer than this are counted, not shown."""
CONTEXT_RESULTS = {
    0: "accepted",
    1: "rejected by the user",
    2: "no reason given",
    3: "abstract syntax not supported",
    4: "transfer syntaxes not supported",
}


def shown(result: RunResult, recorded: Recorded, wanted: str) -> Iterator[str]:
    """Lines of rich markup. ``wanted``: the id of a case, or a variant of it. Raises ConfigError where it did not run."""
    case_id = wanted.partition("[")[0]
    case = next((one for one in result.cases if one.id == case_id), None)
    exchanges = Exchanges(recorded)
    keys = [key for key in exchanges.keys_of(case_id) if wanted in (case_id, key)]
    if case is None or (wanted != case_id and not keys):
        raise ConfigError(f"{wanted}: not in this result")
    yield from _head(case)
    proof = frozenset(number for trial in case.trials for number in trial.proof)
    proof |= {number for trial in case.trials for one in trial.deviations for number in one.proof}
    for key in keys:
        for exchange in exchanges.of(key):
            yield ""
            yield from _exchange(key, exchange, proof)
    if not keys:
        yield "\nno connection was made"


def _head(case: CaseResult) -> Iterator[str]:
    yield f"[{STYLES[case.outcome]}]{case.outcome}[/] [bold]{case.id}[/]  {case.level}"
    yield f"[dim]requirement[/] {escape(case.requirement)}"
    yield f"[dim]clause     [/] {escape(clause_text(case))}"
    for found in findings(case):
        if found.variants:
            yield f"[dim]variants   [/] {escape(found.variants_text)}"
        for label, text in found.lines:
            yield f"[dim]{label:11}[/] {escape(text)}"
        if found.proof:
            yield f"[dim]proof      [/] {proof_text(found.proof)}"


def _exchange(key: str, exchange: Exchange, proof: frozenset[int]) -> Iterator[str]:
    opened = exchange.opened
    yield f"[bold]connection {opened.connection}[/]  {escape(key)}  {escape(exchange.words)}, at {exchange.began_s:.3f} s"
    for item in exchange.items:
        is_proof = item.records[-1:] and item.records[-1] in proof
        mark = "[bold yellow]>[/]" if is_proof else " "
        arrow = "[cyan]-->[/]" if item.way == TO_PRODUCT else "[green]<--[/]"
        name, detail = escape(name_of(item)), escape(detail_of(item))
        yield f"{mark} {arrow} [bold]{name}[/]  {detail}  [dim]{item.at_s:.3f} s, {proof_text(item.records)}[/]"
        for line in _content(item):
            yield f"        {escape(clean(line))}"
    for record in exchange.records:
        if record.event == END:
            how = escape(record.data.decode(errors="replace"))
            yield f"  [dim]---[/] {how}  [dim]{record.at_s:.3f} s, record {record.number}[/]"


def _content(item: Item) -> Iterator[str]:
    if isinstance(item, ReadPdu):
        yield from _pdu(item)
    elif isinstance(item, ReadMessage):
        yield from _message(item)
    elif isinstance(item, ReadHl7):
        yield from _segments(item.payload)


# --- DICOM


def _pdu(item: ReadPdu) -> Iterator[str]:
    pdu = item.pdu
    if isinstance(pdu, AssociateRequest):
        for proposed in pdu.contexts:
            syntaxes = ", ".join(uid_name(one) for one in proposed.transfer_syntaxes)
            yield f"context {proposed.context_id}: {uid_name(proposed.abstract_syntax)} in {syntaxes or 'no transfer syntax'}"
        yield from _user(pdu.user_information)
    elif isinstance(pdu, AssociateAccept):
        for answered in pdu.contexts:
            word = CONTEXT_RESULTS.get(answered.result, f"result {answered.result}")
            syntax = f", {uid_name(answered.transfer_syntax)}" if answered.result == 0 else ""
            yield f"context {answered.context_id}: {word}{syntax}"
        yield from _user(pdu.user_information)
    elif isinstance(pdu, DataTransfer):
        for value in pdu.values:
            kind = "command" if value.is_command else "data set"
            yield f"PDV of context {value.context_id}: {kind}, {len(value.data)} bytes{', the last' if value.is_last else ''}"
    elif pdu is None:
        yield f"{len(item.body)} bytes: {item.body[:64].hex(' ')}{' ...' if len(item.body) > 64 else ''}"


def _user(user: UserInformation) -> Iterator[str]:
    implementation = f"{user.implementation_class_uid} {user.implementation_version_name}".rstrip()
    yield f"maximum length {user.max_pdu_length}, {implementation}"
    for role in user.roles:
        yield f"roles for {uid_name(role.sop_class_uid)}: SCU {int(role.scu)}, SCP {int(role.scp)}"


def _message(item: ReadMessage) -> Iterator[str]:
    yield f"context {item.context_id}: {uid_name(item.abstract_syntax) or 'not proposed'}, {uid_name(item.transfer_syntax)}"
    if item.command is None:
        yield f"command set: {item.command_bytes[:64].hex(' ')}"
    else:
        for keyword, value in item.command.elements.items():
            if isinstance(value, tuple):
                words = ", ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in value)
            elif isinstance(value, int):
                words = f"{value:04X}H" if keyword in ("Status", "CommandField", "CommandDataSetType") else str(value)
            else:
                words = uid_name(value) if keyword.endswith("SOPClassUID") else value
            yield f"{keyword}: {words}"
    if item.data is not None:
        yield f"data set, {len(item.data)} bytes"
        try:
            yield from _elements(decode(item.data, item.transfer_syntax), "  ")
        except Malformed as fault:
            yield f"  cannot be read: {fault.actual}"
        except Exception as error:  # whatever pydicom makes of hostile bytes, the rest is shown
            yield f"  pydicom stops here: {error}"


def _elements(dataset: Dataset, indent: str) -> Iterator[str]:
    for tag in sorted(dataset.keys()):
        value = dataset.get_item(tag).value  # before pydicom reads it
        raw = value if isinstance(value, bytes) else None
        element = dataset[tag]
        head = f"{indent}{_tag(tag)} {element.VR} {element.keyword or 'private or unknown'}"
        if element.VR == "SQ":
            yield f"{head}: {len(element.value)} item{'' if len(element.value) == 1 else 's'}"
            for number, inner in enumerate(element.value, start=1):
                yield f"{indent}  item {number}"
                yield from _elements(inner, indent + "    ")
        else:
            yield f"{head}: {_value(element.VR, raw, element.value)}"


def _tag(tag: BaseTag) -> str:
    return f"({tag.group:04X},{tag.element:04X})"


def _value(representation: str, raw: bytes | None, value: object) -> str:
    if raw is not None and len(raw) > BULK_BYTES:
        return f"{len(raw)} bytes"
    if raw is not None and representation in TEXT:
        return f"'{_printable(raw)}'"
    if isinstance(value, bytes):
        return value[:BULK_BYTES].hex(" ") if len(value) <= BULK_BYTES else f"{len(value)} bytes"
    return str(value)


# --- HL7


def _segments(payload: bytes) -> Iterator[str]:
    """Every field that has a value, by its number; MSH-1 is the separator itself."""
    separator = payload[3:4] or b"|"
    for line in payload.replace(b"\n", b"\r").split(b"\r"):
        if not line:
            continue
        name, *fields = line.split(separator)
        first = 2 if name == b"MSH" else 1
        yield _printable(name)
        for number, value in enumerate(fields, start=first):
            if value:
                yield f"  {_printable(name)}-{number}: {_printable(value)}"


def _printable(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}" for byte in data)

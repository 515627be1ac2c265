"""A made-up run: every outcome, safety cases among the failed, variants, waivers, odd text, and records that can be read."""

import hashlib
from itertools import cycle
from pathlib import Path

from pydicom.dataset import Dataset

from conformance.case import Case
from conformance.catalogue import all_cases
from conformance.material.data_sets import encode
from conformance.result import CaseResult, Evidence, RunResult, TrialResult
from conformance.standards import EDITIONS, edition_of
from conformance.taps import Tap, Taps, ranges
from conformance.target import Limits, Policies, Timers
from conformance.verdict import Deviation, Outcome
from emulators.wire import commands
from emulators.wire.dimse import Command, encode_command
from emulators.wire.fragmentation import fragment
from emulators.wire.mllp import frame
from emulators.wire.negotiation import AcceptorPolicy, negotiate, propose
from emulators.wire.pdu import ReleaseReply, ReleaseRequest
from emulators.wire.pdu import encode as encode_pdu

VERIFICATION, CT, IMPLICIT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"
CYCLE = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.PASS,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.INCONCLUSIVE,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
    Outcome.PASS,
    Outcome.WAIVED,
    Outcome.PASS,
    Outcome.ERROR,
    Outcome.PASS,
)
PRODUCT = {"name": "Archiv® <PACS> & Söhne 放射", "version": '7.2 "β"', "vendor": "Łódź Medical"}
SCRIPT = "</script><script>alert(1)</script>"


def made_up_run(
    folder: Path, outcomes: tuple[Outcome, ...] = CYCLE, cases: int | None = None, connections: int = 1
) -> RunResult:
    """The records are written to ``folder``; each case has so many connections, each of ten records or five."""
    judged: list[CaseResult] = []
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        taps = Taps(file)
        plain, safety = cycle(outcomes), cycle(outcomes[1:] + outcomes[:1])
        for case in all_cases()[:cases]:
            outcome = next(safety if case.safety else plain)
            judged.append(_case(taps, case, outcome, connections))
    digest = hashlib.sha256((folder / "records.jsonl").read_bytes()).hexdigest()
    return RunResult(
        product=PRODUCT,
        role="pacs",
        claims={"services": ["storage", "query"], "sop_classes": [CT], "transfer_syntaxes": [IMPLICIT], "routes": []},
        policies=Policies().model_dump(mode="json"),
        timers=Timers().model_dump(mode="json"),
        waivers=[{"case": case.id, "reason": case.waiver} for case in judged if case.waiver],
        selection=[],
        strict=False,
        fast=False,
        seed=7,
        run_id="7",
        started="2026-11-22T10:00:00+00:00",
        finished="2026-11-22T10:03:00+00:00",
        versions={"radloop": "0.1.0", "python": "3.11.7", "pydicom": "3.0.2"},
        editions=EDITIONS,
        evidence=Evidence("records.jsonl", taps.last, digest),
        cases=tuple(judged),
        limits=Limits().model_dump(mode="json"),
    )


def _case(taps: Taps, case: Case, outcome: Outcome, connections: int) -> CaseResult:
    found = Outcome.FAIL if outcome is Outcome.WAIVED else outcome
    variants = ("first", "second [odd]") if case.id.endswith("2") else ("",)
    trials = tuple(_trial(taps, case.id, variant, found, connections) for variant in variants)
    waiver = f"known since 2024, of {case.id}" if outcome is Outcome.WAIVED else ""
    edition = edition_of(case.clause)
    return CaseResult(
        case.id,
        case.requirement,
        case.name,
        case.level,
        case.kind,
        case.safety,
        case.clause,
        edition,
        case.basis,
        trials,
        waiver,
    )


def _trial(taps: Taps, case_id: str, variant: str, outcome: Outcome, connections: int) -> TrialResult:
    if outcome is Outcome.NOT_APPLICABLE:
        return TrialResult(variant, outcome, 0.0, reason="not claimed: worklist")
    key = f"{case_id}[{variant}]" if variant else case_id
    first = taps.last + 1
    speak = _hl7 if case_id.startswith("hl7.") else _dicom
    for _ in range(connections):
        speak(taps, key)
    received, numbers = taps.numbers_since(first, key)
    records = tuple(ranges(numbers))
    proof = received[:1]
    if outcome is Outcome.FAIL:
        said = ("0000H success", f"0110H\x1b[31m{SCRIPT} «{key}»")
        return TrialResult(variant, outcome, 0.25, *said, proof=proof, records=records)
    if outcome is Outcome.WARN:
        deviation = Deviation("result 1, source 1, reason 7", "reason 1", proof)
        return TrialResult(variant, outcome, 0.25, proof=proof, deviations=(deviation,), records=records)
    reason = {Outcome.INCONCLUSIVE: "nothing shows it", Outcome.ERROR: "Traceback\n  somewhere\nValueError: bad\x00"}
    return TrialResult(variant, outcome, 0.25, reason=reason.get(outcome, ""), proof=proof, records=records)


def _dicom(taps: Taps, key: str) -> None:
    tap = taps.open(key, "dicom", "tester", "modality", "127.0.0.1:104")
    request = propose("PACS", "CT1", [(VERIFICATION, (IMPLICIT,)), (CT, (IMPLICIT,))])
    accept = negotiate(request, AcceptorPolicy("PACS", {VERIFICATION: (IMPLICIT,), CT: (IMPLICIT,)}))
    tap.sent(encode_pdu(request))
    tap.received(encode_pdu(accept))
    _message(tap, 1, commands.c_echo_rq(1), None)
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = CT, "2.25.1"
    image.SpecificCharacterSet, image.PatientName = "ISO_IR 192", "Müller^Jörg"
    image.BitsAllocated, image.PixelData = 16, bytes(512)
    _message(tap, 3, commands.c_store_rq(2, CT, "2.25.1"), encode(image))
    tap.sent(encode_pdu(ReleaseRequest()))
    tap.received(encode_pdu(ReleaseReply()))
    tap.closed("closed by the tester")


def _message(tap: Tap, context_id: int, command: Command, data: bytes | None) -> None:
    answer = commands.response(command, 0)
    parts = None if data is None else [data]
    tap.sent(b"".join(map(bytes, fragment(context_id, encode_command(command), parts, 16384))))
    tap.received(b"".join(map(bytes, fragment(context_id, encode_command(answer), None, 16384))))


def _hl7(taps: Taps, key: str) -> None:
    tap = taps.open(key, "mllp", "tester", "ehr", "127.0.0.1:2575")
    tap.sent(frame(b"MSH|^~\\&|EHR|A|PACS|B|20261122||ADT^A04^ADT_A01|C1|P|2.5.1\rPID|||P1^^^A^MR||M\xc3\xbcller^J\r"))
    tap.received(frame(b"MSH|^~\\&|PACS|B|EHR|A|20261122||ACK^A04^ACK|D1|P|2.5.1\rMSA|AA|C1\r"))
    tap.closed("closed by the tester")

"""The product as a receiver of reports, and what it then shows of one order.

=========  ==================================================  ==========================================================
role       the order                                           what it shows
=========  ==================================================  ==========================================================
ehr        operator step ``place order``                       operator step ``show chart``
ris        ORM^O01 NW                                          the reports that it sends on to the engine: the last holds
reporting  ORM^O01 SC/CM                                       operator step ``show chart``
=========  ==================================================  ==========================================================

What ``show chart`` prints is the export of what a reader sees: JSON notes as ours (``fields`` with ``shown``, ``text``,
``addenda``, ``documents``), or plain text with the report and, in a word, its state.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.material.filler import message_about, scheduled_order
from conformance.material.good_messages import placed_order
from conformance.material.messages import Sent
from conformance.material.orders import Order, order_of, ready_to_read
from conformance.material.patients import Patient
from conformance.material.reports import report
from conformance.material.telling import told
from conformance.peers.mllp import ReceivedMessage
from conformance.target import PeerName
from conformance.trial import Trial
from conformance.verdict import Failure

WITHDRAWN, PRELIMINARY, FINAL, CORRECTED, NOTHING = "withdrawn", "preliminary", "final", "corrected", "nothing"
_WORDS = {"P": PRELIMINARY, "F": FINAL, "C": CORRECTED, "X": WITHDRAWN, "D": WITHDRAWN, "W": WITHDRAWN}
"""By OBR-25 (table 0123) or OBX-11 (table 0085)."""
_SAID = {"withdrawn": WITHDRAWN, "cancelled": WITHDRAWN, CORRECTED: CORRECTED, PRELIMINARY: PRELIMINARY, FINAL: FINAL}
VALID = (FINAL, CORRECTED)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader sees: the state of the report, its text with what was added, and the SHA-256 or pointer of documents."""

    state: str
    text: str = ""
    documents: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    records: tuple[int, ...] = ()


class Receiver:
    """Of one order, which the product knows. Raises Inconclusive."""

    def __init__(self, trial: Trial, patient: Patient | None = None, order: Order | None = None) -> None:
        self._trial = trial
        self.order = order or _known(trial, patient)
        self.sender: PeerName | None = "workstation" if trial.role == "ris" else None

    def report(self, lines: Sequence[str] = (), status: str = "F", **options: Any) -> Sent:
        """As ``reports.report``, about the order, from who sends reports to such a product."""
        return report(self._trial, self.order, lines, status, sender=self.sender, **options)

    def take(self, sent: Sent, *codes: str) -> ReceivedMessage:
        """Raises Failure where it is not answered with one of these codes."""
        return told(self._trial, sent, *codes, peer=self.sender)

    def had(self, lines: Sequence[str], status: str = "F") -> None:
        """A report that it has taken and shows, as preparation. Raises Inconclusive."""
        with self._trial.beforehand("a report is shown"):
            self.take(self.report(lines, status))
            self.expect((_WORDS[status],), lines)

    def shown(self) -> Shown:
        if self._trial.role == "ris":
            return sent_on(self._trial, self.order)
        return _read(self._trial.operate("show chart", subject=self._number))

    @property
    def _number(self) -> str:
        return self.order.accession if self._trial.role == "reporting" else self.order.placer

    def expect(self, states: Sequence[str], lines: Sequence[str] = (), without: Sequence[str] = ()) -> None:
        """It comes to show one of these states, these lines, and none of the others. Raises Failure."""
        self._trial.eventually(lambda: is_as(self.shown(), states, lines, without), self._trial.timers.propagation_s)
        self._judge(states, lines, without)

    def expect_stays(self, states: Sequence[str], lines: Sequence[str] = (), without: Sequence[str] = ()) -> None:
        """It shows that, and does not come to show anything else. Raises Failure."""
        self._trial.eventually(lambda: not is_as(self.shown(), states, lines, without), self._trial.timers.quiet_s)
        self._judge(states, lines, without)

    def _judge(self, states: Sequence[str], lines: Sequence[str], without: Sequence[str]) -> None:
        shown = self.shown()
        if is_as(shown, states, lines, without):
            return
        wanted = [" or ".join(states), *(f"with {line}" for line in lines), *(f"without {line}" for line in without)]
        there = [line for line in (*lines, *without) if line in shown.text]
        raise Failure(", ".join(wanted), ", ".join([shown.state, *(f"with {one}" for one in there)]), shown.records)


def is_as(shown: Shown, states: Sequence[str], lines: Sequence[str], without: Sequence[str]) -> bool:
    """Whether the state is one of these, the lines are there in their order, and the others are not."""
    places = [shown.text.find(line) for line in lines]
    are_there = -1 not in places and places == sorted(places)
    return shown.state in states and are_there and not any(line in shown.text for line in without)


def _known(trial: Trial, patient: Patient | None) -> Order:
    if trial.role == "ris":
        return scheduled_order(trial, patient)
    if trial.role == "reporting":
        order = order_of(trial, patient)
        with trial.beforehand("an order that can be read"):
            told(trial, ready_to_read(trial, order))
        return order
    order = placed_order(trial, patient)
    if "orders_sending" in trial.target.claims.services:
        with trial.beforehand("the order is placed"):
            message_about(trial, "engine", "the order", order.patient, "NW")
    return order


# --- what an operator exports ----------------------------------------------------------------------------------------------


def _read(export: str) -> Shown:
    try:
        fields = json.loads(export.strip().splitlines()[-1])["fields"]
        text = "\n".join([str(fields["text"]), *map(str, fields.get("addenda", ()))])
        documents = [str(one.get("sha256") or one.get("pointer", "")) for one in fields.get("documents", ())]
        return Shown(_state(str(fields["shown"])), text, tuple(documents))
    except (ValueError, KeyError, TypeError, IndexError):
        return Shown(_state(export), export, tuple(export.split()))


def said_in_chart(export: str) -> str:
    """How far the order is, in the words of the export: of an answer in JSON what it says is shown, else the whole."""
    try:
        return str(json.loads(export.strip().splitlines()[-1])["fields"]["shown"])
    except (ValueError, KeyError, TypeError, IndexError):
        return export


def _state(said: str) -> str:
    return next((state for word, state in _SAID.items() if word in said.lower()), NOTHING)


# --- what a RIS sends on ---------------------------------------------------------------------------------------------------


def reports_to(trial: Trial, at: PeerName, is_it: Callable[[ReceivedMessage], bool]) -> list[ReceivedMessage]:
    """The ORU messages of this trial at one of the tester's systems."""
    return [one for one in trial.peer(at).mllp.received if one.field("MSH", 9) == "ORU" and is_it(one)]


def sent_on(trial: Trial, order: Order) -> Shown:
    """What somebody shows who has taken every report that the RIS has sent on about an order."""
    shown = Shown(NOTHING)
    for one in reports_to(trial, "engine", lambda message: order.accession in _accessions(message)):
        state = WITHDRAWN if _is_withdrawn(one) else _WORDS.get(one.field("OBR", 25), one.field("OBR", 25))
        text = "\n".join(text_of(one))
        if state == WITHDRAWN:
            text = ""
        elif shown.text and _is_addendum_alone(one):
            state, text = shown.state, f"{shown.text}\n{text}"
        shown = Shown(state, text, _documents(one), _studies(one), one.records)
    return shown


def _accessions(message: ReceivedMessage) -> list[str]:
    return [obr.component(18, 1) or obr.component(3, 1) for obr in message.message.all("OBR")]


def text_of(message: ReceivedMessage) -> list[str]:
    """The lines of TX, FT and ST, and the meanings of codes; not the study."""
    lines = []
    for obx in message.message.all("OBX"):
        repetitions = range(1, len(obx.repetitions(5)) + 1)
        if obx.field(2) in ("TX", "FT", "ST") and obx.component(3, 1) != "113014":
            lines += [line for number in repetitions for line in obx.text(5, number).split("\n")]
        elif obx.field(2) in ("CE", "CWE", "CNE"):
            lines += [obx.component(5, 2, number) for number in repetitions]
    return lines


def _is_addendum_alone(message: ReceivedMessage) -> bool:
    texts = [obx for obx in message.message.all("OBX") if obx.component(3, 1) != "113014" and obx.field(5)]
    return bool(texts) and all(obx.component(3, 1, 1, 2) == "ADT" for obx in texts)


def _is_withdrawn(message: ReceivedMessage) -> bool:
    """All of its text is, by OBX-11 (table 0085), whatever OBR-25 says."""
    said = {obx.field(11) for obx in message.message.all("OBX") if obx.component(3, 1) != "113014"}
    return bool(said) and all(_WORDS.get(code) == WITHDRAWN for code in said)


def _documents(message: ReceivedMessage) -> tuple[str, ...]:
    found = []
    for obx in message.message.all("OBX"):
        if obx.field(2) == "ED":
            found.append(hashlib.sha256(b64decode(obx.component(5, 5))).hexdigest())
        elif obx.field(2) == "RP":
            found.append(obx.component(5, 1))
    return tuple(found)


def _studies(message: ReceivedMessage) -> tuple[str, ...]:
    named = [obx for obx in message.message.all("OBX") if obx.component(3, 1) == "113014"]
    return tuple(obx.component(5, 1) for obx in named)

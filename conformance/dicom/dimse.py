"""What holds for every DIMSE service: SOP class and context, unknown operations, command sets, C-CANCEL."""

import struct
from collections.abc import Iterator

from conformance.case import ACCEPTORS, DICOM_EITHER, MUST, READ, SHOULD, case
from conformance.decoding import ReadMessage, decoded
from conformance.material.images import Study
from conformance.material.query_models import first_model
from conformance.material.sop_classes import SHORT_NAMES
from conformance.material.work import storage_class
from conformance.peers.conversation import Aborted
from conformance.target import RoleTarget
from conformance.trial import VERIFICATION, Trial
from conformance.verdict import Ended, Failure, NotApplicable, Silence
from emulators.wire.commands import c_cancel_rq, c_find_rq, n_action_rq
from emulators.wire.status import SOP_CLASS_NOT_SUPPORTED, UNRECOGNIZED_OPERATION, status_class

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"

_ELEMENT = struct.Struct("<HHI")


@case("dicom.dimse.1", MUST, ACCEPTORS, "-", "PS3.7 9.1.1.1.9, 9.1.5.1.4", READ, needs="storage")
def the_sop_class_of_a_command_must_fit_its_context(trial: Trial) -> None:
    """The SOP class in the command must fit the presentation context (0122H, or A-ABORT)."""
    claimed = [one for one in trial.target.claims.sop_classes if one in SHORT_NAMES]
    trial.needs(len(claimed) > 1, "two storage SOP classes that the tester knows")
    agreed, other = claimed[:2]
    peer = trial.associate(agreed)
    try:
        answer = peer.store(Study(trial).image(other), context_id=peer.context(agreed))
    except Aborted:
        return
    trial.expect(status_class(answer.status) == "failure", "0122H, or A-ABORT", answer.meaning, answer.records)
    is_told = answer.status == SOP_CLASS_NOT_SUPPORTED
    trial.should(is_told, "0122H, SOP class not supported", answer.meaning, answer.records)
    peer.release()


def _unknown_operations(target: RoleTarget) -> tuple[str, ...]:
    on_verification = "N-ACTION on Verification"
    return (on_verification, "C-FIND on storage") if "storage" in target.claims.services else (on_verification,)


@case("dicom.dimse.2", SHOULD, ACCEPTORS, "-", "PS3.7 9.1.5.1.4, Annex C", READ, variants=_unknown_operations)
def an_operation_that_the_sop_class_does_not_know_is_answered_with_an_error(trial: Trial) -> None:
    """An operation that the SOP class does not know is answered with an error (0211H), and the association survives."""
    is_action = trial.variant == "N-ACTION on Verification"
    sop_class = VERIFICATION if is_action else storage_class(trial)
    if sop_class is None:
        raise NotApplicable("not claimed: a storage SOP class that the tester knows")
    peer = trial.associate(VERIFICATION, sop_class)
    number = peer.next_message_id()
    command = n_action_rq(number, sop_class, trial.uid(), 1, has_dataset=False)
    identifier = None
    if not is_action:
        command, identifier = c_find_rq(number, sop_class), Study(trial).image(sop_class)
        del identifier.PixelData
    try:
        answer = peer.request_of(peer.context(sop_class), command, identifier)
    except Aborted as aborted:
        trial.should(False, "0211H, unrecognized operation", aborted.actual, aborted.proof)
        return
    trial.expect(status_class(answer.status) == "failure", "0211H, unrecognized operation", answer.meaning, answer.records)
    is_told = answer.status == UNRECOGNIZED_OPERATION
    trial.should(is_told, "0211H, unrecognized operation", answer.meaning, answer.records)
    trial.expect_equal("C-ECHO after it", peer.echo().meaning, "0000H success")
    peer.release()


@case("dicom.dimse.3", MUST, DICOM_EITHER, "+", "PS3.7 6.3.1, Annex E", READ, passive=True)
def every_command_set_is_well_formed(trial: Trial) -> None:
    """Command sets are Implicit VR LE, ordered, with correct group length, and Command Data Set Type is 0101H exactly when no
    data set follows. (Passive: all traffic of the run.)"""
    if trial.target.dicom_port is not None and not any(_messages(trial)):
        with trial.associate(VERIFICATION) as peer:  # of a run that has no other traffic
            peer.echo()
    count = 0
    for message in _messages(trial):
        count += 1
        fault = message.fault or next(command_set_faults(message.command_bytes), "")
        what = message.name if message.command else "command set"
        trial.expect(not fault, f"a well-formed {what}", fault, message.records)
    trial.needs(count > 0, "DICOM: it sent no DIMSE message in this run")


def _messages(trial: Trial) -> Iterator[ReadMessage]:
    """Every whole message of the product."""
    for _, items in decoded(trial.taps.connections, tuple(trial.taps.records)):
        for item in items:
            if isinstance(item, ReadMessage) and item.way == "from product":
                yield item


def command_set_faults(data: bytes) -> Iterator[str]:
    """What is wrong with the bytes of a command set, in words."""
    position, last = 0, -1
    while position < len(data):
        if position + 8 > len(data):
            yield "the header of the last element is cut"
            return
        group, number, length = _ELEMENT.unpack_from(data, position)
        position += 8 + length
        said = f"({group:04X},{number:04X})"
        if group != 0:
            yield f"{said} is not of group 0000H: not implicit VR little endian?"
            return
        if number <= last:
            yield f"{said} comes after (0000,{last:04X})"
        if length % 2:
            yield f"{said} has the odd length {length}"
        if last < 0:
            yield from _group_length_faults(data, number)
        last = number
    if position != len(data):
        yield f"(0000,{last:04X}) reaches beyond the end"


def _group_length_faults(data: bytes, first: int) -> Iterator[str]:
    if first != 0 or len(data) < 12:
        yield "no group length (0000,0000) at its beginning"
        return
    said = int.from_bytes(data[8:12], "little")
    if said != len(data) - 12:
        yield f"(0000,0000) is {said}, and {len(data) - 12} bytes follow"


@case("dicom.dimse.4", MUST, ACCEPTORS, "-", "PS3.7 9.3.2.3", READ, waits=True)
def a_cancel_is_never_answered_by_itself(trial: Trial) -> None:
    """C-CANCEL is never answered by itself, and a C-CANCEL for an unknown Message ID is harmless."""
    sop_class = cancellable(trial)
    with trial.associate(VERIFICATION, sop_class) as peer:
        peer.send(peer.context(sop_class), c_cancel_rq(999))
        try:
            answer = peer.receive(trial.timers.quiet_s)
        except Silence:
            trial.expect_equal("C-ECHO after it", peer.echo().meaning, "0000H success")
        except Ended as end:
            raise Failure("no answer, and the association goes on", end.actual, end.proof) from None
        else:
            raise Failure("no answer", answer.name, answer.records)


def cancellable(trial: Trial) -> str:
    """A SOP class that the product claims and that has C-CANCEL. Raises NotApplicable."""
    claims = trial.target.claims
    if "worklist" in claims.services and trial.role == "ris":
        return MODALITY_WORKLIST
    trial.needs("query" in claims.services, "a service that can be cancelled")
    return first_model(trial.target).find

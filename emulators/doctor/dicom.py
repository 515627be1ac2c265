"""One DICOM connection: can it be set up, does the peer take what the lanes need, does it answer C-ECHO, and how fast."""

import socket
import time
from collections.abc import Sequence

from emulators.codecs.dicom.uids import TRANSFER_SYNTAXES, VERIFICATION
from emulators.core.errors import RemoteProtocolError
from emulators.doctor.finding import ANSWER_LIMIT_S, CONNECT_LIMIT_S, Finding, Health, stalls, unreachable
from emulators.ports.association import Gone, Rejected, SocketAssociation
from emulators.wire.commands import c_echo_rq
from emulators.wire.negotiation import ABSTRACT_SYNTAX_NOT_SUPPORTED, TRANSFER_SYNTAXES_NOT_SUPPORTED, propose

_ECHOES = 5

_ADVICE = {
    "calling AE title not recognized": "the peer does not know the AE title {calling}: add it there, with this host",
    "called AE title not recognized": "the peer does not call itself {called}: compare the AE titles",
    "local limit exceeded": "the peer has no free association: raise its limit, or look for connections that are never closed",
    "temporary congestion": "the peer is busy: try again",
}


def examine(
    address: tuple[str, int],
    calling_ae_title: str,
    called_ae_title: str,
    sop_classes: Sequence[tuple[str, str]],
    limits_s: tuple[float, float] = (CONNECT_LIMIT_S, ANSWER_LIMIT_S),
) -> Finding:
    """``sop_classes``: (UID, what it is for) that the peer must take; ``limits_s`` to connect and to answer."""
    began = time.monotonic()
    try:
        connection = socket.create_connection(address, timeout=limits_s[0])
    except OSError as error:
        return unreachable(error, address)
    connect_s = time.monotonic() - began
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        association = SocketAssociation(connection, idle_s=limits_s[1])
        wanted = [(VERIFICATION, "verification"), *sop_classes]
        try:
            association.request(propose(called_ae_title, calling_ae_title, [(uid, TRANSFER_SYNTAXES) for uid, _ in wanted]))
        except Rejected as rejected:
            return _rejected(str(rejected), calling_ae_title, called_ae_title)
        except (Gone, RemoteProtocolError) as error:
            advice = f"something listens there and does not answer as DICOM does ({error}): is it the DICOM port?"
            return Finding(Health.BROKEN, "no association", advice)
        return _associated(association, wanted, connect_s)


def _rejected(meaning: str, calling: str, called: str) -> Finding:
    reason = meaning.partition(": ")[2]
    advice = _ADVICE.get(reason, "the peer says no more than this").format(calling=calling, called=called)
    return Finding(Health.BROKEN, f"rejected, {reason}", advice)


def _associated(association: SocketAssociation, wanted: Sequence[tuple[str, str]], connect_s: float) -> Finding:
    try:
        round_trips_s = _echo(association)
        refused = _refused(association, wanted)
        association.release()
    except (Gone, RemoteProtocolError) as error:
        return Finding(Health.BROKEN, "no C-ECHO", f"the association was accepted, and then: {error}")
    if refused:
        return Finding(Health.BROKEN, "service refused", "; ".join(refused))
    median_ms = sorted(round_trips_s)[len(round_trips_s) // 2] * 1000
    if stalls(round_trips_s, connect_s):
        advice = (
            f"each round trip takes {median_ms:.0f} ms and the network {connect_s * 1000:.1f} ms: Nagle's algorithm waits for "
            "a delayed acknowledgement; let the peer set TCP_NODELAY (DCMTK: the environment variable TCP_NODELAY=1)"
        )
        return Finding(Health.SLOW, f"stalls, {median_ms:.0f} ms", advice)
    return Finding(Health.GOOD, f"C-ECHO {median_ms:.1f} ms")


def _echo(association: SocketAssociation) -> list[float]:
    """Seconds of each of some C-ECHOs. RemoteProtocolError: not accepted, or answered with a failure."""
    context = association.context_for(VERIFICATION)
    round_trips_s: list[float] = []
    for number in range(1, _ECHOES + 1):
        began = time.monotonic()
        association.send(context.context_id, c_echo_rq(number))
        answer = association.receive()
        round_trips_s.append(time.monotonic() - began)
        if answer is None:
            raise RemoteProtocolError("released before the response")
        if answer.command.status != 0:
            raise RemoteProtocolError(f"C-ECHO was answered {answer.command.status:04X}H")
    return round_trips_s


def _refused(association: SocketAssociation, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Why services were refused, a phrase each."""
    assert association.accepted is not None  # there is an association
    results = {result.context_id: result.result for result in association.accepted.contexts}
    phrases: list[str] = []
    for index, (_, purpose) in enumerate(wanted):
        result = results.get(2 * index + 1)
        if result == 0:
            continue
        why = {
            ABSTRACT_SYNTAX_NOT_SUPPORTED: "the SOP class is not supported",
            TRANSFER_SYNTAXES_NOT_SUPPORTED: "no common transfer syntax (Explicit and Implicit VR Little Endian were offered)",
        }.get(-1 if result is None else result, "refused without a reason")
        phrases.append(f"{purpose}: {why}")
    return phrases

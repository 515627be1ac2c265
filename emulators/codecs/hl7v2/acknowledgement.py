"""Acknowledgements: MSH MSA [ERR] (2.14.1), of original mode (2.9.2) and of enhanced mode (2.9.3).

In enhanced mode the accept acknowledgement (MSA-1 is CA, CE or CR) is the answer, as AA, AE or AR are in original mode, and the
application acknowledgement is a message of its own with AA, AE or AR.

An error stands in ERR-1 as ``segment^sequence^field^code&text&HL70357`` in 2.3.1, and in ERR-2 (location), ERR-3 (code) and
ERR-4 (severity E) in 2.5.1. Both are read, and MSA-6, the form of 2.3 and before.
"""

import re
from collections.abc import Sequence

from emulators.codecs.hl7v2.fields import needed, segment, text
from emulators.codecs.hl7v2.rejection import ERROR_TEXTS, content_error
from emulators.core.errors import LocalProtocolError, RemoteProtocolError
from emulators.core.instant import Stamp
from emulators.messages.acknowledgements import CONDITIONS, ApplicationAcknowledgement, EnhancedMode
from emulators.messages.common import ACCEPT_CODES, APPLICATION_CODES, Acknowledgement
from emulators.wire import er7
from emulators.wire.er7 import Row

_ERROR = re.compile(r"([0-9]{3})(?: ([A-Z][A-Z0-9]{2})(?:-([0-9]{1,3}))?)?")
_CODING_SYSTEM = "HL70357"


def enhanced_mode(payload: bytes, same_connection: bool) -> EnhancedMode | None:
    """What MSH-15 and MSH-16 ask for; None in original mode, which is no value of table 0155 in either (2.9.3).

    Of one alone the other is NE if it is empty, and AL if it is no such value. An acknowledgement is not acknowledged in
    original mode.
    """
    try:
        msh = er7.header(payload)
    except RemoteProtocolError:
        return None
    accept, application = (text(msh, number) for number in (15, 16))
    if CONDITIONS.isdisjoint((accept, application)) and msh.component(9, 1) != "ACK":
        return None
    return EnhancedMode(_condition(accept), _condition(application), text(msh, 9, 2), same_connection)


def _condition(said: str) -> str:
    if not said:
        return "NE"
    return said if said in CONDITIONS else "AL"


def write_acknowledgement(acknowledgement: Acknowledgement, version: str) -> Sequence[Row]:
    """The segments after MSH."""
    rows: list[Row] = [er7.row("MSA", {1: acknowledgement.code, 2: acknowledgement.control_id})]
    if acknowledgement.error:
        rows.append(_err(acknowledgement.error, version))
    return rows


def _err(error: str, version: str) -> Row:
    match = _ERROR.fullmatch(error)
    if match is None:
        raise LocalProtocolError("acknowledgement.error: not a code of table 0357 with a location")
    code, segment, field = match[1], match[2] or "", match[3] or ""
    entry = (code, ERROR_TEXTS.get(code, ""), _CODING_SYSTEM)
    location = (segment, "1" if segment else "", field)
    if version == "2.3.1":
        return er7.row("ERR", {1: (*location, entry)})
    return er7.row("ERR", {2: location, 3: entry, 4: "E"})


def write_application_acknowledgement(message: ApplicationAcknowledgement, version: str) -> Sequence[Row]:
    return write_acknowledgement(Acknowledgement(message.code, message.request_control_id, message.error), version)


def read_acknowledgement(payload: bytes, is_enhanced: bool = False) -> Acknowledgement:
    """RemoteProtocolError: not readable, no MSA, or MSA-1 not one of the mode."""
    message = er7.parse(payload)
    msa = message.required("MSA")
    code, control_id = text(msa, 1), text(msa, 2)
    if code not in (ACCEPT_CODES if is_enhanced else APPLICATION_CODES):
        raise RemoteProtocolError(f"MSA-1: not {'CA, CE or CR' if is_enhanced else 'AA, AE or AR'}")
    return Acknowledgement(code, control_id, _read_error(message) if code not in ("AA", "CA") else "")


def read_application_acknowledgement(message: er7.Message, control_id: str, sent_at: Stamp) -> ApplicationAcknowledgement:
    msa = segment(message, "MSA")
    code, acknowledged = needed(text(msa, 1), "MSA-1"), needed(text(msa, 2), "MSA-2")
    if code not in APPLICATION_CODES:
        raise content_error("103", "MSA-1")
    error = _read_error(message) if code != "AA" else ""
    return ApplicationAcknowledgement(control_id, sent_at, text(message.msh, 9, 2), code, acknowledged, error)


def _read_error(message: er7.Message) -> str:
    """Code and location, as far as they have the form they must; what else the peer says is not repeated."""
    err = message.first("ERR")
    if err is None:
        code, location = message.required("MSA").component(6, 1), ("", "")
    elif err.field(3):
        code, location = err.component(3, 1), (err.component(2, 1), err.component(2, 3))
    else:
        code, location = err.component(1, 4), (err.component(1, 1), err.component(1, 3))
    segment, field = location
    for error in (f"{code} {segment}-{field}", f"{code} {segment}", code):
        if _ERROR.fullmatch(error):
            return error
    return ""

"""Enhanced acknowledgement mode (HL7 v2.9.1 2.8.3, v2.5.1 2.9.3): what a sender asks for, and the application acknowledgement,
which is a message of its own. Lane ``acknowledgements``.

The accept acknowledgement (CA, CE, CR) is an answer, as in original mode: ``common.Acknowledgement``.
"""

from dataclasses import dataclass
from typing import ClassVar

from emulators.core.errors import LocalProtocolError
from emulators.messages import canonical
from emulators.messages.common import APPLICATION_CODES, Acknowledgement

CONDITIONS = frozenset(("AL", "NE", "ER", "SU"))
"""Table 0155: always, never, on error or rejection only, on success only."""

_ACCEPT_CODES = {"AA": "CA", "AE": "CE", "AR": "CR"}


@dataclass(frozen=True, slots=True)
class EnhancedMode:
    """What a message asks for: ``accept`` is MSH-15, ``application`` MSH-16; ``event`` is its MSH-9.2.

    ``same_connection``: the application acknowledgement goes back on the connection of the message.
    """

    accept: str
    application: str
    event: str = ""
    same_connection: bool = False

    def __post_init__(self) -> None:
        canonical.one_of(self.accept, CONDITIONS, "mode.accept")
        canonical.one_of(self.application, CONDITIONS, "mode.application")

    def wants_accept(self, code: str) -> bool:
        """Whether an accept acknowledgement with this code is asked for."""
        return _is_wanted(self.accept, code == "CA")

    def wants_application(self, code: str) -> bool:
        """Whether an application acknowledgement with this code is asked for."""
        return _is_wanted(self.application, code == "AA")


def _is_wanted(condition: str, is_success: bool) -> bool:
    return condition == "AL" or condition == ("SU" if is_success else "ER")


def accepting(answer: Acknowledgement) -> Acknowledgement:
    """An acknowledgement of original mode as the accept acknowledgement that says the same; any other as it is."""
    code = _ACCEPT_CODES.get(answer.code)
    return answer if code is None else Acknowledgement(code, answer.control_id, answer.error)


@dataclass(frozen=True, slots=True)
class ApplicationAcknowledgement:
    """ACK with AA, AE or AR for a message that was accepted before: ``request_control_id`` is MSA-2, ``event`` that message's.

    ``error`` is as in ``Acknowledgement``.
    """

    control_id: str
    sent_at: str
    event: str
    code: str
    request_control_id: str
    error: str = ""

    lane: ClassVar[str] = "acknowledgements"
    nominal_bytes: ClassVar[int] = 150

    def __post_init__(self) -> None:
        canonical.identifier(self.control_id, 20, "control_id")
        canonical.stamp(self.sent_at, "sent_at")
        canonical.identifier(self.request_control_id, 20, "request_control_id")
        if not self.control_id or not self.request_control_id:
            raise LocalProtocolError("control_id: empty")
        canonical.one_of(self.code, APPLICATION_CODES, "code")

    @property
    def subject(self) -> str:
        return self.request_control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {"control": self.control_id, "acknowledged": self.request_control_id}

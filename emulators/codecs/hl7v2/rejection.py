"""Why a message is refused, in the words of HL7: an acknowledgement code and an error of table 0357 with its location."""

from collections.abc import Mapping

from emulators.core.errors import RemoteProtocolError
from emulators.messages.common import Acknowledgement

ERROR_TEXTS: Mapping[str, str] = {
    "100": "Segment sequence error",  # a required segment is missing, too
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""Table 0357, message error condition codes."""


class Rejection(RemoteProtocolError):
    """A message that cannot be read: ``Rejection("AE 101 PID-3: required field missing")``.

    AR says that the header asks for something we do not do (2.9.2.1: it may be sent again elsewhere), AE that the content
    is wrong. The text holds code, error and location, and never a value. ``control_id`` is MSH-10 if it could be read.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code, _, self.error = message.partition(":")[0].partition(" ")
        self.control_id = ""

    @property
    def acknowledgement(self) -> Acknowledgement:
        """The negative answer to give."""
        return Acknowledgement(self.code, self.control_id, self.error)


def content_error(code: str, location: str) -> Rejection:
    """AE with a code of table 0357 at a location such as ``OBR-4``."""
    return Rejection(f"AE {code} {location}: {ERROR_TEXTS[code].lower()}")


def header_error(code: str, location: str) -> Rejection:
    """AR with a code of table 0357."""
    return Rejection(f"AR {code} {location}: {ERROR_TEXTS[code].lower()}")

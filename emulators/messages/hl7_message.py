"""What every HL7 message has before it says anything of its own: its number, its time and its patient."""

from dataclasses import dataclass, field

from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import Patient


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """``control_id`` is MSH-10, ``sent_at`` MSH-7, ``patient`` PID. The message is known by its control ID.

    ``original`` is the message as it came (codecs/hl7v2/pass_through.py), kept by who passes it on unchanged; two messages that
    say the same to us are equal whatever else stands there.

    A subclass that checks more calls ``Hl7Message.__post_init__`` first, and gives ``named`` what else it identifies.
    """

    control_id: str
    sent_at: Stamp
    patient: Patient
    original: str = field(default="", kw_only=True, compare=False, repr=False)

    def __post_init__(self) -> None:
        if canonical.text(self.control_id, 20, "control_id") != self.control_id or not self.control_id:
            raise LocalProtocolError("control_id: empty, or with outer spaces")
        canonical.stamp(self.sent_at, "sent_at")

    @property
    def subject(self) -> str:
        return self.control_id

    @property
    def identifiers(self) -> dict[str, str]:
        return self.named()

    def named(self, **others: str) -> dict[str, str]:
        """The identifiers of the patient and the message, and between them ``others``."""
        return {"mrn": self.patient.patient_id, **others, "control": self.control_id}

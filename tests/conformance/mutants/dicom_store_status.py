"""Archives that cases dicom.store.status.* catch."""

from emulators.wire.commands import response
from emulators.wire.dimse import decode_command
from tests.conformance.archives import Instead, OtherStatus
from tests.conformance.mangler import Link, Mutant, Quirk, framed


class AnswersBeforeTheEnd(Mutant):
    """0000H to every C-STORE as soon as its command has come; what the product says then is dropped."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == 4 and body[5] & 0x01:  # a command
            command = decode_command(body[6:])
            if command.name == "C-STORE-RQ":
                link.send_message(False, body[4], response(command, 0x0000), None)
            elif command.name == "C-STORE-RSP":
                return None
        return framed(pdu_type, body)


class TakesWhatIsNotAnnounced(OtherStatus):
    """0000H where the data set is not what the command said."""

    def __init__(self) -> None:
        super().__init__(0x0000, lambda status: status >> 8 == 0xA9)


class CannotUnderstandWhenFull(OtherStatus):
    """C000H, for which no sender tries again."""

    def __init__(self) -> None:
        super().__init__(0xC000, lambda status: status >> 8 == 0xA7)


MUTANTS = {
    "dicom.store.status.1": [AnswersBeforeTheEnd(), Quirk(("forgets_images",))],
    "dicom.store.status.2": TakesWhatIsNotAnnounced(),
    "dicom.store.status.3": Instead(0x0000),
    "dicom.store.status.4": CannotUnderstandWhenFull(),
}

"""Archives that cases dicom.store.status.* catch."""

from emulators.wire.commands import response
from emulators.wire.dimse import decode_command
from emulators.wire.pdu import P_DATA_TF
from tests.conformance.mangler import Link, Mutant, Quirk, framed
from tests.conformance.status_mutants import AnswersOtherwise, SaysYesAndForgets


class AnswersBeforeTheEnd(Mutant):
    """0000H to every C-STORE as soon as its command has come; what the product says then is dropped."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == P_DATA_TF and body[5] & 0x01:  # a command
            command = decode_command(body[6:])
            if command.name == "C-STORE-RQ":
                link.send_message(False, body[4], response(command, 0x0000), None)
            elif command.name == "C-STORE-RSP":
                return None
        return framed(pdu_type, body)


class TakesWhatIsNotAnnounced(AnswersOtherwise):
    """0000H where the data set is not what the command said."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", range(0xA900, 0xAA00), 0x0000)


class CannotUnderstandWhenFull(AnswersOtherwise):
    """C000H, for which no sender tries again."""

    def __init__(self) -> None:
        super().__init__("C-STORE-RSP", range(0xA700, 0xA800), 0xC000)


MUTANTS = {
    "dicom.store.status.1": [AnswersBeforeTheEnd(), Quirk(("forgets_images",))],
    "dicom.store.status.2": TakesWhatIsNotAnnounced(),
    "dicom.store.status.3": SaysYesAndForgets("C-STORE-RQ"),
    "dicom.store.status.4": CannotUnderstandWhenFull(),
}

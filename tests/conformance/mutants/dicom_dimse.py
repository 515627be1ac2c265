"""Emulators that cases dicom.dimse.* catch."""

from emulators.wire.dimse import C_CANCEL_RQ, NO_DATA_SET, RESPONSE, Command
from emulators.wire.pdu import P_DATA_TF
from tests.conformance.mangler import Link, Message, Mutant, changed, framed


class SaysSuccess(Mutant):
    """Whatever it has found wrong."""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        return (changed(command, Status=0) if command.is_response and not to_product else command), dataset


class MiscountsTheGroupLength(Mutant):
    """The value of (0000,0000), which follows the header of the PDV, counts itself too."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == P_DATA_TF and not to_product and body[5] & 1:
            length = int.from_bytes(body[14:18], "little") + 12
            body = body[:14] + length.to_bytes(4, "little") + body[18:]
        return framed(pdu_type, body)


class SwapsTwoElements(Mutant):
    """Message ID Being Responded To stands before Command Field."""

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes:
        if pdu_type == P_DATA_TF and not to_product:
            at = body.find(b"\0\0\0\1\2\0\0\0")
            body = body[:at] + body[at + 10 : at + 20] + body[at : at + 10] + body[at + 20 :]
        return framed(pdu_type, body)


class AnswersCancel(Mutant):
    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.field == C_CANCEL_RQ:
            answer = {"MessageIDBeingRespondedTo": command.message_id, "CommandDataSetType": NO_DATA_SET, "Status": 0xFE00}
            link.send_message(False, context_id, Command({"CommandField": RESPONSE | C_CANCEL_RQ, **answer}), None)
        return command, dataset


MUTANTS = {
    "dicom.dimse.1": SaysSuccess(),
    "dicom.dimse.2": SaysSuccess(),
    "dicom.dimse.3": [MiscountsTheGroupLength(), SwapsTwoElements()],
    "dicom.dimse.4": AnswersCancel(),
}

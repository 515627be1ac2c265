"""Archives that cases dicom.store.abort.* catch."""

from pydicom.dataset import Dataset

from conformance.material.data_sets import encode
from emulators.wire.commands import response
from emulators.wire.dimse import Command, decode_command
from emulators.wire.pdu import P_DATA_TF
from tests.conformance.archives import RefusesWhatItHas
from tests.conformance.mangler import Link, Mutant, changed, framed


class IndexesBeforeItHasTheObject(Mutant):
    """What the command of a C-STORE names is found from then on, whether its data set came whole or not."""

    def reset(self) -> None:
        self._half: set[str] = set()

    def pdu(self, link: Link, to_product: bool, pdu_type: int, body: bytes) -> bytes | None:
        if pdu_type == P_DATA_TF:
            command = decode_command(body[6:]) if body[5] & 0x01 else None
            if command is None:
                if to_product:
                    link.notes["asked"] = body
            elif command.name == "C-STORE-RQ":
                link.notes["storing"] = command.sop_instance_uid
                self._half.add(command.sop_instance_uid)
            elif not to_product and command.name == "C-STORE-RSP":
                self._half.discard(str(link.notes["storing"]))
            elif command.name == "C-FIND-RSP" and command.status == 0:
                self._find_half(link, body[4], command, link.notes["asked"])
        return framed(pdu_type, body)

    def _find_half(self, link: Link, context_id: int, final: Command, asked: object) -> None:
        assert isinstance(asked, bytes)
        asks_for_all = b"IMAGE" in asked and asked.count(b"2.25.") == 2  # the UIDs of study and series alone
        for uid in self._half:
            if not asks_for_all:
                continue
            match = Dataset()
            match.SOPInstanceUID = uid
            pending = response(changed(final, CommandField=0x0020, MessageID=final.message_id), 0xFF00, has_dataset=True)
            link.send_message(False, context_id, pending, encode(match, link.contexts[context_id]))


MUTANTS = {"dicom.store.abort.1": IndexesBeforeItHasTheObject(), "dicom.store.abort.2": RefusesWhatItHas()}

"""One message that any DICOM acceptor takes, for cases about how its bytes arrive: a C-STORE where the product takes images,
else a C-ECHO."""

from typing import Any

from pydicom.dataset import Dataset

from conformance.material.images import Study
from conformance.material.sop_classes import SHORT_NAMES
from conformance.peers.association import Association
from conformance.trial import IMPLICIT, VERIFICATION, Trial
from emulators.wire.commands import c_echo_rq, c_store_rq
from emulators.wire.dimse import Command, encode_command
from emulators.wire.pdu import DataTransfer, DataValue, encode


def storage_class(trial: Trial) -> str | None:
    """The first storage SOP class that the product claims and the tester has an instance of."""
    claims = trial.target.claims
    known = [one for one in claims.sop_classes if one in SHORT_NAMES] if "storage" in claims.services else []
    return known[0] if known else None


class Work:
    """The message; ``size_bytes`` of Pixel Data at the least where it is an image, which is ``dataset``."""

    def __init__(self, trial: Trial, size_bytes: int = 0) -> None:
        self._trial = trial
        sop_class = storage_class(trial)
        self.dataset: Dataset | None = None
        if sop_class is not None:
            self.dataset = Study(trial).image(sop_class, **(pixels(trial, size_bytes) if size_bytes else {}))
        self.abstract_syntax = sop_class or VERIFICATION

    def associate(self, **options: Any) -> Association:
        """An association that it can go over, in implicit VR, beside Verification."""
        return self._trial.associate((VERIFICATION, (IMPLICIT,)), (self.abstract_syntax, (IMPLICIT,)), **options)

    def request(self, peer: Association) -> Command:
        if self.dataset is None:
            return c_echo_rq(peer.next_message_id())
        return c_store_rq(peer.next_message_id(), self.abstract_syntax, str(self.dataset.SOPInstanceUID))

    def parts(self, peer: Association) -> tuple[int, Command, bytes, bytes | None]:
        """Context id, command, its bytes, and the bytes of the data set."""
        context_id = peer.context(self.abstract_syntax)
        command = self.request(peer)
        data = None if self.dataset is None else peer.encoded(context_id, self.dataset)
        return context_id, command, encode_command(command), data

    def half(self, peer: Association) -> bytes:
        """PDUs that begin the message and do not end it."""
        context_id, _, command, data = self.parts(peer)
        if data is None:
            return p_data((context_id, True, False, command[: len(command) // 2]))
        begun = data[: min(len(data) // 2, (peer.max_pdu_length or 1 << 16) - 6)]
        return p_data((context_id, True, True, command)) + p_data((context_id, False, False, begun))


def p_data(*values: tuple[int, bool, bool, bytes]) -> bytes:
    """One P-DATA-TF; each value: context id, whether of a command, whether the last fragment, bytes."""
    return encode(DataTransfer(tuple(DataValue(one[0], one[1], one[2], memoryview(one[3])) for one in values)))


def pixels(trial: Trial, size_bytes: int) -> dict[str, Any]:
    """As many rows of 256 pixels as that takes, their bytes unlike those of another trial."""
    rows = -(-size_bytes // 512)
    pattern = trial.uid().encode()
    data = (pattern * (rows * 512 // len(pattern) + 1))[: rows * 512]
    return {"Rows": rows, "Columns": 256, "PixelData": data, "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15}

"""From a message to the buffers of its P-DATA-TF PDUs (PS3.8 9.3.5 and Annex E), payload not copied."""

import struct
from collections.abc import Iterable, Sequence

from emulators.core.errors import RemoteProtocolError
from emulators.wire.pdu import CONTROL_COMMAND, CONTROL_LAST, P_DATA_TF, Buffer

# What we send at most in one PDU, also to a peer that sets no limit: larger ones bring no speed.
SENT_PDU_LENGTH_MAX = 1 << 18

_PDU_AND_PDV_HEADER = struct.Struct(">BxIIBB")
_PDV_OVERHEAD = 6  # of the PDU's length: item length, context id, message control header
_DATA_SET = 0


def fragment(context_id: int, command: bytes, dataset: Sequence[Buffer] | None, max_pdu_length: int) -> list[Buffer]:
    """The buffers, in order, of the fewest PDUs that carry one message, one PDV each; ready for ``socket.sendmsg``.

    ``dataset`` is the data set in any number of parts, None for a message without one. ``max_pdu_length`` is the limit
    that the peer announced (bytes of the PDU body, 0 for none). Fragments have an even length, as some products insist.
    Raises RemoteProtocolError where the peer's limit leaves no room for two bytes.
    """
    limit = min(max_pdu_length or SENT_PDU_LENGTH_MAX, SENT_PDU_LENGTH_MAX)
    fragment_length_max = (limit - _PDV_OVERHEAD) & ~1
    if fragment_length_max < 2:
        raise RemoteProtocolError(f"the peer's maximum PDU length of {max_pdu_length} leaves no room for data")
    buffers: list[Buffer] = []
    _append_fragments(buffers, context_id, CONTROL_COMMAND, [command], fragment_length_max)
    if dataset is not None:
        _append_fragments(buffers, context_id, _DATA_SET, dataset, fragment_length_max)
    return buffers


def _append_fragments(
    buffers: list[Buffer], context_id: int, control: int, parts: Iterable[Buffer], fragment_length_max: int
) -> None:
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    views.reverse()  # the next view is the last of the list
    remaining = sum(map(len, views))
    while True:
        length = min(remaining, fragment_length_max)
        remaining -= length
        if not remaining:
            control |= CONTROL_LAST
        buffers.append(_PDU_AND_PDV_HEADER.pack(P_DATA_TF, length + _PDV_OVERHEAD, length + 2, context_id, control))
        while length:
            view = views.pop()
            if len(view) > length:
                views.append(view[length:])
                view = view[:length]
            buffers.append(view)
            length -= len(view)
        if not remaining:
            return

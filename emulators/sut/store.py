"""A study given to a product outside of a run: what its archive held before the run began."""

import socket
from collections.abc import Iterable

from emulators.codecs.dicom.uids import TRANSFER_SYNTAXES
from emulators.core.errors import RemoteProtocolError
from emulators.messages.imaging import StoreStudy
from emulators.ports.association import Gone, SocketAssociation
from emulators.ports.dicom import Outgoing
from emulators.ports.sockets import Address
from emulators.wire.commands import c_store_rq
from emulators.wire.negotiation import propose

CONNECT_LIMIT_S = 5.0


def send_study(address: Address, titles: tuple[str, str], store: StoreStudy, images: Iterable[Outgoing]) -> None:
    """C-STORE every image; ``titles`` are calling and called. Raises RemoteProtocolError: not reached, or not stored."""
    calling, called = titles
    try:
        with socket.create_connection(address, timeout=CONNECT_LIMIT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            association = SocketAssociation(connection)
            association.request(propose(called, calling, [(store.sop_class_uid, [syntax]) for syntax in TRANSFER_SYNTAXES]))
            contexts = {context.transfer_syntax: context.context_id for context in association.contexts.values()}
            for number, image in enumerate(images, start=1):
                context_id = contexts.get(image.transfer_syntax_uid)
                if context_id is None:
                    raise RemoteProtocolError(f"{called} takes no {store.header.modality} images in this transfer syntax")
                command = c_store_rq(number, image.sop_class_uid, image.sop_instance_uid)
                association.send(context_id, command, image.buffers)
                answer = association.receive()
                if answer is None or answer.command.status >> 12 not in (0x0, 0xB):
                    status = "a release" if answer is None else f"{answer.command.status:04X}H"
                    raise RemoteProtocolError(f"{called} answered an earlier study with {status}")
            association.release()
    except (OSError, Gone) as error:
        raise RemoteProtocolError(f"{called} at {address[0]}:{address[1]}: {error}") from None

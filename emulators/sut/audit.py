"""What an archive really holds, asked by C-FIND: every series of a study, and every instance of a series (PS3.4 C.6.2.1)."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.uids import STUDY_ROOT_FIND, TRANSFER_SYNTAXES
from emulators.core.errors import RemoteProtocolError
from emulators.messages import attributes
from emulators.messages.attributes import Attributes
from emulators.messages.instance_set import InstanceSet
from emulators.messages.query import Find, Found
from emulators.ports.association import Gone, SocketAssociation
from emulators.ports.sockets import Address
from emulators.sut.store import CONNECT_LIMIT_S
from emulators.wire.dimse import Command
from emulators.wire.negotiation import propose
from emulators.wire.status import status_class


@dataclass(frozen=True, slots=True)
class Audit:
    """Instances that were acquired, those that the archive has, and both kinds of difference, by SOP Instance UID."""

    acquired: int
    held: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.missing and not self.surplus


def audit(address: Address, titles: tuple[str, str], acquired: Mapping[str, Mapping[str, InstanceSet]]) -> Audit:
    """Compare ``acquired`` (study to series to instances) with what the archive at ``address`` names.

    ``titles`` are calling and called AE title. Raises RemoteProtocolError: not reached, or a query refused.
    """
    wanted = {uid for series in acquired.values() for instances in series.values() for uid in instances}
    held: set[str] = set()
    try:
        with socket.create_connection(address, timeout=CONNECT_LIMIT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            association = SocketAssociation(connection)
            association.request(propose(titles[1], titles[0], [(STUDY_ROOT_FIND, TRANSFER_SYNTAXES)]))
            asked = _Questions(association)
            for study in acquired:
                held.update(asked.instances_of(study))
            association.release()
    except (OSError, Gone) as error:
        raise RemoteProtocolError(f"{titles[1]} at {address[0]}:{address[1]}: {error}") from None
    return Audit(len(wanted), len(held), tuple(sorted(wanted - held)), tuple(sorted(held - wanted)))


class _Questions:
    """Queries on one association."""

    def __init__(self, association: SocketAssociation) -> None:
        self._association = association
        self._context = association.context_for(STUDY_ROOT_FIND)
        self._message_id = 0

    def instances_of(self, study: str) -> Iterator[str]:
        for series in self._ask("SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": ""}):
            unique = {"StudyInstanceUID": study, "SeriesInstanceUID": series.text("SeriesInstanceUID")}
            for instance in self._ask("IMAGE", {**unique, "SOPInstanceUID": ""}):
                yield instance.text("SOPInstanceUID")

    def _ask(self, level: str, keys: Mapping[str, str]) -> tuple[Attributes, ...]:
        find = Find(attributes.of(keys), level)
        self._message_id += 1
        command, dataset = codec.encode_request(find, self._message_id, self._context.transfer_syntax)
        self._association.send(self._context.context_id, command, None if dataset is None else [dataset])
        found: Found = codec.decode_answer(find, list(self._responses()), self._context.transfer_syntax)
        if found.status:
            raise RemoteProtocolError(f"a query at {level} level was answered {found.status:04X}H")
        return found.matches

    def _responses(self) -> Iterator[tuple[Command, Any]]:
        while True:
            received = self._association.receive()
            if received is None:
                raise RemoteProtocolError("released before the last response")
            yield received.command, None if received.dataset is None else bytes(received.dataset)
            if status_class(received.command.status) != "pending":
                return

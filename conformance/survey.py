"""What a product tells of itself by how it answers associations: for the first draft of its target file.

C-ECHO, then a presentation context for each service, and for each storage SOP class in each transfer syntax, in as many
associations as that needs. Nothing is sent that it would keep.
"""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydicom.uid import AllTransferSyntaxes
from pynetdicom.presentation import AllStoragePresentationContexts

from conformance.peers.association import Association
from conformance.peers.stream import Stream
from conformance.taps import Taps
from conformance.target import Service
from conformance.trial import EXPLICIT, IMPLICIT, VERIFICATION
from conformance.verdict import Ended, Failure, Silence
from emulators.wire.negotiation import propose

CONTEXTS_MAX = 128
CLASSES_AT_ONCE = 32
"""With every transfer syntax each: some products take no request for an association beyond 64 or 128 KB."""
ECHO = (VERIFICATION, (IMPLICIT,))
STRANGER = "NOBODY_KNOWS_ME"

STORAGE = tuple(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
TRANSFER_SYNTAXES = tuple(map(str, AllTransferSyntaxes))
SERVICES: dict[str, tuple[Service, str]] = {
    "1.2.840.10008.5.1.4.1.2.1.1": ("query", "patient"),
    "1.2.840.10008.5.1.4.1.2.1.2": ("move", "patient"),
    "1.2.840.10008.5.1.4.1.2.1.3": ("get", "patient"),
    "1.2.840.10008.5.1.4.1.2.2.1": ("query", "study"),
    "1.2.840.10008.5.1.4.1.2.2.2": ("move", "study"),
    "1.2.840.10008.5.1.4.1.2.2.3": ("get", "study"),
    "1.2.840.10008.5.1.4.31": ("worklist", ""),
    "1.2.840.10008.3.1.2.3.3": ("performed_step", ""),
    "1.2.840.10008.1.20.1": ("commitment", ""),
}
"""SOP class to the service that it is, and of which query model."""


@dataclass(slots=True)
class Survey:
    """What was found. ``accepted``: storage SOP class to the transfer syntaxes that it is taken in, in the order of PS3.6."""

    implementation: str
    services: list[Service] = field(default_factory=list)
    query_models: list[str] = field(default_factory=list)
    accepted: dict[str, list[str]] = field(default_factory=dict)
    takes_strangers: bool = True
    associations: int = 0

    @property
    def common(self) -> list[str]:
        """Transfer syntaxes that every accepted storage SOP class is taken in."""
        return [one for one in TRANSFER_SYNTAXES if self.accepted and all(one in own for own in self.accepted.values())]

    @property
    def for_some(self) -> dict[str, list[str]]:
        """The other transfer syntaxes, with the storage SOP classes that are taken in them."""
        common = self.common
        rest = [one for one in TRANSFER_SYNTAXES if one not in common]
        found = {one: [uid for uid, own in self.accepted.items() if one in own] for one in rest}
        return {one: classes for one, classes in found.items() if classes}


class Surveyor:
    """Asks the AE ``called`` at ``address`` as ``calling``."""

    def __init__(self, address: tuple[str, int], called: str, calling: str, limit_s: float) -> None:
        self._address = address
        self._called = called
        self._calling = calling
        self._limit_s = limit_s
        self._taps = Taps()

    def survey(self) -> Survey:
        """Ask all there is to ask. Raises Failure where it cannot be asked: no connection, no association, no C-ECHO."""
        with self._associate([ECHO]) as peer:
            answer = peer.echo()
            if answer.status:
                raise Failure("C-ECHO is answered 0000H", answer.meaning)
            user = peer.accept.user_information
            found = Survey(user.implementation_version_name or user.implementation_class_uid, associations=1)
        self._ask_services(found)
        self._ask_storage(found)
        found.takes_strangers = self._takes_strangers()
        found.associations += 1
        return found

    def _ask_services(self, found: Survey) -> None:
        accepted = {uid for uid, _ in self._accepted([(uid, (IMPLICIT, EXPLICIT)) for uid in SERVICES], found)}
        for uid, (service, model) in SERVICES.items():
            if uid in accepted:
                if service not in found.services:
                    found.services.append(service)
                if model and model not in found.query_models and service == "query":
                    found.query_models.append(model)

    def _ask_storage(self, found: Survey) -> None:
        """First which SOP classes at all, then each of these in each transfer syntax."""
        taken: list[str] = []
        for start in range(0, len(STORAGE), CLASSES_AT_ONCE):
            classes = STORAGE[start : start + CLASSES_AT_ONCE]
            taken += [uid for uid, _ in self._accepted([(uid, TRANSFER_SYNTAXES) for uid in classes], found)]
        single = [(uid, (syntax,)) for uid in taken for syntax in TRANSFER_SYNTAXES]
        for uid, syntax in self._accepted(single, found):
            found.accepted.setdefault(uid, []).append(syntax)
        if found.accepted:
            found.services.insert(0, "storage")

    def _accepted(self, contexts: Sequence[tuple[str, Sequence[str]]], found: Survey) -> Iterator[tuple[str, str]]:
        """The contexts that are accepted: abstract and transfer syntax.

        Verification goes with each association: some products refuse one of which they accept no context.
        """
        for start in range(0, len(contexts), CONTEXTS_MAX - 1):
            found.associations += 1
            with self._associate([ECHO, *contexts[start : start + CONTEXTS_MAX - 1]]) as peer:
                proposed = {one.context_id: one.abstract_syntax for one in peer.request.contexts}
                results = [one for one in peer.accept.contexts if one.result == 0 and one.context_id in proposed]
            yield from ((proposed[one.context_id], one.transfer_syntax) for one in results if one.context_id != 1)

    def _takes_strangers(self) -> bool:
        try:
            with self._associate([ECHO], STRANGER):
                return True
        except Failure:
            return False

    def _associate(self, contexts: Sequence[tuple[str, Sequence[str]]], calling: str = "") -> Association:
        where = f"{self._address[0]}:{self._address[1]}"
        try:
            connection = socket.create_connection(self._address, timeout=self._limit_s)
        except TimeoutError:
            raise Silence(f"a connection to {where}", f"none within {self._limit_s:g} s") from None
        except OSError as error:
            raise Ended(f"a connection to {where}", f"none ({error.strerror or error})") from None
        tap = self._taps.open("survey", "dicom", "tester", "survey", where)
        stream = Stream(connection, tap, self._limit_s)
        try:
            return Association.establish(stream, propose(self._called, calling or self._calling, contexts), self._limit_s)
        except Failure:
            stream.close()
            raise

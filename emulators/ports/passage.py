"""Through a codec and back, without sockets: what ``--memory --codecs`` does to every message and every answer."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from emulators.codecs.dicom import codec
from emulators.codecs.dicom.images import study_header
from emulators.codecs.hl7v2 import Hl7Codec
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.ports.dicom import Outgoing
from emulators.store.header import scan
from emulators.wire.dimse import Command, decode_command, encode_command


class Passage(Protocol):
    """Gives each message as its receiver would read it off the wire."""

    def request(self, message: Any) -> Any: ...
    def answer(self, answer: Any, message: Any) -> Any: ...


class Hl7Passage:
    """Every message and acknowledgement as ER7 bytes."""

    def __init__(self, hl7: Hl7Codec) -> None:
        self._codec = hl7

    def request(self, message: Any) -> Any:
        return self._codec.decode(self._codec.encode(message))

    def answer(self, answer: Any, message: Any) -> Any:
        request = self._codec.encode(message)
        return self._codec.decode_acknowledgement(self._codec.encode_acknowledgement(answer, request))


class DicomPassage:
    """Every message and answer as command set and data set bytes; of a study the header of its first image.

    ``source`` makes images; a study without context is forwarded, and its header passes as it is.
    """

    def __init__(self, ae_title: str, source: Callable[[StoreStudy], Iterable[Outgoing]]) -> None:
        self._ae_title = ae_title
        self._source = source

    def request(self, message: Any) -> Any:
        if type(message) is StoreStudy:
            return self._header(message)
        command, dataset = codec.encode_request(message, 1)
        return codec.decode_request(_crossed(command), dataset)

    def answer(self, answer: Any, message: Any) -> Any:
        if type(answer) is StoreResult:
            return answer
        command, dataset = codec.encode_request(message, 1)
        responses = codec.encode_answer(answer, command, dataset, retrieve_ae_title=self._ae_title)
        return codec.decode_answer(message, [(_crossed(response), body) for response, body in responses])

    def _header(self, store: StoreStudy) -> Any:
        if store.context is None:
            return store.header
        first = next(iter(self._source(store.only(store.instances.head(1)))))
        return study_header(scan(first.buffers[0], first.transfer_syntax_uid, whole=False))


def _crossed(command: Command) -> Command:
    return decode_command(encode_command(command))

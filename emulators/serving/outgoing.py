"""What a served system sends: a live port per route, to the endpoint of the receiver."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from emulators.carriers import ImageSource, hl7_codec
from emulators.codecs.dicom import codec
from emulators.codecs.hl7v2 import Hl7Codec
from emulators.core.effect import Send
from emulators.core.errors import LocalProtocolError
from emulators.endpoints import ServedSite
from emulators.kernel import Archive
from emulators.messages.acknowledgements import ApplicationAcknowledgement
from emulators.messages.common import Acknowledgement
from emulators.messages.imaging import StoreResult, StoreStudy
from emulators.ports.arrivals import Arrivals
from emulators.ports.contract import Port
from emulators.ports.dicom import DicomPort, Outgoing
from emulators.ports.mllp import MllpPort
from emulators.ports.sockets import Origins
from emulators.ports.stored_images import stored_images
from emulators.serving.faults import APPLICATION_INTERNAL_ERROR
from emulators.site import HL7_LANES, Route
from emulators.site_settings import HL7_SYSTEMS
from emulators.store.archive import ImageArchive
from emulators.wire.dimse import Command

CANNOT_BE_SENT = 0xC000
"""Cannot understand, unable to process (PS3.7 C): what a peer would say of a message that is none."""

log = logging.getLogger("radloop")


def endpoint_codec(settings: ServedSite, sender: str, receiver: str) -> Hl7Codec:
    """As everywhere, and who takes a message decides how it is acknowledged, too."""
    codec = hl7_codec(settings.site, sender, receiver, settings.application)
    mode = settings.endpoints[receiver].acknowledgement
    if mode is None:
        return codec
    application = mode.application if sender in HL7_SYSTEMS else "NE"  # who listens nowhere asks for none
    return replace(codec, accept=mode.accept, application=application)


def acknowledgement_routes(settings: ServedSite, system: str) -> Iterator[Route]:
    """To whom ``system`` sends application acknowledgements as messages of their own; they are in no route table, since who
    asks for one decides."""
    for sender in HL7_SYSTEMS:
        if sender != system and settings.endpoints[sender].takes_acknowledgements == "on its port":
            yield Route(system, sender, ApplicationAcknowledgement.lane)


class EndpointCarriers:
    """Gives each route that begins at ``system`` its port.

    ``images`` makes the data sets of a scanner; a system with an ``archive`` sends from there.
    """

    def __init__(
        self, settings: ServedSite, system: str, arrivals: Arrivals, images: ImageSource, archive: ImageArchive | None
    ) -> None:
        self._settings = settings
        self._system = system
        self._arrivals = arrivals
        self._images = images
        self._archive = archive
        self._origins = Origins()
        self._ports: dict[tuple[str, str], MllpPort | DicomPort] = {}

    def port(self, route: Route) -> Port:
        port = self._mllp_port(route) if route.lane in HL7_LANES else self._dicom_port(route)
        self._ports[route.receiver, route.lane] = port
        return port

    def archive(self, system: str) -> Archive | None:
        return self._archive if system == self._system else None

    def _mllp_port(self, route: Route) -> MllpPort:
        address = self._settings.endpoints[route.receiver].mllp
        codec = endpoint_codec(self._settings, self._system, route.receiver)
        return MllpPort(codec, address, self._arrivals, self._origins, live=True)

    def _dicom_port(self, route: Route) -> DicomPort:
        titles = self._settings.site.ae_title_of
        address = self._settings.endpoints[route.receiver].dicom
        calling, called = titles[self._system], titles[route.receiver]
        return DicomPort(calling, called, address, self._arrivals, self._origins, self._source, live=True)

    def _source(self, store: StoreStudy) -> Iterable[Outgoing]:
        return self._images(store) if self._archive is None else stored_images(self._archive, store)

    def refusal(self, send: Send) -> Any:
        """None for a message that can be sent; for another the negative answer that a peer would have given."""
        port = self._ports.get((send.to, send.message.lane))
        try:
            if port is not None:
                port.check(send.message)
                return None
            if send.over is not None and send.message.lane in HL7_LANES:
                return None  # an acknowledgement: all that it says has been in a message
            if send.over is not None:  # it goes where its request came from, also to a stranger
                codec.encode_request(send.message, 1)
                return None
        except LocalProtocolError as error:
            log.error("%s to %s cannot be encoded: %s", type(send.message).__name__, send.to, error)
        else:
            log.error("%s: there is no way to %s", type(send.message).__name__, send.to)
        return _negative_answer(send.message)

    def close(self) -> None:
        for port in self._ports.values():
            port.close()


def _negative_answer(message: Any) -> Any:
    if type(message) is StoreStudy:
        return StoreResult(failed=((CANNOT_BE_SENT, message.instances),))
    if message.lane in HL7_LANES:
        return Acknowledgement("AE", message.control_id, APPLICATION_INTERNAL_ERROR)
    return codec.decode_answer(message, [(Command({"Status": CANNOT_BE_SENT}), None)])

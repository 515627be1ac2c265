"""Every connection of a site, each examined once for all the lanes that go over it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from emulators.codecs.dicom import uids
from emulators.doctor import dicom, mllp
from emulators.doctor.finding import ANSWER_LIMIT_S, CONNECT_LIMIT_S, Connection, Finding
from emulators.endpoints import ServedSite
from emulators.site import HL7_LANES, routes

_SERVICES = {
    "worklist": (uids.MODALITY_WORKLIST_FIND, "modality worklist"),
    "steps": (uids.MODALITY_PERFORMED_PROCEDURE_STEP, "performed procedure step"),
    "commitment": (uids.STORAGE_COMMITMENT, "storage commitment"),
    "availability": (uids.INSTANCE_AVAILABILITY_NOTIFICATION, "instance availability"),
    "query": (uids.STUDY_ROOT_FIND, "study root query"),
    "retrieve": (uids.STUDY_ROOT_MOVE, "study root move"),
}


def connections(settings: ServedSite) -> Iterator[Connection]:
    """Who connects to whom, in the order of the route table."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for route in routes(settings.site):
        protocol = "HL7" if route.lane in HL7_LANES else "DICOM"
        found.setdefault((route.sender, route.receiver, protocol), []).append(route.lane)
    for (sender, receiver, protocol), lanes in found.items():
        endpoint = settings.endpoints[receiver]
        address = endpoint.mllp if protocol == "HL7" else endpoint.dicom
        yield Connection(sender, receiver, protocol, address, tuple(lanes))


def examine(
    settings: ServedSite,
    connection: Connection,
    now: datetime,
    limits_s: tuple[float, float] = (CONNECT_LIMIT_S, ANSWER_LIMIT_S),
) -> Finding:
    """Try one of the connections; ``now`` goes into the message header."""
    site, receiver = settings.site, connection.receiver
    if connection.protocol == "HL7":
        return mllp.examine(
            connection.address,
            settings.application(connection.sender),
            settings.application(receiver),
            site.institution,
            site.hl7_version.of(receiver),
            now.strftime("%Y%m%d%H%M%S"),
            limits_s,
        )
    titles = site.ae_title_of
    return dicom.examine(
        connection.address, titles[connection.sender], titles[receiver], _sop_classes(settings, connection), limits_s
    )


def _sop_classes(settings: ServedSite, connection: Connection) -> Sequence[tuple[str, str]]:
    """What the lanes of a connection need; who stores sends what its modality makes, an archive whatever it has."""
    wanted = [_SERVICES[lane] for lane in connection.lanes if lane in _SERVICES]
    if "store" in connection.lanes:
        made = {scanner.name: scanner.modality for scanner in settings.site.scanners}
        modalities = [made[connection.sender]] if connection.sender in made else sorted(set(made.values()))
        wanted += [(uids.STORAGE[modality], f"storage of {modality}") for modality in modalities]
    return wanted

"""How a RIS schedules: accession number, Study Instance UID, steps and station of an order, all functions of its number."""

from collections.abc import Callable, Mapping

from emulators.core.identity import AccessionFormat, digest, procedure_id, uid
from emulators.core.instant import Stamp
from emulators.messages.common import NOBODY, Code, PersonName
from emulators.messages.orders import Order, ScheduledProcedure


class Scheduling:
    """``stations`` gives the AE titles of the scanners of each modality; ``protocols`` what a procedure code is performed by, a
    step each (a procedure without an entry is its own protocol); ``physicians`` who performs at a station, by AE title."""

    def __init__(
        self,
        stations: Mapping[str, tuple[str, ...]],
        protocols: Mapping[str, tuple[Code, ...]],
        accession_format: AccessionFormat,
        physicians: Mapping[str, PersonName],
    ) -> None:
        self._stations = stations
        self._protocols = protocols
        self._format = accession_format
        self._physicians = physicians

    def serves(self, modality: str) -> bool:
        """Whether there is a scanner for it."""
        return modality in self._stations

    def identify(self, subject: str, is_taken: Callable[[str], bool]) -> tuple[str, str]:
        """A free accession number and a Study Instance UID for the order ``subject``."""
        occurrence = 1
        while is_taken(accession := self._format.number(subject, occurrence)):
            occurrence += 1
        return accession, uid("study", subject, occurrence)

    def steps(self, order: Order, accession: str, study_instance_uid: str, start: Stamp) -> tuple[ScheduledProcedure, ...]:
        """The steps of an order, all at one station: the patient is there. ``start`` holds where the order does not say."""
        stations = self._stations.get(order.modality, ("",))
        station = stations[digest(32, "station", accession) % len(stations)]
        return tuple(
            ScheduledProcedure(
                accession_number=accession,
                study_instance_uid=study_instance_uid,
                requested_procedure_id=procedure_id("R", accession),
                step_id=procedure_id("S", accession, number),
                protocol=protocol,
                station_ae_title=station,
                start=order.requested_at or start,
                modality=order.modality,
                performing_physician=self._physicians.get(station, NOBODY),
            )
            for number, protocol in enumerate(self._protocols.get(order.procedure.value, (order.procedure,)), start=1)
        )

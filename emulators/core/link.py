"""One description of a link, from which the model takes the instants of every leg, in memory and in lock-step."""

from dataclasses import dataclass

from emulators.core.instant import SECOND


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link between two systems.

    ``round_trip_us``: microseconds there and back; ``bandwidth_bit_s``: bits per second; ``service_us``: what the receiver
    takes for one message or one instance.
    """

    round_trip_us: int = 1_000
    bandwidth_bit_s: int = 1_000_000_000
    service_us: int = 1_000

    def bytes_us(self, size: int) -> int:
        """Microseconds that ``size`` bytes take on the line."""
        return size * 8 * SECOND // self.bandwidth_bit_s

    def one_way_us(self, size: int) -> int:
        """Microseconds from the first byte sent to the last byte received."""
        return self.round_trip_us // 2 + self.bytes_us(size)

    def instance_us(self, size: int) -> int:
        """Microseconds for one C-STORE of ``size`` bytes on an open association: bytes, round trip and service."""
        return self.bytes_us(size) + self.round_trip_us + self.service_us

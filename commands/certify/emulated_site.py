"""The site file of served emulators that stand around a product, and the ports that they listen on."""

import itertools
import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"

PORTS: Mapping[str, tuple[str, ...]] = {
    "ehr": ("mllp_port",),
    "engine": ("mllp_port",),
    "ris": ("dicom_port", "mllp_port"),
    "pacs": ("dicom_port", "mllp_port"),
    "workstation": ("dicom_port", "mllp_port"),
    "ct1": ("dicom_port",),
    "mr1": ("dicom_port",),
    "mr2": ("dicom_port",),
    "us1": ("dicom_port",),
}
"""The systems of the site, and the ports that each listens on. For the last three the RIS schedules; nobody is there."""

_SITE = """\
[site]
institution = "RADLOOP"
priors = 1
time_zone = "Europe/Berlin"
availability = ["ris"]
{more}
[site.ae_titles]
ris = "{titles[ris]}"
pacs = "{titles[pacs]}"
workstation = "{titles[workstation]}"

[[site.scanners]]
name = "ct1"
ae_title = "{titles[ct1]}"
modality = "CT"

[[site.scanners]]
name = "mr1"
ae_title = "MR1"
modality = "MR"
performing_physician = "HOUSE^GREGORY"

[[site.scanners]]
name = "mr2"
ae_title = "MR2"
modality = "MR"

[[site.scanners]]
name = "us1"
ae_title = "US1"
modality = "US"
performing_physician = "WILSON^JAMES"

[site.procedure_steps]
TWOSTEPS = ["TWOSTEPS-1", "TWOSTEPS-2"]

[site.hl7_version]
ehr = "2.5.1"
engine = "2.5.1"
ris = "2.5.1"
pacs = "2.5.1"
workstation = "2.5.1"

[site.links.hl7]
round_trip_ms = 1
bandwidth_mbit_s = 1000
service_ms = 2

[site.links.dicom]
round_trip_ms = 1
bandwidth_mbit_s = 1000
service_ms = 5
associations = 2

[site.retry]
deadline_s = 2
first_s = 1
longest_s = 2
alert_after_min = 1

[site.commitment]
result_limit_s = 6
resend_after_s = 1

[state]
folder = "state"

[images]
seed = 1
scale = 0.03
"""

TITLES: Mapping[str, str] = {
    "ris": "RADRIS",
    "pacs": "RADPACS",
    "workstation": "RADWS",
    "ct1": "CT1",
    "teleradiology": "RADTELE",
}

FIRST_PORT, LAST_PORT = 10_000, 32_000
_SPREAD = 2_654_435_761  # Knuth's multiplier: processes that begin together are far from each other


class _Candidates:
    """The ports that are tried next."""

    def __init__(self) -> None:
        self.begin_at(FIRST_PORT + os.getpid() * _SPREAD % 2**32 % (LAST_PORT - FIRST_PORT))

    def begin_at(self, first: int) -> None:
        self.ports = itertools.cycle((*range(first, LAST_PORT), *range(FIRST_PORT, first)))


candidates = _Candidates()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, none twice, below those that the system gives away itself (Linux: from 32768 on)."""
    found: list[int] = []
    while len(found) < count:
        with suppress(OSError), socket.create_server((HOST, next(candidates.ports))) as probe:
            found.append(probe.getsockname()[1])
    return found


def site_text(endpoints: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str] = TITLES, more: str = "") -> str:
    """A site file: ``endpoints`` by system, ``titles`` the AE titles, ``more`` lines of its [site] section."""
    text = _SITE.format(more=more, titles=titles)
    for name, values in endpoints.items():
        lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
        text += "\n".join(["", f"[endpoints.{name}]", *lines, ""])
    return text


def _toml(value: Any) -> str:
    """A value as TOML writes it: JSON, but for tables."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)

"""A served engine on the wire: what goes through it is what came."""

from contextlib import closing
from pathlib import Path

from tests.serving.hl7 import Receiver, send
from tests.serving.processes import free_ports, site_file
from tests.serving.services import running

BODY = (
    b'EVN||20260302\rPID|1||M1^^^RADLOOP^MR~7^^^CITY^PI||M\xfcller^J\xf6rg^^^^^L~Alias||19700228|F|||Way 1^^Town|||""\r'
    b"NK1|1|Doe\rPV1|1|O|A^1\\T\\2\rZZZ|1|a~b^c&d\\Z1\\\r"
)


def test_nothing_is_lost_on_the_way_not_even_over_a_restart(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    site = site_file(tmp_path, {"ris.mllp_port": port})
    came = b"MSH|^~\\&|EHR|C|ENGINE|C|20260302||ADT^A04^ADT_A01|C1|P|2.5.1||||||8859/1\r" + BODY
    with running(site, "engine") as engine:
        assert send(engine.address("mllp"), came).code == "AA"
    with closing(Receiver(port)) as ris, running(site, "engine"):
        head, _, rest = ris.next().partition(b"\r")
    assert rest == BODY
    assert head == b"MSH|^~\\&|ENGINE|Radloop Clinic|RIS|Radloop Clinic|20260302||ADT^A04|C1|P|2.3.1||||||8859/1"

"""Orders on the wire of a served site: as ORM, or for who wants it as OMG and OMI; read in either form."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.actors import samples
from tests.serving.hl7 import Receiver, message_of, send
from tests.serving.processes import free_ports, site_file
from tests.serving.services import running

IMAGING_ORDER = (
    b"MSH|^~\\&|ENGINE|C|RIS|C|20260302080000||OMI^O23^OMI_O23|C1|P|2.5.1\rPID|1||M1^^^RADLOOP||Doe^Jane\r"
    b"ORC|NW|P77|A77||SC\rTQ1|1||||||20260302110000||S\rOBR|1|P77|A77|PETCT^PET/CT^L||||||||||||||||||||CT\r"
    b"IPC|A77|RP77|1.2.3.77|SPS1|CT|CTWB^CT low dose^L|||CT1\rIPC|A77|RP77|1.2.3.77|SPS2|US|USWB^US^L|||US1\r"
)


@pytest.mark.parametrize(
    ("messages", "to_pacs", "to_engine"),
    [
        ("", b"|ORM^O01^ORM_O01|", b"|ORM^O01^ORM_O01|"),
        ('[site.order_messages]\npacs = "OMI"\nengine = "OMG"\n', b"|OMI^O23^OMI_O23|", b"|OMG^O19^OMG_O19|"),
    ],
)
def test_who_takes_orders_says_in_which_message(tmp_path: Path, messages: str, to_pacs: bytes, to_engine: bytes) -> None:
    pacs_port, engine_port = free_ports(2)
    changes = {'pacs = "2.3.1"\n': 'pacs = "2.5.1"\n', "[site.hl7_version]": f"{messages}[site.hl7_version]"}
    site = site_file(tmp_path, {"pacs.mllp_port": pacs_port, "engine.mllp_port": engine_port}, changes)
    with closing(Receiver(pacs_port)) as pacs, closing(Receiver(engine_port)) as engine, running(site, "ris") as ris:
        assert send(ris.address("mllp"), message_of(samples.place_order(), "ENGINE")).code == "AA"
        assert to_pacs in pacs.next()
        assert to_engine in engine.next()


def test_steps_that_another_filler_has_scheduled_are_on_the_worklist_once(tmp_path: Path) -> None:
    with running(site_file(tmp_path), "ris") as ris:
        for _ in range(2):
            assert send(ris.address("mllp"), IMAGING_ORDER).code == "AA"
        (procedure,) = ris.status()["open_procedures"]
        assert (procedure["placer"], procedure["accession"], procedure["status"]) == ("P77", "A77", "scheduled")

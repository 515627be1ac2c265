"""The served systems that get bad DICOM: what each is told first, and how it shows that it still knows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulators.messages.attributes import of
from emulators.messages.query import Find
from emulators.messages.worklist import query_for_all_keys
from emulators.ports.sockets import Address
from emulators.wire.commands import c_store_rq
from tests.actors import samples
from tests.actors.samples import PATIENT
from tests.peers.senders import Sender, data_sets
from tests.serving.bad_input_dicom.pieces import FIRST, SECOND, ULTRASOUND, changed_image
from tests.serving.hl7 import message_of, send
from tests.serving.processes import Served
from tests.serving.raw_dicom import ask, associated, echo


@dataclass
class Role:
    """A served system, its AE title, and one of those who may call it."""

    name: str
    called: str
    calling: str
    teach: Callable[["Role"], None] = lambda _: None
    knows: Callable[["Role"], None] = lambda _: None
    served: Any = None

    @property
    def address(self) -> Address:
        served: Served = self.served
        return served.address("dicom")

    def associated(self, *abstract_syntaxes: str) -> Any:
        return associated(self.address, self.called, self.calling, *abstract_syntaxes)

    def learn(self) -> None:
        self.teach(self)

    def still_serves(self) -> None:
        echo(self.address, self.called, self.calling)
        self.knows(self)


def teach_ris(ris: Role) -> None:
    assert send(ris.served.address("mllp"), message_of(samples.place_order(), "ENGINE")).code == "AA"


def ris_knows(ris: Role) -> None:
    """The order: it is on the worklist, once."""
    query = query_for_all_keys({"ScheduledStationAETitle": "CT1"}, {"PatientID": PATIENT.patient_id})
    (item,) = Sender(ris.address[1], ris.called, ris.calling).ask(query).items
    assert item.text("PlacerOrderNumberImagingServiceRequest") == "P1"


def store_two(role: Role) -> None:
    with role.associated(ULTRASOUND.sop_class_uid) as connection:
        for uid, dataset in data_sets(ULTRASOUND).items():
            assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, uid), dataset).status == 0x0000
        connection.release()
    while role.served.status()["events"] < 2:  # the header, and the batch when the association has ended
        pass


def has_the_two(role: Role) -> None:
    """Two files; the same again changes nothing, and at the archive no other image replaces one of them."""
    files = sorted(path.name for path in archive_of(role).glob("images/*/*.dcm"))
    assert files == sorted((f"{FIRST}.dcm", f"{SECOND}.dcm"))
    with role.associated(ULTRASOUND.sop_class_uid) as connection:
        again = data_sets(ULTRASOUND)[FIRST]
        assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, FIRST), again).status == 0x0000
        if role.name == "pacs":
            other = changed_image(lambda image: setattr(image, "PatientComments", "another content"))
            assert ask(connection, c_store_rq(1, ULTRASOUND.sop_class_uid, FIRST), other).status == 0x0111
        connection.release()


def archive_of(role: Role) -> Path:
    return Path(role.served.said["state"]) / "archive"


def pacs_knows(pacs: Role) -> None:
    has_the_two(pacs)
    keys = of({"PatientID": "", "NumberOfStudyRelatedInstances": ""})
    found = Sender(pacs.address[1], pacs.called, "RADWS").ask(Find(keys)).matches
    of_patient = [match for match in found if match.text("PatientID") == ULTRASOUND.header.patient.patient_id]
    assert [match.text("NumberOfStudyRelatedInstances") for match in of_patient] == ["2"]


def all_roles() -> tuple[Role, ...]:
    return (
        Role("ris", "RADRIS", "CT1", teach_ris, ris_knows),
        Role("pacs", "RADPACS", "US1", store_two, pacs_knows),
        Role("workstation", "RADWS", "RADPACS", store_two, has_the_two),
        Role("teleradiology", "TELERAD", "RADPACS", store_two, has_the_two),
        Role("ct1", "CT1", "RADPACS"),
    )

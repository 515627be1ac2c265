"""Archives that cases dicom.store.uid.* catch."""

from pydicom.dataset import Dataset

from emulators.wire.dimse import Command
from tests.conformance.archives import Takes
from tests.conformance.mangler import Link, Message, changed


def _cut(uid: str) -> str:
    return uid[:64].rstrip(".")


def _cut_all(dataset: Dataset) -> None:
    for keyword in ("SOPInstanceUID", "StudyInstanceUID"):
        setattr(dataset, keyword, _cut(str(dataset[keyword].value)))


class CutsUidsTo64(Takes):
    def __init__(self) -> None:
        super().__init__(_cut_all)

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if to_product and command.name == "C-STORE-RQ":
            command = changed(command, AffectedSOPInstanceUID=_cut(command.sop_instance_uid))
        return super().message(link, to_product, context_id, command, dataset)


MUTANTS = {"dicom.store.uid.1": CutsUidsTo64()}

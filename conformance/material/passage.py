"""The way of text through a product, by its role, and where it is seen again.

=========  =====================================================================================
pacs       an image is stored; the study is found, and the image retrieved
ris        a patient and an order come by HL7; the worklist is asked
modality   a worklist entry is picked and done; N-CREATE and C-STORE come
=========  =====================================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataset import Dataset

from conformance.case import Role
from conformance.material.archive_view import UNCOMPRESSED, ArchiveView
from conformance.material.exam import Room
from conformance.material.images import Study
from conformance.material.orders import order_of
from conformance.material.patients import Patient
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found
from conformance.material.telling import told_orders
from conformance.material.texts import Text
from conformance.material.worklist import WORKLIST_FIND, identifier
from conformance.peers.conversation import Received
from conformance.trial import Trial
from conformance.verdict import NotApplicable

UTF_8 = "UNICODE UTF-8"
NEEDS: Mapping[Role, tuple[str, ...]] = {
    "pacs": ("storage", "query"),
    "ris": ("worklist", "orders"),
    "modality": ("worklist", "sending"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A data set of the product in which a text came back; ``description`` is the keyword of the attribute that has it."""

    where: str
    dataset: Dataset
    description: str
    records: tuple[int, ...]


def passed(trial: Trial, texts: Sequence[Text]) -> list[list[Seen]]:
    """Where each of the texts is seen again; never nowhere."""
    for service in NEEDS[trial.role]:
        trial.needs(service in trial.target.claims.services, service)
    ways = {"pacs": _through_archive, "ris": _through_worklist, "modality": _through_scanner}
    return ways[trial.role](trial, texts)


def _seen(where: str, received: Received, description: str) -> Seen:
    return Seen(where, received.dataset, description, received.records)


# --- archive -----------------------------------------------------------------------------------------------------------


def declared_in(dataset: Dataset, text: Text) -> Dataset:
    """A data set with its Specific Character Set."""
    dataset.SpecificCharacterSet = text.values if len(text.values) > 1 else text.declared or None
    return dataset


def image_with(trial: Trial, text: Text) -> Dataset:
    """An image of a study of its own."""
    return declared_in(Study(trial, PatientName=text.name, StudyDescription=text.description).image(), text)


def _through_archive(trial: Trial, texts: Sequence[Text]) -> list[list[Seen]]:
    images = [image_with(trial, text) for text in texts]
    with trial.associate(CT) as peer:
        peer.store_all(images)
    expect_found(trial, *images)
    return [[*studies_found(trial, image), _retrieved(trial, image)] for image in images]


def studies_found(trial: Trial, image: Dataset, **keys: str) -> list[Seen]:
    """Its study by C-FIND; the character set is not asked for. Study Description is an optional key (Tables C.6-2, C.6-5)."""
    asked = {"PatientID": str(image.PatientID), "PatientName": "", "StudyDescription": "", **keys}
    found = ArchiveView(trial).answers("STUDY", **asked, StudyInstanceUID=str(image.StudyInstanceUID))
    trial.expect(len(found) == 1, "the study by C-FIND", f"{len(found)} matches")
    return [_seen("C-FIND", one, "StudyDescription" if "StudyDescription" in one.dataset else "") for one in found]


def _retrieved(trial: Trial, image: Dataset) -> Seen:
    return _seen("what is retrieved", ArchiveView(trial).retrieved(image, UNCOMPRESSED), "StudyDescription")


# --- worklist ----------------------------------------------------------------------------------------------------------


def named(patient: Patient, name: str) -> Patient:
    """The patient with a PN as XPN: suffix before prefix (PS3.5 6.2.1.1); component groups told apart by XPN-8."""
    groups = [_xpn(group) for group in name.split("=")]
    coded = tuple((*group, "", "", code) for group, code in zip(groups, "AIP", strict=False) if any(group))
    return replace(patient, name=groups[0], names=coded if len(groups) > 1 else ())


def _xpn(group: str) -> tuple[str, ...]:
    family, given, middle, prefix, suffix = (*group.split("^"), "", "", "", "")[:5]
    return (family, given, middle, suffix, prefix)


def term_for(trial: Trial, text: Text) -> str:
    """A claimed term of table 0211 that has this text. Raises NotApplicable."""
    claimed = trial.target.claims.hl7_character_sets
    term = next((one for one in (text.hl7, UTF_8) if one in claimed), "")
    if not term and not (text.name + text.description).isascii():
        raise NotApplicable(f"not claimed: a character set of HL7 that has {text.declared}")
    return term


def ordered(trial: Trial, text: Text, term: str | None = None) -> Patient:
    """A patient and an order with this text, by HL7 in ``term``, or in a character set that the product claims."""
    order = order_of(trial)
    patient = named(order.patient, text.name)
    order = replace(order, patient=patient, procedure=("CT-HEAD", text.description, "99RADLOOP"))
    term = term_for(trial, text) if term is None else term
    charset: dict[str, Any] = {"msh_fields": {18: ["", term] if term == "ISO IR87" else term}}
    told_orders(trial, [order], **charset)
    return patient


def entries_found(trial: Trial, patient: Patient, **keys: Any) -> list[Seen]:
    """The worklist entries of a patient; the character set is not asked for."""
    with trial.associate(WORKLIST_FIND) as peer:
        found = peer.find(WORKLIST_FIND, identifier(PatientID=patient.patient_id, **keys))
    return [_seen("the worklist", one, "RequestedProcedureDescription") for one in found.pending]


def _through_worklist(trial: Trial, texts: Sequence[Text]) -> list[list[Seen]]:
    patients = [ordered(trial, text) for text in texts]
    return [_entries(trial, patient) for patient in patients]


def _entries(trial: Trial, patient: Patient) -> list[Seen]:
    trial.eventually(lambda: bool(entries_found(trial, patient)), trial.timers.propagation_s)
    found = entries_found(trial, patient)
    trial.expect(bool(found), "the order on the worklist", "no entry")
    return found


# --- modality ----------------------------------------------------------------------------------------------------------


def _through_scanner(trial: Trial, texts: Sequence[Text]) -> list[list[Seen]]:
    room = Room(trial)
    return [_done(room, text) for text in texts]


def _done(room: Room, text: Text) -> list[Seen]:
    before = len(room.images())
    entry = room.schedule(PatientName=text.name, RequestedProcedureDescription=text.description)
    declared_in(entry, text)
    room.start(entry)
    room.acquire(entry, 1)
    images = room.stored(before + 1)[before:]
    seen = [Seen("C-STORE", one.dataset, "", one.request.records) for one in images]
    begun = room.begun(entry)
    return [*seen, *([_seen("N-CREATE", begun, "")] if begun else [])]

"""What an image says of its study, as the archive admits it."""

from typing import Protocol

from emulators.codecs.dicom.values import person_name, refused, stamp
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import SEXES, Patient
from emulators.messages.imaging import StudyHeader
from emulators.wire.status import DATA_SET_DOES_NOT_MATCH_SOP_CLASS


class ImageHeader(Protocol):
    """The attributes that count, as text without padding; several values keep their backslash. A store's header is one."""

    @property
    def patient_id(self) -> str: ...
    @property
    def issuer_of_patient_id(self) -> str: ...
    @property
    def patient_name(self) -> str: ...
    @property
    def birth_date(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def accession_number(self) -> str: ...
    @property
    def study_instance_uid(self) -> str: ...
    @property
    def study_date(self) -> str: ...
    @property
    def study_time(self) -> str: ...
    @property
    def modality(self) -> str: ...
    @property
    def study_description(self) -> str: ...


def study_header(header: ImageHeader) -> StudyHeader:
    """The header in canonical form.

    An image with the wrong identity must not slip in: identifiers and names that have no canonical form (too long, several
    values) raise RemoteProtocolError with ``status`` A900H. For a malformed date, sex or description no image is refused:
    they become empty.
    """
    try:
        return StudyHeader(
            patient=Patient(
                patient_id=header.patient_id,
                issuer=header.issuer_of_patient_id,
                name=person_name(header.patient_name),
                birth_date=_date(header.birth_date),
                sex=header.sex if header.sex in SEXES else "",
            ),
            accession_number=header.accession_number,
            study_instance_uid=header.study_instance_uid,
            study_at=_stamp(header.study_date, header.study_time),
            modality=header.modality,
            description=_description(header.study_description),
        )
    except LocalProtocolError as error:
        raise refused(DATA_SET_DOES_NOT_MATCH_SOP_CLASS, str(error)) from None


def _date(value: str) -> str:
    try:
        return canonical.date(value.replace(".", ""), "birth_date")
    except LocalProtocolError:
        return ""


def _stamp(date: str, time: str) -> Stamp:
    """Date and time of the study; a malformed time is midnight."""
    for candidate in (time, ""):
        try:
            return canonical.stamp(stamp(date, candidate), "study_at")
        except LocalProtocolError:
            continue
    return ""


def _description(value: str) -> str:
    try:
        return canonical.text(value, 64, "description")
    except LocalProtocolError:
        return ""

"""What an image says of its study, as the archive admits it."""

from typing import Protocol

from emulators.codecs.dicom.values import refused, stamp
from emulators.core.errors import LocalProtocolError
from emulators.core.instant import Stamp
from emulators.messages import canonical
from emulators.messages.common import NOBODY, SEXES, Patient, PersonName, from_pn
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
    @property
    def body_part(self) -> str: ...
    @property
    def study_id(self) -> str: ...
    @property
    def referring_physician(self) -> str: ...


def study_header(header: ImageHeader) -> StudyHeader:
    """The header in canonical form.

    An image with the wrong identity must not slip in: identifiers and names that have no canonical form (too long, several
    values) raise RemoteProtocolError with ``status`` A900H. For a malformed date, sex, description, body part, study ID or
    referring physician no image is refused: they become empty.
    """
    try:
        return StudyHeader(
            patient=Patient(
                patient_id=header.patient_id,
                issuer=header.issuer_of_patient_id,
                name=from_pn(header.patient_name),
                birth_date=_date(header.birth_date),
                sex=header.sex if header.sex in SEXES else "",
            ),
            accession_number=header.accession_number,
            study_instance_uid=header.study_instance_uid,
            study_at=_stamp(header.study_date, header.study_time),
            modality=header.modality,
            description=_text(header.study_description, 64),
            body_part=_text(header.body_part, 16),
            study_id=_text(header.study_id, 16),
            referring_physician=_physician(header.referring_physician),
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


def _text(value: str, limit: int) -> str:
    try:
        return canonical.text(value, limit, "text")
    except LocalProtocolError:
        return ""


def _physician(value: str) -> PersonName:
    try:
        return from_pn(value)
    except LocalProtocolError:
        return NOBODY

"""Values that many conversations share: names, patients, visits, codes, and the two kinds of plain answer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from emulators.core.errors import LocalProtocolError
from emulators.core.identity import digest
from emulators.messages import canonical

SEXES = frozenset(("M", "F", "O", ""))
APPLICATION_CODES = frozenset(("AA", "AE", "AR"))
ACCEPT_CODES = frozenset(("CA", "CE", "CR"))


class Message(Protocol):
    """What the kernel needs of any message that is sent; see the package's docstring."""

    lane: ClassVar[str]

    @property
    def nominal_bytes(self) -> int: ...
    @property
    def subject(self) -> str: ...
    @property
    def identifiers(self) -> dict[str, str]: ...


class Answer(Protocol):
    """What the kernel needs of any answer; ``summary`` stands in the trace, a list as count and digest."""

    @property
    def nominal_bytes(self) -> int: ...
    @property
    def summary(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name by component; HL7 XPN puts suffix before prefix, DICOM PN prefix before suffix (PS3.5 6.2.1.1).

    ``ideographic`` and ``phonetic`` are the further component groups of a PN, each with its components joined by ``^`` in the
    order of a PN: ``山田^太郎``.
    """

    family: str
    given: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""
    ideographic: str = ""
    phonetic: str = ""

    def __post_init__(self) -> None:
        for attribute in ("family", "given", "middle", "prefix", "suffix"):
            object.__setattr__(self, attribute, canonical.name_component(getattr(self, attribute), f"name.{attribute}"))
        for attribute in ("ideographic", "phonetic"):
            if getattr(self, attribute):
                object.__setattr__(self, attribute, canonical.name_group(getattr(self, attribute), f"name.{attribute}"))
        canonical.text("^".join(self.components()).rstrip("^"), 64, "name")  # a PN's component group (PS3.5 6.2)

    def components(self) -> Iterator[str]:
        """The alphabetic group, in the order of a DICOM PN."""
        return iter((self.family, self.given, self.middle, self.prefix, self.suffix))

    @property
    def pn(self) -> str:
        """The name as a DICOM PN, without the delimiters of what is empty at its ends."""
        alphabetic = f"{self.family}^{self.given}^{self.middle}^{self.prefix}^{self.suffix}".rstrip("^")
        if not self.ideographic and not self.phonetic:
            return alphabetic
        return f"{alphabetic}={self.ideographic}={self.phonetic}".rstrip("=")


def from_pn(value: str) -> PersonName:
    """The name that a DICOM PN says; further components and groups than a PN has are dropped."""
    groups = [group.strip() for group in value.split("=")]
    alphabetic = [component.strip() for component in groups[0].split("^")][:5]
    further = ["^".join(group.split("^")[:5]) for group in groups[1:3]]
    return PersonName(*alphabetic, **dict(zip(("ideographic", "phonetic"), further, strict=False)))


NOBODY = PersonName("")


@dataclass(frozen=True, slots=True)
class Patient:
    """Who. ``patient_id`` is the medical record number, ``issuer`` its assigning authority; ``birth_date`` YYYYMMDD."""

    patient_id: str
    issuer: str
    name: PersonName
    birth_date: str = ""
    sex: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "patient_id", canonical.text(self.patient_id, 64, "patient.patient_id"))
        object.__setattr__(self, "issuer", canonical.text(self.issuer, 64, "patient.issuer"))
        canonical.date(self.birth_date, "patient.birth_date")
        canonical.one_of(self.sex, SEXES, "patient.sex")


@dataclass(frozen=True, slots=True)
class Visit:
    """One encounter. ``visit_number`` goes to Admission ID; ``patient_class`` is HL7 table 0004 (O, I, E)."""

    visit_number: str
    patient_class: str = "O"
    location: str = ""
    referring_physician: PersonName = NOBODY

    def __post_init__(self) -> None:
        object.__setattr__(self, "visit_number", canonical.text(self.visit_number, 64, "visit.visit_number"))
        object.__setattr__(self, "location", canonical.text(self.location, 64, "visit.location"))
        canonical.one_of(self.patient_class, frozenset("OIE"), "visit.patient_class")


@dataclass(frozen=True, slots=True)
class Code:
    """A coded entry: value (SH), coding scheme (SH), meaning (LO)."""

    value: str
    scheme: str
    meaning: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", canonical.text(self.value, 16, "code.value"))
        object.__setattr__(self, "scheme", canonical.text(self.scheme, 16, "code.scheme"))
        object.__setattr__(self, "meaning", canonical.text(self.meaning, 64, "code.meaning"))
        if self.scheme and not self.value:
            raise LocalProtocolError("code.scheme: stands without a value")


NO_CODE = Code("", "", "")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The answer to an HL7 message: in original mode (HL7 2.9.2) ``code`` is AA, AE or AR, in enhanced mode (2.9.3) CA, CE or
    CR; ``control_id`` is MSA-2.

    ``error`` is a code of table 0357 with its location, such as ``101 PID-3``, empty when accepted.
    """

    code: str
    control_id: str
    error: str = ""

    nominal_bytes: ClassVar[int] = 120

    def __post_init__(self) -> None:
        canonical.one_of(self.code, APPLICATION_CODES | ACCEPT_CODES, "acknowledgement.code")

    @property
    def summary(self) -> str:
        return f"{self.code} {self.error}".rstrip()


@dataclass(frozen=True, slots=True)
class Status:
    """The answer to a DIMSE request that returns nothing else: the status of PS3.7 Annex C, with its comment and Error ID."""

    code: int
    comment: str = ""
    error_id: int = 0

    nominal_bytes: ClassVar[int] = 150

    def __post_init__(self) -> None:
        object.__setattr__(self, "comment", canonical.ascii_text(self.comment, 64, "status.comment"))

    @property
    def summary(self) -> str:
        return f"{self.code:04X}H"


SUCCESS = Status(0x0000)


def listed(identifiers: Iterable[str]) -> dict[str, int | str]:
    """A list answer as it stands in the trace: its count, and a digest of what it holds in order."""
    named = tuple(identifiers)
    return {"count": len(named), "digest": f"{digest(32, *named):08x}"} if named else {"count": 0}

"""Products that cases dicom.charset.* catch."""

from pydicom.dataset import Dataset

from conformance.dicom.charset import BACKSLASH_INSIDE
from conformance.material.data_sets import IMPLICIT
from emulators.wire.dimse import Command
from tests.conformance.archives import Finds, GivesBack
from tests.conformance.hl7_mutants import AcknowledgesUnheard
from tests.conformance.mangler import Link, Message, Mutant

CHARACTER_SET = b"\x08\x00\x05\x00"


class OtherBytes(Mutant):
    """Bytes of data sets in one kind of message are exchanged for others of the same length."""

    kind = "C-FIND-RSP"
    to_product = False

    def __init__(self, before: bytes, after: bytes) -> None:
        assert len(before) == len(after)
        self._before = before
        self._after = after

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if dataset is not None and command.name == self.kind and to_product is self.to_product:
            dataset = dataset.replace(self._before, self._after)
        return command, dataset


class DeclaresLatinForUnicode(OtherBytes):
    def __init__(self) -> None:
        super().__init__(b"ISO_IR 192", b"ISO_IR 100")


class ReadsUnicodeQueriesAsLatin(OtherBytes):
    kind = "C-FIND-RQ"
    to_product = True

    def __init__(self) -> None:
        super().__init__(b"ISO_IR 192", b"ISO_IR 100")


class ReplacesWhatItCannotRead(OtherBytes):
    """What is not declared comes back with question marks."""

    kind = "C-STORE-RQ"

    def __init__(self) -> None:
        super().__init__("Müller^Jörg".encode(), b"M??ller^J??rg")


def _declare_latin(image: Dataset) -> None:
    if "SpecificCharacterSet" not in image:
        image.SpecificCharacterSet = "ISO_IR 100"


class DeclaresWhatNobodyDeclared(GivesBack):
    def __init__(self) -> None:
        super().__init__(_declare_latin)


class SwallowsWhatItCannotRead(AcknowledgesUnheard):
    """AA to an order whose name it cannot read, and nothing comes of it."""

    role = "ris"

    def __init__(self) -> None:
        super().__init__(b"ller^J")


class OtherDeclaration(Mutant):
    """(0008,0005) of matches is taken out; ``declared`` goes in its place, unless it is empty."""

    declared = b""

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message:
        if command.name != "C-FIND-RSP" or dataset is None or CHARACTER_SET not in dataset:
            return command, dataset
        is_implicit = link.contexts[context_id] == IMPLICIT
        at = dataset.index(CHARACTER_SET)
        length = int.from_bytes(dataset[at + 4 : at + 8] if is_implicit else dataset[at + 6 : at + 8], "little")
        size = len(self.declared)
        head = size.to_bytes(4, "little") if is_implicit else b"CS" + size.to_bytes(2, "little")
        element = CHARACTER_SET + head + self.declared if self.declared else b""
        return command, dataset[:at] + element + dataset[at + 8 + length :]


class DeclaresNothing(OtherDeclaration):
    pass


class DeclaresUnicodeAmongOthers(OtherDeclaration):
    declared = b"ISO_IR 192\\ISO 2022 IR 87 "


def _exchange_groups(match: Dataset) -> None:
    groups = str(match.get("PatientName", "")).split("=")
    if len(groups) == 3:
        match.PatientName = "=".join((groups[0], groups[2], groups[1]))


class ExchangesGroups(Finds):
    """The phonetic group stands where the ideographic one belongs."""

    def __init__(self) -> None:
        super().__init__(_exchange_groups)


def _split(match: Dataset) -> None:
    if "StudyDescription" in match:
        match.StudyDescription = str(match.StudyDescription).split(BACKSLASH_INSIDE)[-1]


class SplitsCharacters(Finds):
    """The last value of what it takes for several."""

    def __init__(self) -> None:
        super().__init__(_split)


def _exchange_prefix_and_suffix(match: Dataset) -> None:
    if "PatientName" in match:
        family, given, middle, prefix, suffix = (*str(match.PatientName).split("=")[0].split("^"), "", "", "", "")[:5]
        match.PatientName = f"{family}^{given}^{middle}^{suffix}^{prefix}"


class KeepsTheOrderOfXpn(Finds):
    """Suffix before prefix."""

    def __init__(self) -> None:
        super().__init__(_exchange_prefix_and_suffix)


MUTANTS = {
    "dicom.charset.rt.1": DeclaresLatinForUnicode(),
    "dicom.charset.rt.2": ExchangesGroups(),
    "dicom.charset.decl.1": DeclaresNothing(),
    "dicom.charset.decl.2": DeclaresUnicodeAmongOthers(),
    "dicom.charset.mix.1": ReadsUnicodeQueriesAsLatin(),
    "dicom.charset.bs.1": SplitsCharacters(),
    "dicom.charset.bad.1": [ReplacesWhatItCannotRead(), DeclaresWhatNobodyDeclared(), SwallowsWhatItCannotRead()],
    "dicom.charset.pn.1": KeepsTheOrderOfXpn(),
    "dicom.charset.hl7.1": KeepsTheOrderOfXpn(),
}

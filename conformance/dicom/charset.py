"""Character sets and person names on their way through a product: archive, RIS or modality (material/passage.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydicom.dataelem import DataElement

from conformance.case import MUST, OPINION, READ, SHOULD, Role, case
from conformance.material.archive_view import ArchiveView
from conformance.material.data_sets import encode, raw
from conformance.material.images import Study
from conformance.material.orders import new_order, order_of
from conformance.material.passage import (
    NEEDS,
    Seen,
    entries_found,
    image_with,
    ordered,
    passed,
    studies_found,
)
from conformance.material.sop_classes import CT
from conformance.material.stored import expect_found, is_taken, sent_as
from conformance.material.texts import JAPANESE, TEXTS, Text, declared_set, legal_declaration, plain, read
from conformance.target import RoleTarget
from conformance.trial import IMPLICIT, Trial

ROLES: tuple[Role, ...] = ("pacs", "ris", "modality")
ASCII = Text("", "Doe^Jane", "CT of the head")


def claimed(target: RoleTarget) -> Sequence[str]:
    """The claimed sets that the tester has text in, but for the Japanese ones."""
    return tuple(term for term in target.claims.character_sets if term in TEXTS and term not in JAPANESE)


def claimed_japanese(target: RoleTarget) -> Sequence[str]:
    return tuple(term for term in target.claims.character_sets if term in JAPANESE)


def expect_same(trial: Trial, text: Text, seen: Sequence[Seen]) -> None:
    """Name and description, wherever they are."""
    for one in seen:
        name = plain(read(one.dataset, "PatientName"))
        trial.expect(name == plain(text.name), f"{one.where}: Patient Name {text.name}", name, one.records)
        if one.description:
            value = read(one.dataset, one.description)
            trial.expect(value == text.description, f"{one.where}: {one.description} {text.description}", value, one.records)


@case("dicom.charset.rt.1", MUST, ROLES, "+", "PS3.5 6.1.2, 6.2.1", READ, variants=claimed)
def text_survives_the_way_through(trial: Trial) -> None:
    """Text survives the way through the product in each declared character set: the same Unicode string, by its bytes."""
    text = TEXTS[trial.variant]
    [seen] = passed(trial, [text])
    expect_same(trial, text, seen)


@case("dicom.charset.rt.2", MUST, ROLES, "+", "PS3.5 6.1.2.5.3, 6.2.1.2", READ, variants=claimed_japanese)
def japanese_names_keep_their_three_groups(trial: Trial) -> None:
    """Three component groups and code extensions survive, escapes reset at delimiters; group 2 stays the ideographic one."""
    text = TEXTS[trial.variant]
    [seen] = passed(trial, [text])
    expect_same(trial, text, seen)


@case("dicom.charset.decl.1", MUST, ROLES, "+", "PS3.4 C.4.1.1.3.2, K.4.1.1.3.2", READ)
def text_beyond_ascii_is_declared(trial: Trial) -> None:
    """Where text is not ASCII, (0008,0005) is present and correct, asked for or not; it is never sent empty in an answer."""
    texts = [*(TEXTS[term] for term in claimed(trial.target)[:1]), ASCII]
    for text, seen in zip(texts, passed(trial, texts), strict=True):
        for one in seen:
            value, declared = raw(one.dataset, "PatientName") or b"", declared_set(one.dataset)
            is_plain = value.isascii() and b"\x1b" not in value
            trial.expect(bool(declared) or is_plain, f"{one.where}: (0008,0005) beside {value!r}", "none", one.records)
            is_answer = one.where in ("C-FIND", "the worklist")
            trial.expect(not is_answer or declared != "", f"{one.where}: (0008,0005) with a value", "empty", one.records)
        expect_same(trial, text, seen)


@case("dicom.charset.decl.2", MUST, ROLES, "-", "PS3.5 6.1.2.4, 6.1.2.5", READ)
def sets_without_code_extensions_stand_alone(trial: Trial) -> None:
    """GB18030, GBK and ISO_IR 192 stand alone; the product never sends them together with other sets."""
    terms = [*claimed(trial.target), *claimed_japanese(trial.target)]
    trial.needs(bool(terms), "a character set beyond ASCII")
    for seen in passed(trial, [TEXTS[term] for term in terms]):
        for one in seen:
            declared = declared_set(one.dataset)
            is_legal = legal_declaration(declared)
            trial.expect(is_legal, f"{one.where}: a set without code extensions stands alone", f"{declared}", one.records)


@case("dicom.charset.mix.1", SHOULD, ("pacs", "ris"), "+", "PS3.4 C.2.2.2, C.4.1.1.3.2", READ)
def a_query_in_one_set_finds_data_in_another(trial: Trial) -> None:
    """A query in one set finds data stored in another; each response declares its own set."""
    latin, unicode = TEXTS["ISO_IR 100"], TEXTS["ISO_IR 192"]
    both = {"ISO_IR 100", "ISO_IR 192"} <= set(trial.target.claims.character_sets)
    trial.needs(both, "ISO_IR 100 and ISO_IR 192")
    asked = {"SpecificCharacterSet": unicode.declared, "PatientName": "Müller*"}
    if trial.role == "pacs":
        image = image_with(trial, latin)
        with trial.associate(CT) as peer:
            peer.store_all([image])
        expect_found(trial, image)
        seen = studies_found(trial, image, **asked)
    else:
        patient = ordered(trial, latin)
        trial.eventually(lambda: bool(entries_found(trial, patient)), trial.timers.propagation_s)
        seen = entries_found(trial, patient, **asked)
    trial.expect(bool(seen), f"a match for Müller* in {unicode.declared}", "none")
    expect_same(trial, latin, seen)


def _with_byte(trail: int) -> str:
    """A character whose second byte in GB18030 is this one."""
    return bytes((0x81, trail)).decode("gb18030")


BACKSLASH_INSIDE, CARET_INSIDE = _with_byte(0x5C), _with_byte(0x5E)


@case("dicom.charset.bs.1", MUST, ("pacs", "ris"), "-", "PS3.5 6.1.2.3, 6.1.2.5.3", READ)
def a_delimiter_byte_inside_a_character_is_none(trial: Trial) -> None:
    """A byte 5CH or 5EH inside a multi-byte character is not taken as a delimiter, in LO and in PN."""
    trial.needs("GB18030" in trial.target.claims.character_sets, "GB18030")
    name = f"Wang^XiaoDong={BACKSLASH_INSIDE}{CARET_INSIDE}^{CARET_INSIDE}{BACKSLASH_INSIDE}"
    text = replace(TEXTS["GB18030"], name=name, description=f"{BACKSLASH_INSIDE}CT{CARET_INSIDE}{BACKSLASH_INSIDE}X")
    [seen] = passed(trial, [text])
    expect_same(trial, text, seen)


UNDECLARED: Mapping[str, tuple[str | None, bytes]] = {
    "undeclared": (None, "Müller^Jörg".encode()),
    "unknown-term": ("ISO_IR 999", b"M\xfcller^J\xf6rg"),
}


@case(
    "dicom.charset.bad.1",
    OPINION,
    ("pacs", "ris"),
    "-",
    "PS3.5 6.1.2.3",
    READ,
    safety=True,
    variants=tuple(UNDECLARED),
)
def text_in_no_known_set_is_not_guessed(trial: Trial) -> None:
    """Bytes above 7FH without a declared set, or under an unknown term, are kept as they are, or refused; others are found."""
    term, name = UNDECLARED[trial.variant]
    if trial.role == "pacs":
        _undeclared_image(trial, term, name)
    else:
        _undeclared_order(trial, name)


def _undeclared_image(trial: Trial, term: str | None, name: bytes) -> None:
    known = "ISO_IR 100"  # of the same length
    image, good = Study(trial, SpecificCharacterSet=term and known).image(), Study(trial).image()
    image.add(DataElement("PatientName", "UN", name + b" " * (len(name) % 2)))  # as it is: implicit VR tells no VR
    data = encode(image, IMPLICIT)
    data = data.replace(known.encode(), term.encode()) if term else data
    with trial.associate((CT, (IMPLICIT,))) as peer:
        answer = sent_as(peer, data, CT, str(image.SOPInstanceUID))
        peer.store_all([good])
    expect_found(trial, good)
    if is_taken(answer.status):
        expect_found(trial, image)
        came = ArchiveView(trial).retrieved(image)
        before, found, _ = (came.data or b"").partition(name)
        trial.expect(bool(found), f"{name!r} as it was sent", "other bytes", came.records)
        kept = term.encode() in before if term else not _declares_a_set(before)
        trial.expect(kept, f"(0008,0005): {term or 'none'}, as it was sent", "another", came.records)


def _declares_a_set(beginning: bytes) -> bool:
    """Whether the beginning of a data set has (0008,0005) with a value; by its bytes, in implicit or explicit VR."""
    _, found, rest = beginning.partition(b"\x08\x00\x05\x00")
    return bool(found) and rest[:4] not in (bytes(4), b"CS\0\0")


def _undeclared_order(trial: Trial, name: bytes) -> None:
    for service in NEEDS["ris"]:
        trial.needs(service in trial.target.claims.services, service)
    order = order_of(trial)
    term = "" if trial.variant == "undeclared" else "ISO IR999"
    sent = new_order(trial, replace(order, patient=replace(order.patient, name=("NAME",))), msh_fields={18: "8859/1"})
    with trial.mllp() as sender:
        answer = sender.ask(sent.payload.replace(b"8859/1", term.encode(), 1).replace(b"NAME", name, 1))
    [seen] = passed(trial, [ASCII])
    expect_same(trial, ASCII, seen)
    if answer.code in ("AA", "CA"):
        is_there = trial.eventually(lambda: bool(entries_found(trial, order.patient)), trial.timers.propagation_s)
        trial.expect(is_there, "the order that was taken is on the worklist", "no entry", answer.records)
    for one in entries_found(trial, order.patient):
        value = raw(one.dataset, "PatientName") or b""
        trial.expect(name in value, f"Patient Name {name!r}, or a refusal", f"{value!r}", one.records)


NAMES = (
    "Adams^John Robert Quincy^^Rev.^B.A. M.Div.",
    "Morrison-Jones^Susan^^^Ph.D., Chief Executive Officer",
    "Doe",
    "Doe^",
    "Doe^John^^^",
    "^Jane",
    "O'Neil-Smith^Al",
    "van der Berg^Anna Maria^K",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE^ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF",
    "Doe^Jane=",
    "Doe^Jane==",
)
IDEOGRAPHIC_ALONE = Text("ISO_IR 192", "=王^小東", "CT of the head", "UNICODE UTF-8")


@case("dicom.charset.pn.1", MUST, ROLES, "-", "PS3.5 6.2, 6.2.1, 6.2.1.1", READ)
def person_names_of_every_form_keep_their_meaning(trial: Trial) -> None:
    """Names of five components, of one, of 64 characters, of group 2 alone, or with trailing delimiters keep their meaning."""
    names = NAMES if trial.role == "pacs" else NAMES[:3] + NAMES[6:9]
    texts = [replace(ASCII, name=name) for name in names]
    if "ISO_IR 192" in trial.target.claims.character_sets:
        texts.append(IDEOGRAPHIC_ALONE)
    for text, seen in zip(texts, passed(trial, texts), strict=True):
        expect_same(trial, text, seen)
        for one in seen:
            groups = read(one.dataset, "PatientName").split("=")
            fits = len(groups) <= 3 and all(group.count("^") <= 4 for group in groups)
            trial.expect(fits, f"{one.where}: 3 groups and 5 components at most", "=".join(groups), one.records)


HL7_NAME = "Doe^John^A^Dr^Jr"
HL7_TEXTS: Mapping[str, Text] = {
    "8859/1": replace(TEXTS["ISO_IR 100"], name=f"Müller{HL7_NAME[3:]}"),
    "UNICODE UTF-8": replace(TEXTS["ISO_IR 192"], name=f"{HL7_NAME}=王^小東"),
    "ISO IR87": replace(TEXTS["ISO 2022 IR 87"], name=f"{HL7_NAME}=山田^太郎"),
    "GB 18030-2000": replace(TEXTS["GB18030"], name=f"{HL7_NAME}=王^小东"),
}


def claimed_hl7(target: RoleTarget) -> Sequence[str]:
    return tuple(term for term in target.claims.hl7_character_sets if term in HL7_TEXTS)


@case(
    "dicom.charset.hl7.1",
    MUST,
    ("ris", "engine"),
    "+",
    "PS3.5 6.2.1.1; HL7 table 0211; RAD TF-2x App. D",
    READ,
    needs=("worklist", "orders"),
    variants=claimed_hl7,
)
def names_of_hl7_become_names_of_dicom(trial: Trial) -> None:
    """MSH-18 becomes a right (0008,0005), and XPN (suffix before prefix) becomes PN (prefix before suffix)."""
    text = HL7_TEXTS[trial.variant]
    patient = ordered(trial, text, trial.variant)
    trial.eventually(lambda: bool(entries_found(trial, patient)), trial.timers.propagation_s)
    seen = entries_found(trial, patient)
    trial.expect(bool(seen), "the order on the worklist", "no entry")
    expect_same(trial, text, seen)

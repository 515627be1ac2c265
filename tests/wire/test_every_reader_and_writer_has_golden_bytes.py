"""Every public reader and writer of emulators.wire is held to golden bytes; the list of those without is empty.

The tester shares the wire with the emulators that it judges, so the wire is held to bytes that Radloop did not make. Readers
and writers are found by looking at the modules: all public functions, classes and methods; what is added without a check is
listed and fails. The table is made of the checks in golden_checks_*: each says what it holds and to which constants, and is
run here.
"""

import importlib
import inspect
import pkgutil
import re
import sys
import threading
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

import emulators.wire
from emulators.wire import dimse, hl7_character_sets, items, negotiation
from emulators.wire.dimse import Command, decode_command
from emulators.wire.er7 import Delimiters
from emulators.wire.pdu import REJECT_REASONS, AssociateReject, Pdu
from tests.wire import (
    golden_associations,
    golden_checks_associations,
    golden_checks_hl7,
    golden_checks_messages,
    golden_checks_pdus,
    golden_checks_streams,
    golden_dicom,
    golden_hl7,
    golden_messages,
)
from tests.wire.golden_check import Check, pdus

# --- readers and writers, found in the modules

SET_ASIDE = {
    "status.status_class": "says of a number what class it has; test_dimse holds it to pynetdicom",
    "status.status_meaning": "says in words what a number means",
}
"""What neither reads nor writes bytes, by name, and why; a test looks at the types."""


def wire_modules() -> Iterator[tuple[str, ModuleType]]:
    package = "emulators.wire."
    for info in pkgutil.walk_packages(emulators.wire.__path__, package):
        yield info.name.removeprefix(package), importlib.import_module(info.name)


def function_of(member: object) -> Callable[..., Any] | None:
    """The function behind a method or a property."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, classmethod | staticmethod):
        return typing.cast("Callable[..., Any]", member.__func__)
    return member if inspect.isfunction(member) else None


def members_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions, constructors, methods and properties that a module defines, by name.

    An Enum or a Protocol has nothing that runs.
    """
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if inspect.isclass(value):
            if issubclass(value, Enum) or getattr(value, "_is_protocol", False):
                continue
            for attribute, member in vars(value).items():
                if (function := function_of(member)) is None:
                    continue
                if attribute == "__init__":
                    yield name, function
                elif not attribute.startswith("_"):
                    yield f"{name}.{attribute}", function
        elif callable(value):
            yield name, inspect.unwrap(value)


def found_in_the_wire() -> dict[str, Callable[..., Any]]:
    """All that may read or write, as ``module.name``."""
    return {f"{file}.{name}": function for file, module in wire_modules() for name, function in members_of(module)}


FOUND = found_in_the_wire()

# --- the table

GOLDEN_MODULES = (golden_dicom, golden_associations, golden_messages, golden_hl7)
GOLDEN: dict[str, Any] = {
    name: value for module in GOLDEN_MODULES for name, value in vars(module).items() if name[0] != "_" and name.isupper()
}
CHECK_MODULES = (
    golden_checks_pdus,
    golden_checks_associations,
    golden_checks_messages,
    golden_checks_streams,
    golden_checks_hl7,
)
CHECKS = {
    f"{module.__name__.rpartition('golden_checks_')[2]}.{name}": check
    for module in CHECK_MODULES
    for name, check in vars(module).items()
    if isinstance(check, Check)
}
TABLE: dict[str, set[str]] = {}
"""Reader or writer to the names of the golden constants that it is held to."""
for _check in CHECKS.values():
    for _name in _check.holds:
        TABLE.setdefault(_name, set()).update(_check.constants)


def run(check: Check, **replaced: Any) -> None:
    """Run a check on its constants; ``replaced`` ones take the place of the golden ones."""
    check.run(*[replaced.get(name, GOLDEN.get(name)) for name in check.constants])


def test_the_list_of_readers_and_writers_without_golden_bytes_is_empty() -> None:
    assert sorted(set(FOUND) - set(TABLE) - set(SET_ASIDE)) == []


def test_the_table_names_what_there_is() -> None:
    assert sorted(set(TABLE) - set(FOUND)) == []
    assert sorted({constant for check in CHECKS.values() for constant in check.constants} - set(GOLDEN)) == []
    assert all(check.constants and check.holds for check in CHECKS.values())


def mentions_bytes(annotation: object) -> bool:
    return annotation in (bytes, bytearray, memoryview) or any(map(mentions_bytes, typing.get_args(annotation)))


def test_what_is_set_aside_has_no_bytes_in_its_types() -> None:
    for name in SET_ASIDE:
        assert not any(map(mentions_bytes, typing.get_type_hints(FOUND[name]).values()))
    assert mentions_bytes(typing.get_type_hints(FOUND["pdu.PduCutter.feed"])["piece"])


def test_a_reader_that_nobody_holds_is_found() -> None:
    module = ModuleType("emulators.wire.new")
    exec(
        "def decode_new(data): ...\nclass New:\n    def __init__(self): ...\n    @property\n    def size(self): ...\n",
        vars(module),
    )
    assert [name for name, _ in members_of(module)] == ["decode_new", "New", "New.size"]


# --- the checks


def code_that_runs(action: Callable[[], None]) -> set[int]:
    """The identities of all code that is called meanwhile, in threads started by it too."""
    called: set[int] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            called.add(id(frame.f_code))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return called


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_what_a_check_holds_reads_and_writes_its_golden_bytes(name: str) -> None:
    check = CHECKS[name]
    called = code_that_runs(lambda: run(check))
    codes: dict[str, CodeType] = {held: FOUND[held].__code__ for held in check.holds}
    assert sorted(held for held, code in codes.items() if id(code) not in called) == []


def places_in(length: int) -> set[int]:
    """The first, the last, and some in between."""
    return {min(length - 1, index * length // 8) for index in range(9)} if length else set()


def spoilt(constant: Any) -> Iterator[Any]:
    """The constant with one byte or character changed, in turn at several places of each of its parts."""
    match constant:
        case bytes():
            yield from (constant[:at] + bytes((constant[at] ^ 1,)) + constant[at + 1 :] for at in places_in(len(constant)))
        case str():
            yield from (constant[:at] + chr(ord(constant[at]) ^ 1) + constant[at + 1 :] for at in places_in(len(constant)))
        case dict():
            for key, value in constant.items():
                yield from ({**constant, key: other} for other in spoilt(value))
        case tuple():
            for index, value in enumerate(constant):
                yield from ((*constant[:index], other, *constant[index + 1 :]) for other in spoilt(value))


def notices(check: Check, **replaced: Any) -> bool:
    try:
        run(check, **replaced)
    except Exception:
        return True
    return False


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_fails_on_changed_bytes_of_each_constant(name: str) -> None:
    check = CHECKS[name]
    unnoticed = [
        constant
        for constant in check.constants
        if not any(notices(check, **{constant: other}) for other in spoilt(GOLDEN[constant]))
    ]
    assert unnoticed == []


def test_golden_bytes_are_written_down_and_not_made() -> None:
    assert not any(re.search(r"^(import|from) ", inspect.getsource(module), re.MULTILINE) for module in GOLDEN_MODULES)


# --- every kind of thing that a reader or writer knows


def leaves_of(constant: Any) -> Iterator[bytes]:
    """The byte strings in a constant."""
    if isinstance(constant, bytes):
        yield constant
    elif isinstance(constant, dict):
        for value in constant.values():
            yield from leaves_of(value)


def golden_pdus() -> list[bytes]:
    """All whole PDUs among the DICOM constants."""
    leaves = [leaf for module in GOLDEN_MODULES[:3] for constant in vars(module).values() for leaf in leaves_of(constant)]
    return [pdu for leaf in leaves if 1 <= leaf[0] <= 7 for pdu in pdus(leaf)]


def golden_commands() -> list[Command]:
    """All command sets among the DICOM constants: those alone, and those in one fragment."""
    alone = [*golden_dicom.PYNETDICOM_COMMANDS.values(), *golden_messages.PYNETDICOM_FURTHER_COMMANDS.values()]
    group_length = b"\x00\x00\x00\x00\x04\x00\x00\x00"
    values = [value for pdu in golden_pdus() for value in golden_checks_messages.values_of(pdu) if value.is_last]
    return list(map(decode_command, alone + [bytes(value.data) for value in values if value.data[:8] == group_length]))


def item_types(items_of_pdu: bytes) -> set[int]:
    """The types of items and of the sub-items in them, cut by their lengths alone (PS3.8 9.3.2)."""
    found = set()
    while items_of_pdu:
        item_type, end = items_of_pdu[0], 4 + int.from_bytes(items_of_pdu[2:4], "big")
        found.add(item_type)
        if item_type in (0x20, 0x21, 0x50):
            found |= item_types(items_of_pdu[4 if item_type == 0x50 else 8 : end])
        items_of_pdu = items_of_pdu[end:]
    return found


def test_every_pdu_and_every_item_is_in_golden_bytes() -> None:
    assert {type(golden_checks_pdus.read(pdu)) for pdu in golden_pdus()} == set(typing.get_args(Pdu))
    known = {value for name, value in vars(items).items() if name.startswith("ITEM_")}
    for_request, for_answer = (
        set().union(*[item_types(pdu[74:]) for pdu in golden_pdus() if pdu[0] == pdu_type]) for pdu_type in (1, 2)
    )
    assert known - for_request == {items.ITEM_USER_IDENTITY_RESPONSE}
    assert known - for_answer == {items.ITEM_ABSTRACT_SYNTAX, items.ITEM_USER_IDENTITY}


def test_every_message_and_every_element_of_a_command_set_is_in_golden_bytes() -> None:
    assert {command.name for command in golden_commands()} == set(dimse.COMMAND_NAMES.values())
    assert set().union(*[command.elements for command in golden_commands()]) == set(dimse._ELEMENTS)


def test_every_refusal_is_in_golden_bytes() -> None:
    refusals = [value for value in map(golden_checks_pdus.read, golden_pdus()) if isinstance(value, AssociateReject)]
    known = [value for value in vars(negotiation).values() if isinstance(value, AssociateReject)]
    assert len(known) == 7
    assert [reject for reject in known if reject not in refusals] == []
    assert {(reject.source, reject.reason) for reject in refusals} == set(REJECT_REASONS)


def test_every_escape_and_every_character_set_is_in_golden_bytes() -> None:
    known = Delimiters()
    texts = " ".join(
        [
            *golden_hl7.STANDARD_ESCAPES,
            *golden_hl7.STANDARD_HEXADECIMAL,
            *golden_hl7.STANDARD_NEW_LINE,
            *golden_hl7.HL7APY_HIGHLIGHTED,
        ]
    )
    assert [code for code in (*(f"\\{code}\\" for code in known.meanings), *known.codes.values()) if code not in texts] == []
    assert set(golden_hl7.ICONV_TEXTS) == {*hl7_character_sets.CHARACTER_SETS, *hl7_character_sets.CODE_EXTENSIONS}

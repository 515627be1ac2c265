"""A product whose column for the accession number is 8 characters wide: it cuts every one that comes in, by HL7 or by DICOM,
and goes on with what is left.

Catalogue: ``hl7.ord.acc.1`` (the same value on all interfaces, or refused). Seen: in whatever it says or finds of an order
that somebody else has numbered; two orders whose numbers begin alike become one.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from emulators.messages.attributes import Attributes
from emulators.quirks._wrapper import Wrapper

LENGTH = 8
_NAMES = frozenset(("accession_number", "AccessionNumber"))


class Quirk(Wrapper):
    def heard(self, message: Any) -> Any:
        return _cut(message)


def _cut(value: Any) -> Any:
    """The same with every accession number cut, also in what it holds; itself where there is none to cut."""
    if isinstance(value, tuple):
        cut = tuple(map(_cut, value))
        return value if _same(cut, value) else cut
    if isinstance(value, Attributes):
        changed = _changed(dict(value.elements))
        return value.with_values(changed) if changed else value
    if is_dataclass(value) and not isinstance(value, type):
        changed = _changed({field.name: getattr(value, field.name) for field in fields(value)})
        return replace(value, **changed) if changed else value
    return value


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    cut = {
        name: value[:LENGTH].strip() if name in _NAMES and isinstance(value, str) else _cut(value)
        for name, value in values.items()
    }
    return {name: value for name, value in cut.items() if value is not values[name] and value != values[name]}


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(first is second for first, second in zip(one, other, strict=True))

"""Items of sequences."""

from typing import Any

from pydicom.dataset import Dataset


def item(base: Dataset | None = None, **attributes: Any) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset() if base is None else base
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)

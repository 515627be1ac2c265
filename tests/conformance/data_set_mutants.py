"""Mutants that change the data set of one kind of DIMSE message: what every file of mutants would else do for itself."""

from typing import ClassVar

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Mutant


class DataSetMutant(Mutant):
    """Changes the data set of every message of this name, on its way to the product or from it."""

    command: ClassVar[str]
    to_product: ClassVar[bool]

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None] | None:
        if command.name != self.command or to_product is not self.to_product or dataset is None:
            return command, dataset
        syntax = link.contexts[context_id]
        changed = self.changed(link, decode(dataset, syntax))
        return None if changed is None else (command, encode(changed, syntax))

    def changed(self, link: Link, dataset: Dataset) -> Dataset | None:
        """What goes on instead; None for nothing."""
        raise NotImplementedError


class AnotherQuery(DataSetMutant):
    """The product takes a query for another one."""

    command = "C-FIND-RQ"
    to_product = True


class AnotherMatch(DataSetMutant):
    """The product shows its matches otherwise."""

    command = "C-FIND-RSP"
    to_product = False

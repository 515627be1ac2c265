"""Mutants that change the data set of one kind of DIMSE message: what every file of mutants would else do for itself."""

from collections.abc import Callable
from typing import ClassVar

from pydicom.dataset import Dataset

from conformance.material.data_sets import decode, encode
from conformance.material.worklist import step_of
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Mutant, changed


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


class TakesAnotherKey(AnotherQuery):
    """A key of the step, or of the whole, is read as something else."""

    def __init__(self, keyword: str, read_as: Callable[[str], str]) -> None:
        self._keyword = keyword
        self._read_as = read_as

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        for one in (dataset, step_of(dataset)):
            if one.get(self._keyword):
                setattr(one, self._keyword, self._read_as(str(one.get(self._keyword))))
        return dataset


class Ignores(TakesAnotherKey):
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword, lambda _: "")


class HasNoWildCards(TakesAnotherKey):
    def __init__(self, keyword: str) -> None:
        super().__init__(keyword, lambda key: key.replace("*", "~"))


class SaysNothingOfUnsupportedKeys(Mutant):
    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        is_warning = command.name == "C-FIND-RSP" and command.status == 0xFF01
        return (changed(command, Status=0xFF00) if is_warning else command), dataset


class SaysSuccessInstead(Mutant):
    """0000H in the responses of this name, in the place of another status; nothing else is changed."""

    def __init__(self, name: str, status: int) -> None:
        self._name = name
        self._status = status

    def message(
        self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None
    ) -> tuple[Command, bytes | None]:
        is_meant = command.name == self._name and command.status == self._status
        return (changed(command, Status=0x0000) if is_meant else command), dataset

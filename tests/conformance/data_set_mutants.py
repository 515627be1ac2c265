"""Mutants that change the data set of one kind of DIMSE message, and those that answer queries of their own."""

from collections.abc import Callable

from pydicom.dataset import Dataset

from conformance.material.data_sets import IMPLICIT, decode, encode
from conformance.material.worklist import step_of
from emulators.wire.dimse import Command
from tests.conformance.mangler import Link, Message, Mutant

Change = Callable[[Dataset], object]
"""Works in place."""


COUNT = "NumberOfStudyRelatedInstances"


class DataSetMutant(Mutant):
    """Changes the data set of every message of this name, on its way to the product or from it."""

    command: str
    to_product: bool

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name != self.command or to_product is not self.to_product or not dataset:
            return command, dataset
        syntax = link.contexts.get(context_id, IMPLICIT)
        changed = self.changed(link, decode(dataset, syntax))
        return None if changed is None else (command, encode(changed, syntax))

    def changed(self, link: Link, dataset: Dataset) -> Dataset | None:
        """What goes on instead; None for nothing."""
        raise NotImplementedError


class ChangesDataSets(DataSetMutant):
    """Those of messages of this name, such as C-FIND-RSP, by a function."""

    def __init__(self, name: str, change: Change, *, to_product: bool = False) -> None:
        self.command = name
        self.to_product = to_product
        self._change = change

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        self._change(dataset)
        return dataset


def setting(**values: object) -> Change:
    """A change that gives attributes other values, where the data set has them."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            if keyword in dataset:
                setattr(dataset, keyword, value)

    return change


def counting(change: Callable[[int], int]) -> Change:
    """A change of the number of a study's instances, where it is told."""

    def changed(dataset: Dataset) -> None:
        if dataset.get(COUNT):
            setattr(dataset, COUNT, change(int(dataset[COUNT].value)))

    return changed


def leave_out_what_is_empty(dataset: Dataset) -> None:
    for element in list(dataset):
        if not element.value:
            del dataset[element.tag]


class AnotherImage(DataSetMutant):
    """The product sends its images otherwise."""

    command = "C-STORE-RQ"
    to_product = False


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


class ShowsMoreThanWasAskedFor(AnotherMatch):
    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        dataset.InstitutionName = "RADLOOP"
        return dataset


class ShowsTheFirstCountForEver(AnotherMatch):
    """A study that grows still has the number of instances that it had."""

    def reset(self) -> None:
        self._counts: dict[str, int] = {}

    def changed(self, link: Link, dataset: Dataset) -> Dataset:
        uid = str(dataset.get("StudyInstanceUID"))
        counting(lambda count: self._counts.setdefault(uid, count))(dataset)
        return dataset


class EndsAListAfter(Mutant):
    """Of the matches of each query it shows so many: ``of_patient``, where a Patient ID is asked for, or else where none is."""

    def __init__(self, most: int, *, of_patient: bool) -> None:
        self._most = most
        self._of_patient = of_patient

    def message(self, link: Link, to_product: bool, context_id: int, command: Command, dataset: bytes | None) -> Message | None:
        if command.name == "C-FIND-RQ" and dataset is not None:
            is_of_patient = bool(decode(dataset, link.contexts[context_id]).get("PatientID"))
            link.notes["left"] = self._most if is_of_patient is self._of_patient else None
        left = link.notes.get("left")
        if command.name == "C-FIND-RSP" and dataset is not None and isinstance(left, int):
            link.notes["left"] = left - 1
            return (command, dataset) if left > 0 else None
        return command, dataset

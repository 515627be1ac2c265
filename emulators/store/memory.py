"""The archive of a simulation: the same questions answered as by ``ImageArchive``, without pixels, files or an index.

Instances are held as runs of numbers under a root, one per StoreStudy at best, so that a study of any size costs the same.
Having no bytes to compare, an instance that comes again counts as the same when it names the study and series it was filed
under, and as a different one (refused, the first is kept) when it names others. Batches as in ``index``.

One thread only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from emulators.core.errors import LocalProtocolError
from emulators.messages.common import Patient
from emulators.messages.imaging import InstancesStored, StoreStudy, StudyHeader
from emulators.messages.instance_set import NO_INSTANCES, InstanceSet, from_uids
from emulators.store.rows import InstanceRow, SeriesRow, StudyRow, instance_order, series_order


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a StoreStudy: filed now, there before, or refused because another instance was there before."""

    stored: InstanceSet = NO_INSTANCES
    same: InstanceSet = NO_INSTANCES
    different: InstanceSet = NO_INSTANCES
    replaced: InstanceSet = NO_INSTANCES


@dataclass(frozen=True, slots=True)
class _Run:
    """Instances ``root.first`` to ``root.last`` that came in one StoreStudy."""

    root: str
    first: int
    last: int
    batch: int
    store: StoreStudy

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def stored_bytes(self) -> int:
        return len(self) * self.store.instance_bytes

    def row(self, number: int) -> InstanceRow:
        store = self.store
        named = (store.sop_class_uid, store.header.study_instance_uid, store.series_instance_uid)
        return InstanceRow(f"{self.root}.{number}", *named, str(number), "", "", "", "", 0, store.instance_bytes)

    def rows(self) -> Iterator[InstanceRow]:
        return map(self.row, range(self.first, self.last + 1))


class MemoryArchive:
    """An archive that knows which instances there are, and nothing else of them."""

    def __init__(self) -> None:
        self._batches: list[list[tuple[StoreStudy, Filed]]] = []
        self._untold: set[int] = set()
        self._runs_of_root: dict[str, list[_Run]] = {}
        self._runs_of_study: dict[str, list[_Run]] = {}
        self._studies_of_key: dict[tuple[str, str], list[str]] = {}  # ("patient", MRN) or ("accession", number)

    def open_batch(self) -> int:
        """The number of a new batch."""
        self._batches.append([])
        batch = len(self._batches)
        self._untold.add(batch)
        return batch

    def add(self, batch: int, store: StoreStudy) -> Filed:
        """File the instances of ``store`` that are not there yet. Raises LocalProtocolError if the batch is not open."""
        if batch not in self._untold:
            raise LocalProtocolError(f"batch {batch} is not open")
        new: list[InstanceSet] = []
        same: list[InstanceSet] = []
        different: list[InstanceSet] = []
        replaced: list[InstanceSet] = []
        for root, first, last in _spans(store.instances):
            runs = self._runs_of_root.setdefault(root, [])
            free = [(first, last)]
            for run in tuple(runs):
                again = InstanceSet(root, max(first, run.first), min(last, run.last))
                if again:
                    if not _filed_alike(run.store, store):
                        different.append(again)
                    elif _identity(run.store) == _identity(store):
                        same.append(again)
                    else:
                        replaced.append(again)
                        self._replace(run, again, store)
                    free = [part for span in free for part in _cut(span, again)]
            for start, end in free:
                run = _Run(root, start, end, batch, store)
                runs.append(run)
                self._runs_of(store.header).append(run)
                new.append(InstanceSet(root, start, end))
        filed = Filed(_joined(new), _joined(same), _joined(different), _joined(replaced))
        self._batches[batch - 1].append((store, filed))
        return filed

    def _replace(self, run: _Run, again: InstanceSet, store: StoreStudy) -> None:
        """These instances of a run say now whose they are as ``store`` does."""
        of_root, of_study = self._runs_of_root[run.root], self._runs_of(store.header)
        kept = [_Run(run.root, first, last, run.batch, run.store) for first, last in _cut((run.first, run.last), again)]
        for runs in (of_root, of_study):
            runs.remove(run)
            runs += [*kept, _Run(run.root, again.first, again.last, run.batch, store)]

    def _runs_of(self, header: StudyHeader) -> list[_Run]:
        runs = self._runs_of_study.get(header.study_instance_uid)
        if runs is None:
            runs = self._runs_of_study[header.study_instance_uid] = []
            for key in (("patient", header.patient.patient_id), ("accession", header.accession_number)):
                self._studies_of_key.setdefault(key, []).append(header.study_instance_uid)
        return runs

    def contents(self, batch: int) -> tuple[InstancesStored, ...]:
        """What the archive actor is to be told of this batch: one message per study, series and SOP class."""
        told: dict[tuple[str, str, str], InstancesStored] = {}
        for store, filed in self._batches[batch - 1]:
            key = (store.header.study_instance_uid, store.series_instance_uid, store.sop_class_uid)
            before = told.get(key) or InstancesStored(*key, NO_INSTANCES, 0, 0, 0)
            told[key] = InstancesStored(
                *key,
                before.instances.union(filed.stored),
                before.duplicates_same + len(filed.same),
                before.duplicates_different + len(filed.different) + len(filed.replaced),
                before.stored_bytes + len(filed.stored) * store.instance_bytes,
                store.header.modality,
                before.refused.union(filed.different),
            )
        return tuple(told.values())

    def tell(self, batch: int) -> tuple[InstancesStored, ...]:
        """Close the batch and show its rows: the actor has been told. Returns its contents; harmless when repeated."""
        self._untold.discard(batch)
        return self.contents(batch)

    def discard(self, study_instance_uid: str) -> None:
        """Remove all that was told of a study."""
        kept = [run for run in self._runs_of_study.get(study_instance_uid, ()) if run.batch in self._untold]
        for run in self._shown(study_instance_uid):
            self._runs_of_root[run.root].remove(run)
        if study_instance_uid in self._runs_of_study:
            self._runs_of_study[study_instance_uid] = kept

    def untold(self) -> tuple[int, ...]:
        """The batches that are open, oldest first."""
        return tuple(sorted(self._untold))

    def studies(self, study_instance_uid: str = "", patient_id: str = "", accession_number: str = "") -> list[StudyRow]:
        """The studies with these values, compared exactly; an empty one matches everything. By Study Instance UID."""
        candidates: Iterable[str] = self._runs_of_study
        if study_instance_uid:
            candidates = [study_instance_uid]
        elif patient_id:
            candidates = self._studies_of_key.get(("patient", patient_id), ())
        elif accession_number:
            candidates = self._studies_of_key.get(("accession", accession_number), ())
        rows = [self._study_row(uid, shown) for uid in sorted(candidates) if (shown := self._shown(uid))]
        return [row for row in rows if patient_id in ("", row.patient_id) and accession_number in ("", row.accession_number)]

    def series(self, study_instance_uid: str) -> list[SeriesRow]:
        """The series of a study, by Series Instance UID: there are no series numbers here."""
        runs_of_series: dict[str, list[_Run]] = {}
        for run in self._shown(study_instance_uid):
            runs_of_series.setdefault(run.store.series_instance_uid, []).append(run)
        return sorted((_series_row(runs) for runs in runs_of_series.values()), key=series_order)

    def instances(self, study_instance_uid: str, series_instance_uid: str = "") -> list[InstanceRow]:
        """The instances of a study, or of one of its series: by series, then instance number, then UID."""
        rows = [
            row
            for run in self._shown(study_instance_uid)
            if series_instance_uid in ("", run.store.series_instance_uid)
            for row in run.rows()
        ]
        return sorted(rows, key=lambda row: (row.series_instance_uid, *instance_order(row)))

    def instance(self, sop_instance_uid: str) -> InstanceRow | None:
        """The instance with this UID, or None."""
        root, _, number = sop_instance_uid.rpartition(".")
        for run in self._runs_of_root.get(root, ()):
            if number.isdecimal() and run.first <= int(number) <= run.last and run.batch not in self._untold:
                return run.row(int(number))
        return None

    def _shown(self, study_instance_uid: str) -> list[_Run]:
        return [run for run in self._runs_of_study.get(study_instance_uid, ()) if run.batch not in self._untold]

    def _study_row(self, study_instance_uid: str, shown: list[_Run]) -> StudyRow:
        header = self._runs_of_study[study_instance_uid][0].store.header
        return StudyRow(
            study_instance_uid=study_instance_uid,
            patient_id=header.patient.patient_id,
            issuer_of_patient_id=header.patient.issuer,
            patient_name=header.patient.name.pn,
            birth_date=header.patient.birth_date,
            sex=header.patient.sex,
            accession_number=header.accession_number,
            study_id=header.study_id,
            study_date=header.study_at[:8],
            study_time=header.study_at[8:],
            study_description=header.description,
            referring_physician=header.referring_physician.pn,
            modalities=tuple(sorted({run.store.header.modality for run in shown})),
            series_count=len({run.store.series_instance_uid for run in shown}),
            instance_count=sum(map(len, shown)),
            stored_bytes=sum(run.stored_bytes for run in shown),
        )


def _series_row(runs: list[_Run]) -> SeriesRow:
    store = runs[0].store
    return SeriesRow(
        study_instance_uid=store.header.study_instance_uid,
        series_instance_uid=store.series_instance_uid,
        modality=store.header.modality,
        series_number="",
        series_description="",
        series_date="",
        series_time="",
        body_part=store.header.body_part,
        protocol_name="",
        station_name="",
        institution_name="",
        instance_count=sum(map(len, runs)),
        stored_bytes=sum(run.stored_bytes for run in runs),
    )


def _filed_alike(first: StoreStudy, second: StoreStudy) -> bool:
    named = (first.header.study_instance_uid, first.series_instance_uid)
    return named == (second.header.study_instance_uid, second.series_instance_uid)


def _identity(store: StoreStudy) -> tuple[Patient, str]:
    return store.header.patient, store.header.accession_number


def _spans(instances: InstanceSet) -> Iterator[tuple[str, int, int]]:
    """The set as (root, first, last); explicit UIDs with numbers in a row are one span."""
    if instances.first <= instances.last:
        yield instances.root, instances.first, instances.last
    root, first, last = "", 1, 0
    for uid in instances.uids:
        its_root, _, number = uid.rpartition(".")
        if (its_root, int(number)) != (root, last + 1):
            if first <= last:
                yield root, first, last
            root, first = its_root, int(number)
        last = int(number)
    if first <= last:
        yield root, first, last


def _cut(span: tuple[int, int], again: InstanceSet) -> Iterator[tuple[int, int]]:
    """What is left of ``span`` without ``again``."""
    first, last = span
    if again.last < first or last < again.first:
        yield span
        return
    if first < again.first:
        yield first, again.first - 1
    if again.last < last:
        yield again.last + 1, last


def _joined(parts: list[InstanceSet]) -> InstanceSet:
    return parts[0] if len(parts) == 1 else from_uids(chain.from_iterable(parts))

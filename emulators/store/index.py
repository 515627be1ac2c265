"""The index of the image archive: an SQLite database with a row per study, series, instance, duplicate and batch.

A batch is what the archive actor is told of in one piece. It is opened, filled, and told; rows show in queries from
then on, because only then does the actor know of them. A batch that a crash left untold is listed by ``untold``: its
instances were acknowledged, so the actor must still hear of them.

| batch | open_batch | add      | tell | reopened after a crash    |
|-------|------------|----------|------|---------------------------|
| -     | open       | an error | -    |                           |
| open  |            | open     | told | open; gone if it is empty |
| told  |            | an error | told | told                      |

One lock serves all threads. Write-ahead log, one transaction per instance: a commit is in the hands of the operating
system and survives a kill of the process; with ``fsync`` it survives a loss of power.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Any

from emulators.core.errors import ConfigError, LocalProtocolError
from emulators.messages.imaging import InstancesStored
from emulators.messages.instance_set import from_uids
from emulators.store.header import InstanceHeader
from emulators.store.rows import InstanceRow, SeriesRow, StudyRow, instance_order, series_order

_SCHEMA_VERSION = 2
_HEADER_FIELDS = {one.name for one in fields(InstanceHeader)}
_STUDY_COLUMNS = [one.name for one in fields(StudyRow) if one.name in _HEADER_FIELDS]
_SERIES_COLUMNS = [one.name for one in fields(SeriesRow) if one.name in _HEADER_FIELDS]
_INSTANCE_COLUMNS = [one.name for one in fields(InstanceRow)]
_study_values = attrgetter(*_STUDY_COLUMNS)
_series_values = attrgetter(*_SERIES_COLUMNS)
_instance_values = attrgetter(*_INSTANCE_COLUMNS)


def _names(columns: Sequence[str], table: str = "") -> str:
    return ", ".join(f"{table}.{column}" if table else column for column in columns)


_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY AUTOINCREMENT, told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS study ({_names(_STUDY_COLUMNS)}, PRIMARY KEY (study_instance_uid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS study_of_patient ON study (patient_id);
CREATE INDEX IF NOT EXISTS study_of_accession ON study (accession_number);
CREATE TABLE IF NOT EXISTS series ({_names(_SERIES_COLUMNS)},
    PRIMARY KEY (study_instance_uid, series_instance_uid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instance ({_names(_INSTANCE_COLUMNS)}, batch INTEGER NOT NULL, PRIMARY KEY (sop_instance_uid));
CREATE INDEX IF NOT EXISTS instance_of_series ON instance (study_instance_uid, series_instance_uid);
CREATE INDEX IF NOT EXISTS instance_of_batch ON instance (batch);
CREATE TABLE IF NOT EXISTS duplicate (batch INTEGER NOT NULL, study_instance_uid, series_instance_uid, sop_class_uid,
    sop_instance_uid, again);
CREATE INDEX IF NOT EXISTS duplicate_of_batch ON duplicate (batch);
"""
_ADD_STUDY = f"INSERT OR IGNORE INTO study VALUES ({', '.join('?' * len(_STUDY_COLUMNS))})"
_ADD_SERIES = f"INSERT OR IGNORE INTO series VALUES ({', '.join('?' * len(_SERIES_COLUMNS))})"
_ADD_INSTANCE = f"INSERT INTO instance VALUES ({', '.join('?' * (len(_INSTANCE_COLUMNS) + 1))})"
_KEPT = f"SELECT {_names(_INSTANCE_COLUMNS)} FROM instance WHERE sop_instance_uid = ?"

_SHOWN = "JOIN batch ON batch.id = instance.batch AND batch.told"
_STUDIES = f"""
SELECT {_names(_STUDY_COLUMNS, "study")}, GROUP_CONCAT(DISTINCT series.modality),
    COUNT(DISTINCT series_instance_uid), COUNT(*), SUM(instance.dataset_bytes)
FROM study JOIN instance USING (study_instance_uid) JOIN series USING (study_instance_uid, series_instance_uid) {_SHOWN}
WHERE {{matching}} GROUP BY study.study_instance_uid ORDER BY study.study_instance_uid
"""
_SERIES = f"""
SELECT {_names(_SERIES_COLUMNS, "series")}, COUNT(*), SUM(instance.dataset_bytes)
FROM series JOIN instance USING (study_instance_uid, series_instance_uid) {_SHOWN}
WHERE series.study_instance_uid = ? GROUP BY series.series_instance_uid
"""
_INSTANCES = f"SELECT {_names(_INSTANCE_COLUMNS, 'instance')} FROM instance {_SHOWN} WHERE {{matching}}"
_STORED_OF_BATCH = """
SELECT study_instance_uid, series_instance_uid, sop_class_uid, sop_instance_uid, dataset_bytes, modality
FROM instance JOIN series USING (study_instance_uid, series_instance_uid) WHERE batch = ? ORDER BY instance.rowid
"""
_DUPLICATES_OF_BATCH = """
SELECT study_instance_uid, series_instance_uid, sop_class_uid, sop_instance_uid, again
FROM duplicate WHERE batch = ? ORDER BY rowid
"""
_REPLACE_INSTANCE = (
    f"UPDATE instance SET {', '.join(f'{column} = ?' for column in _INSTANCE_COLUMNS)} WHERE sop_instance_uid = ?"
)
_PATHS_TO_DISCARD = f"SELECT path FROM instance {_SHOWN} WHERE study_instance_uid = ?"
_DISCARD = (
    "DELETE FROM instance WHERE study_instance_uid = :study AND batch IN (SELECT id FROM batch WHERE told)",
    """DELETE FROM series WHERE study_instance_uid = :study AND NOT EXISTS (SELECT 1 FROM instance
    WHERE instance.study_instance_uid = :study AND instance.series_instance_uid = series.series_instance_uid)""",
    """DELETE FROM study WHERE study_instance_uid = :study
    AND NOT EXISTS (SELECT 1 FROM instance WHERE study_instance_uid = :study)""",
)
_FORGET_EMPTY_BATCHES = """
DELETE FROM batch WHERE NOT told
    AND id NOT IN (SELECT batch FROM instance) AND id NOT IN (SELECT batch FROM duplicate)
"""


class Again(Enum):
    """How an instance came again."""

    SAME = "same"
    REFUSED = "refused"
    REPLACED = "replaced"


@dataclass(slots=True)
class _Part:
    """What of a batch is of one study, series and SOP class."""

    stored: list[str] = field(default_factory=list)
    stored_bytes: int = 0
    modality: str = ""
    again: dict[Again, list[str]] = field(default_factory=lambda: {kind: [] for kind in Again})

    def told(self, named: tuple[str, str, str]) -> InstancesStored:
        again = self.again
        different = len(again[Again.REFUSED]) + len(again[Again.REPLACED])
        refused = from_uids(dict.fromkeys(again[Again.REFUSED]))
        counts = (len(again[Again.SAME]), different, self.stored_bytes)
        return InstancesStored(*named, from_uids(self.stored), *counts, self.modality, refused)


def _study_row(*columns: Any) -> StudyRow:
    *described, modalities, series_count, instance_count, stored_bytes = columns
    return StudyRow(*(*described, tuple(sorted(modalities.split(","))), series_count, instance_count, stored_bytes))


class Index:
    """The rows of an image archive, in the file ``path``. One process at a time may hold it open.

    Raises ConfigError if another process has it open or a different version of Radloop wrote it.
    """

    def __init__(self, path: Path, fsync: bool = False) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
        try:
            self._prepare(path, fsync)
        except BaseException:
            self._connection.close()
            raise
        self._untold = {batch for (batch,) in self._connection.execute("SELECT id FROM batch WHERE NOT told")}

    def _prepare(self, path: Path, fsync: bool) -> None:
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version not in (0, _SCHEMA_VERSION):
                raise ConfigError(f"{path}: an index of version {version}; this is version {_SCHEMA_VERSION}")
            self._connection.executescript(f"{_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION};")
            with self._connection:
                self._connection.execute(_FORGET_EMPTY_BATCHES)
        except sqlite3.Error as error:
            raise ConfigError(f"{path}: cannot be opened as the index of an archive: {error}") from error

    def close(self) -> None:
        """Give up the files; what is committed stays."""
        with self._lock:
            self._connection.close()

    def open_batch(self) -> int:
        """The number of a new batch."""
        with self._lock, self._connection:
            batch = self._connection.execute("INSERT INTO batch DEFAULT VALUES").lastrowid
            assert batch is not None
            self._untold.add(batch)
        return batch

    def add(self, batch: int, header: InstanceHeader, row: InstanceRow) -> InstanceRow | None:
        """File ``row``, or return the row that was filed first under its SOP Instance UID, told or not.

        Raises LocalProtocolError if the batch is not open, sqlite3.Error if the index cannot be written.
        """
        with self._lock, self._connection as connection:
            self._require_open(batch)
            kept = connection.execute(_KEPT, (row.sop_instance_uid,)).fetchone()
            if kept is not None:
                return InstanceRow(*kept)
            connection.execute(_ADD_STUDY, _study_values(header))
            connection.execute(_ADD_SERIES, _series_values(header))
            connection.execute(_ADD_INSTANCE, (*_instance_values(row), batch))
        return None

    def add_duplicate(self, batch: int, header: InstanceHeader, again: Again) -> None:
        """Note an instance that came again, under the study and series that it named now."""
        named = (header.study_instance_uid, header.series_instance_uid, header.sop_class_uid, header.sop_instance_uid)
        with self._lock, self._connection as connection:
            self._require_open(batch)
            connection.execute("INSERT INTO duplicate VALUES (?, ?, ?, ?, ?, ?)", (batch, *named, again.value))

    def replace(self, row: InstanceRow) -> str | None:
        """Put ``row`` in the place of the one under its SOP Instance UID; who was told of that one was told of this.

        The path of the one whose place it took, which another transfer may have put there; None if there is none any more.
        """
        with self._lock, self._connection as connection:
            kept = connection.execute(_KEPT, (row.sop_instance_uid,)).fetchone()
            connection.execute(_REPLACE_INSTANCE, (*_instance_values(row), row.sop_instance_uid))
        return None if kept is None else InstanceRow(*kept).path

    def forget(self, study_instance_uid: str) -> list[str]:
        """Remove the rows of a study, but those of batches that are still open; the paths of their files."""
        with self._lock, self._connection as connection:
            paths = [path for (path,) in connection.execute(_PATHS_TO_DISCARD, (study_instance_uid,))]
            for statement in _DISCARD:
                connection.execute(statement, {"study": study_instance_uid})
        return paths

    def _require_open(self, batch: int) -> None:
        if batch not in self._untold:
            raise LocalProtocolError(f"batch {batch} is not open")

    def contents(self, batch: int) -> tuple[InstancesStored, ...]:
        """What the archive actor is to be told of this batch: one message per study, series and SOP class."""
        with self._lock:
            stored = self._connection.execute(_STORED_OF_BATCH, (batch,)).fetchall()
            duplicates = self._connection.execute(_DUPLICATES_OF_BATCH, (batch,)).fetchall()
        parts: dict[tuple[str, str, str], _Part] = {}
        for study, series, sop_class, uid, size_bytes, modality in stored:
            part = parts.setdefault((study, series, sop_class), _Part())
            part.stored.append(uid)
            part.stored_bytes += size_bytes
            part.modality = modality
        for study, series, sop_class, uid, again in duplicates:
            part = parts.setdefault((study, series, sop_class), _Part())
            part.again[Again(again)].append(uid)
        return tuple(part.told(named) for named, part in parts.items())

    def tell(self, batch: int) -> tuple[InstancesStored, ...]:
        """Close the batch and show its rows: the actor has been told. Returns its contents; harmless when repeated."""
        with self._lock, self._connection as connection:
            connection.execute("UPDATE batch SET told = 1 WHERE id = ?", (batch,))
            self._untold.discard(batch)
        return self.contents(batch)

    def untold(self) -> tuple[int, ...]:
        """The batches that are open, oldest first; after a restart those that the actor may not have heard of."""
        with self._lock:
            return tuple(sorted(self._untold))

    def studies(self, study_instance_uid: str = "", patient_id: str = "", accession_number: str = "") -> list[StudyRow]:
        """The studies with these values, compared exactly; an empty one matches everything. By Study Instance UID."""
        wanted = {
            "study.study_instance_uid": study_instance_uid,
            "study.patient_id": patient_id,
            "study.accession_number": accession_number,
        }
        keys = {column: value for column, value in wanted.items() if value}
        matching = " AND ".join(f"{column} = ?" for column in keys) or "TRUE"
        rows = self._select(_STUDIES.format(matching=matching), *keys.values())
        return [_study_row(*row) for row in rows]

    def series(self, study_instance_uid: str) -> list[SeriesRow]:
        """The series of a study, by series number."""
        return sorted((SeriesRow(*row) for row in self._select(_SERIES, study_instance_uid)), key=series_order)

    def instances(self, study_instance_uid: str, series_instance_uid: str = "") -> list[InstanceRow]:
        """The instances of a study, or of one of its series: by series number, then instance number, then UID."""
        series = [series_instance_uid]
        if not series_instance_uid:
            series = [row.series_instance_uid for row in self.series(study_instance_uid)]
        statement = _INSTANCES.format(matching="study_instance_uid = ? AND series_instance_uid = ?")
        found: list[InstanceRow] = []
        for one in series:
            rows = self._select(statement, study_instance_uid, one)
            found += sorted((InstanceRow(*row) for row in rows), key=instance_order)
        return found

    def instance(self, sop_instance_uid: str) -> InstanceRow | None:
        """The instance with this UID, or None."""
        rows = self._select(_INSTANCES.format(matching="sop_instance_uid = ?"), sop_instance_uid)
        return InstanceRow(*rows[0]) if rows else None

    def paths(self) -> set[str]:
        """The files that have a row."""
        return {path for (path,) in self._select("SELECT path FROM instance")}

    def _select(self, statement: str, *parameters: str) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

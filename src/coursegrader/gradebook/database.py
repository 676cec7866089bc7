"""The gradebook's file: made, recognised, locked for one writer, and its errors put clearly."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .migrations import MARKS, PEOPLE, migrate, run_script

APPLICATION = 0x50545447  # "PTTG", in the file's header: the file is ours
SCHEMA_VERSION = 3
WAIT_SECONDS = 2.0  # for a reader that is just reading

SCHEMA = """
CREATE TABLE assignment (
    name TEXT PRIMARY KEY,
    fingerprint TEXT,
    secret BLOB,
    runs INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE submission (
    number INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL REFERENCES assignment (name),
    id TEXT NOT NULL,
    student TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    submitted TEXT,
    late INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    result TEXT NOT NULL,
    upload INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL DEFAULT 0,
    UNIQUE (assignment, id)
) STRICT;
CREATE TABLE refused (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    name TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
"""
SCHEMA += PEOPLE + MARKS


class GradebookError(ValueError):
    """What is wrong with a gradebook file, ready to show."""


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """Open the file; for writing, make it if it is missing, and keep everybody else out.

    Raises:
        GradebookError: it cannot be used, and was left as it is.
    """
    with clear_errors(path):
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
        database = sqlite3.connect(
            uri, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(path, database, write)
        except BaseException:
            database.close()
            raise
    return database


def copy_in_memory(path: Path) -> sqlite3.Connection:
    """What is in the file, or a new gradebook, to be changed without changing the file.

    Raises:
        GradebookError: the file cannot be used.
    """
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with clear_errors(path):
        if path.exists():
            uri = f"{path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS)) as file:
                file.backup(memory)
        _prepare(path, memory, True)
    return memory


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Say what SQLite's errors mean for a gradebook."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise GradebookError(
                f"another grader is writing to {path}: wait until it has ended"
            ) from error
        raise GradebookError(f"the gradebook {path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise GradebookError(
            f"{path} is no gradebook, or it is damaged ({error}); it was left as it is"
        ) from error


def _prepare(path: Path, database: sqlite3.Connection, write: bool) -> None:
    if write or _is_old(database):
        # Taken at the first access, kept until the end. The journal stays beside the file
        # meanwhile; unlike a write-ahead log it also works on network drives.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
    try:
        _check(path, database, write)
    finally:
        if database.in_transaction:
            database.execute("COMMIT")
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA synchronous = EXTRA")


def _check(path: Path, database: sqlite3.Connection, write: bool) -> None:
    ((application,),) = database.execute("PRAGMA application_id").fetchall()
    ((version,),) = database.execute("PRAGMA user_version").fetchall()
    ((tables,),) = database.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    if write and (application, version, tables) == (0, 0, 0):
        run_script(database, SCHEMA)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        return
    if application != APPLICATION:
        raise GradebookError(f"{path} is a database of another program; it was left as it is")
    if version > SCHEMA_VERSION:
        raise GradebookError(
            f"{path} was written by a newer version of coursegrader (its schema is {version}, "
            f"this one knows {SCHEMA_VERSION}); it was left as it is"
        )
    ((state,),) = database.execute("PRAGMA quick_check(1)").fetchall()
    if state != "ok":
        raise GradebookError(f"{path} is damaged ({state}); it was left as it is")
    if version < SCHEMA_VERSION:
        migrate(database, version, SCHEMA_VERSION)


def _is_old(database: sqlite3.Connection) -> bool:
    """Whether an earlier version wrote it, so that it must be changed even to be read."""
    ((application,),) = database.execute("PRAGMA application_id").fetchall()
    ((version,),) = database.execute("PRAGMA user_version").fetchall()
    return application == APPLICATION and version < SCHEMA_VERSION

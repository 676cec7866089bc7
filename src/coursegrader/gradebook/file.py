"""A gradebook's file while it is open: transactions that survive being killed at any moment.

Every call that writes is one transaction, on disk before the call returns; whatever kills the
process loses only a call that had not returned. The writer holds SQLite's exclusive lock for as
long as the gradebook is open, and the kernel takes it from a process that dies.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from .database import GradebookError, clear_errors, connect, copy_in_memory


class GradebookFile:
    """An open file."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        """Use `Gradebook.open`."""
        self.path = path
        self._database = database

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> Self:
        """Open a gradebook; for writing, make it if it is missing and lock it.

        Raises:
            GradebookError: the file is corrupt, of another program or of a newer version of this
                one, or somebody else is writing. It was left as it is.
        """
        path = Path(path)
        if not write and not path.is_file():
            raise GradebookError(f"there is no gradebook {path}")
        return cls(path, connect(path, write))

    @classmethod
    def rehearse(cls, path: Path) -> Self:
        """A copy of a gradebook in memory, or a new one: nothing is written to the file.

        Raises:
            GradebookError: the file cannot be used.
        """
        return cls(path, copy_in_memory(path))

    def close(self) -> None:
        """Release the lock."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with clear_errors(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                if self._database.in_transaction:  # some errors of SQLite end it themselves
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _rows(self, query: str, *arguments: object) -> list[tuple]:
        with clear_errors(self.path):
            return self._database.execute(query, arguments).fetchall()


class Part:
    """What a gradebook holds of one kind.

    Args:
        rows: `rows(query, *values)` reads from the gradebook's file.
        transaction: a context in which to write to it.
    """

    def __init__(
        self,
        rows: Callable[..., list[tuple]],
        transaction: Callable[[], AbstractContextManager[sqlite3.Connection]],
    ) -> None:
        self._rows, self._transaction = rows, transaction

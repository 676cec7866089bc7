"""Gradebooks that earlier versions wrote: each step makes the schema one version newer."""

import sqlite3
from collections.abc import Callable

PEOPLE = """
CREATE TABLE person (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    system TEXT NOT NULL,
    logins TEXT NOT NULL DEFAULT '[]',
    on_roster INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (assignment, student)
) STRICT;
CREATE TABLE member (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    team TEXT NOT NULL,
    student TEXT NOT NULL,
    PRIMARY KEY (assignment, team, student)
) STRICT;
"""

MARKS = """
CREATE TABLE mark (
    number INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    test TEXT NOT NULL,
    points TEXT,
    comment TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at TEXT
) STRICT;
CREATE TABLE reported (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    total TEXT NOT NULL,
    PRIMARY KEY (assignment, student)
) STRICT;
"""


def run_script(database: sqlite3.Connection, script: str) -> None:
    """Run statements inside the transaction that is open; `executescript` would end it."""
    for statement in script.split(";"):
        database.execute(statement)


def _to_people(database: sqlite3.Connection) -> None:
    """Students were called by name and number: `doejane_101` and `adamsjane_101` were two."""
    run_script(database, PEOPLE)
    query = "SELECT DISTINCT assignment, student, platform_id FROM submission ORDER BY number"
    for assignment, student, number in database.execute(query).fetchall():
        suffix = f"_{number}"
        key = number if number and student.endswith(suffix) else student
        name = student.removesuffix(suffix) if key == number else student
        database.execute(
            "INSERT OR REPLACE INTO person (assignment, student, name, number, system) "
            "VALUES (?, ?, ?, ?, ?)",
            (assignment, key, name, number, "?" if number else ""),
        )
        if key != student:
            _rename(database, assignment, student, key)


def _rename(database: sqlite3.Connection, assignment: str, old: str, new: str) -> None:
    of_old = (assignment, old)
    # Of what two names of one person have both, the later counts.
    for table in ("manual", "override"):
        database.execute(
            f"UPDATE OR REPLACE {table} SET student = ? WHERE assignment = ? AND student = ?",
            (new, *of_old),
        )
    database.execute(
        """
        UPDATE OR REPLACE submission SET
            student = ?1, id = ?1 || substr(id, length(?3) + 1),
            result = json_set(result, '$.id', ?1 || substr(id, length(?3) + 1))
        WHERE assignment = ?2 AND student = ?3
        """,
        (new, *of_old),
    )


def _to_marks(database: sqlite3.Connection) -> None:
    """Marks had no history, and a hand-in was known by its number in its download."""
    run_script(
        database,
        MARKS
        + """
        INSERT INTO mark (assignment, student, test, points, comment, by)
            SELECT assignment, student, '', adjustment, comment, '' FROM manual
            WHERE abs(CAST(adjustment AS REAL)) < 1e6;  -- 1e500 was taken, and broke every export
        INSERT INTO mark (assignment, student, test, points, comment, by)
            SELECT assignment, student, test, earned, comment, '' FROM override
            WHERE CAST(earned AS REAL) BETWEEN 0 AND 1e6;
        DROP TABLE manual;
        DROP TABLE override;
        ALTER TABLE assignment ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submission ADD COLUMN upload INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE submission ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
        UPDATE OR REPLACE submission SET
            id = student || '/0/' || substr(id, -16),
            result = json_set(result, '$.id', student || '/0/' || substr(id, -16))
        """,
    )


STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _to_people, 2: _to_marks}


def migrate(database: sqlite3.Connection, version: int, newest: int) -> None:
    """Bring a gradebook of this version to the newest."""
    for step in range(version, newest):
        STEPS[step](database)
    database.execute(f"PRAGMA user_version = {newest}")

"""Files for people and other programs: written whole, and tables without formulas."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM = "\ufeff"

Cell = str | int | Decimal


def write_atomically(path: Path, data: str | bytes) -> None:
    """Write a file whole or not at all, whatever happens meanwhile.

    A file that holds just this already is left alone: on ext4, replacing one waits for the disk.
    """
    path = Path(path)
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    try:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return
    except OSError:  # it is not there yet, nor perhaps its folder
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def safe(value: Cell) -> str:
    """What to write into a table: a number as it is, text so that no spreadsheet runs it."""
    if not isinstance(value, str):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    text = value.replace("\0", "\ufffd")
    if text == "-":  # "nothing yet", for Canvas and Moodle
        return text
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def table_text(rows: Iterable[Sequence[Cell]], *, bom: bool = True) -> str:
    """The rows as CSV, every cell made safe, with the line ends that spreadsheets write."""
    return _csv_text([[safe(value) for value in row] for row in rows], ",", bom)


def _csv_text(rows: Iterable[Sequence[str]], delimiter: str, bom: bool) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return (_BOM if bom else "") + text.getvalue()


@dataclass
class Table:
    """Another program's CSV, to be written back as it was but for some cells."""

    header: list[str]
    rows: list[list[str]]  # each as long as the header
    delimiter: str
    bom: bool

    def keep(self, columns: Sequence[int]) -> None:
        """Drop all other columns."""
        self.header, *self.rows = [[row[k] for k in columns] for row in (self.header, *self.rows)]

    def text(self) -> str:
        """The table as CSV; only `safe` cells may have been put in."""
        return _csv_text([self.header, *self.rows], self.delimiter, self.bom)


def read_table(path: Path, needed: Sequence[str]) -> Table:
    """Read a CSV by the delimiter that its header has.

    Raises:
        ValueError: it cannot be read, is no table, or lacks a needed column.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    bom, text = text.startswith(_BOM), text.removeprefix(_BOM)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"{path} is no table: {error}") from error
    header = rows[0] if rows else []
    missing = [name for name in needed if name not in header]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; is it the right export?")
    width = len(header)
    body = [(row + [""] * width)[:width] for row in rows[1:] if any(row)]
    return Table(header, body, delimiter, bom)

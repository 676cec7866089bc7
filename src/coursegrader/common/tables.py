"""Tables that other programs wrote, and tables for them: CSV as it was found, and workbooks.

A spreadsheet runs text that begins with `=`, `+`, `-` or `@`, and one that takes another separator
than we wrote cuts a cell in two. So text gets a `'` before each such sign, at its start and after
whatever may separate cells somewhere.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from .files import write_atomically
from .text import plain, written

_BOM = "\ufeff"
_SIGNS = "=+@＝＋－＠-"
_STARTS = re.compile(rf'^[ "\t\r\n]*(?=[{_SIGNS}])|^ *(?=[\t\r\n])')
_AFTER_SEPARATOR = re.compile(rf'([,;|\t\r\n][\s"]*)(?=[{_SIGNS}])')
_COMMA = re.compile(r"\d[\d.’' \u00a0\u202f]*,\d{1,2}")
_POINT = re.compile(r"\d[\d,’' \u00a0\u202f]*\.\d{1,2}")

Cell = str | int | Decimal


def safe(value: Cell, *, comma: bool = False) -> str:
    """What to write into a table: a number with its decimal sign, text so that nothing runs it."""
    if isinstance(value, Decimal):
        return written(value, comma=comma)
    if isinstance(value, int):
        return str(value)
    text = value.replace("\0", "\ufffd")
    if text == "-":  # "nothing yet", for Canvas and Moodle
        return text
    text = _AFTER_SEPARATOR.sub(r"\1'", text)
    return f"'{text}" if _STARTS.match(text) else text


def table_text(rows: Iterable[Sequence[Cell]], *, bom: bool = True) -> str:
    """The rows as CSV, every cell made safe, with the line ends that spreadsheets write."""
    return _csv_text([[safe(value) for value in row] for row in rows], ",", bom)


def _csv_text(rows: Iterable[Sequence[str]], delimiter: str, bom: bool) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return (_BOM if bom else "") + text.getvalue()


@dataclass
class Table:
    """Another program's table, to be written back as it was but for some cells."""

    header: list[str]
    rows: list[list[str]]  # each as long as the header
    delimiter: str = ","
    bom: bool = True

    def keep(self, columns: Sequence[int]) -> None:
        """Drop all other columns."""
        self.header, *self.rows = [[row[k] for k in columns] for row in (self.header, *self.rows)]

    def column(self, place: int) -> list[str]:
        """The cells below a header."""
        return [row[place].strip() for row in self.rows]

    def has_comma(self, *places: int) -> bool:
        """Whether the numbers in these columns have a decimal comma, as most of Europe writes."""
        cells = [cell for place in places for cell in self.column(place)]
        commas = sum(_COMMA.fullmatch(cell) is not None for cell in cells)
        points = sum(_POINT.fullmatch(cell) is not None for cell in cells)
        return commas > points or (commas == points and self.delimiter == ";")

    def text(self) -> str:
        """The table as CSV; only `safe` cells may have been put in."""
        return _csv_text([self.header, *self.rows], self.delimiter, self.bom)


def read_table(path: Path, needed: Sequence[str] = ()) -> Table:
    """Read a CSV by the delimiter that its header has, or the first sheet of an `.xlsx`.

    It may be UTF-8, UTF-16 or what Excel writes in Western Europe; it goes back as UTF-8.

    Raises:
        ValueError: it cannot be read, is no table, or lacks a needed column.
    """
    path = Path(path)
    table = _of_workbook(path) if path.suffix.lower() == ".xlsx" else _of_csv(path)
    missing = [name for name in needed if name not in table.header]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; is it the right export?")
    return table


def _of_csv(path: Path) -> Table:
    text, bom = _decoded(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"{path} is no table: {error}") from error
    return _table(rows, delimiter, bom)


def _decoded(path: Path) -> tuple[str, bool]:
    """The text, and whether it began with a mark or needs one, as it was no UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if is_utf16 else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.removeprefix(_BOM), encoding != "utf-8" or text.startswith(_BOM)
    raise ValueError(f"{path} cannot be read: save it as “CSV UTF-8” and try again")


def _table(rows: list[list[str]], delimiter: str, bom: bool) -> Table:
    header = rows[0] if rows else []
    width = len(header)
    body = [(row + [""] * width)[:width] for row in rows[1:] if any(row)]
    return Table(header, body, delimiter, bom)


def _of_workbook(path: Path) -> Table:
    openpyxl = _openpyxl()
    try:
        file = io.BytesIO(path.read_bytes())
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets[0]
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    except Exception as error:  # zip, XML and the library's own: all mean the same here
        raise ValueError(f"{path} cannot be read as a workbook: {error}") from error
    return _table(rows, ",", True)


def write_workbook(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write an `.xlsx` with one sheet: numbers as numbers, and text that is never a formula.

    Raises:
        ValueError: openpyxl is not installed.
    """
    workbook = _openpyxl().Workbook()
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = workbook.active.cell(number, place)
            if isinstance(value, str):
                cell.value = plain(value)[:32_767]  # the most that a cell holds
                cell.data_type = "s"
            else:
                cell.value = value
    workbook.active.freeze_panes = "B2"
    file = io.BytesIO()
    workbook.save(file)
    write_atomically(path, file.getvalue())


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ImportError:
        raise ValueError(
            "workbooks (.xlsx) need the package openpyxl: pip install openpyxl, or save as CSV"
        ) from None
    return openpyxl

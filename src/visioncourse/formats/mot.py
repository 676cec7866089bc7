"""MOTChallenge's text: a line for each box, frame and identity first."""

import math
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

# frame, identity, x, y, w, h, confidence, then world coordinates x, y, z or class, visibility.
# For columns that a file leaves out: a box is certain, the rest is unknown, MOTChallenge's -1.
DEFAULTS = (0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, -1.0, -1.0, -1.0)
REQUIRED = 6


def read_mot(path: str | PathLike[str]) -> np.ndarray:
    """Read MOTChallenge's rows of truth, detections or tracks.

    Values may be separated by commas or blanks, a comma may end the line, whole numbers may be
    written as floats. Boxes stay as they are: the benchmark's first pixel is (1, 1).

    Returns:
        (N, 10) rows (frame, identity, x, y, w, h, confidence and three more), by frame, those of
        one frame in the order of the file. The last three are world coordinates, or class,
        visibility and nothing. Columns that the file lacks: confidence 1, the others -1.

    Raises:
        ValueError: a line with fewer than 6 or more than 10 columns, or not as many as the first
            line; something that is not a finite number; a frame below 1 or an identity that is
            not whole; a negative size; an identity (>= 0) twice in a frame.
    """
    rows: list[list[float]] = []
    line_of: dict[tuple[float, float], int] = {}
    width = 0
    # A byte that is no text turns into a sign that is no number, and its line is named.
    with open(path, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip().removesuffix(",")
            if not text:
                continue
            where = f"{path}, line {number}"
            row = _checked_row(where, text.split(",") if "," in text else text.split())
            width = width or len(row)
            if len(row) != width:
                raise ValueError(f"{where}: got {len(row)} columns after lines with {width}")
            first = line_of.setdefault((row[0], row[1]), number)
            if first != number and row[1] >= 0:
                raise ValueError(
                    f"{where}: identity {row[1]:g} stands in frame {row[0]:g} already, line {first}"
                )
            rows.append([*row, *DEFAULTS[width:]])
    table = np.array(rows, dtype=np.float64).reshape(-1, len(DEFAULTS))
    return table[np.argsort(table[:, 0], kind="stable")]


def write_mot(path: str | PathLike[str], rows: Any) -> None:
    """Write rows (N, 6 to 10) as :py:func:`read_mot` returns them, every digit kept.

    Raises:
        ValueError: rows that :py:func:`read_mot` would not read, named by their index.
    """
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or not REQUIRED <= rows.shape[1] <= len(DEFAULTS):
        raise ValueError(f"rows must have shape (N, 6 to 10), got {rows.shape}")
    seen: set[tuple[float, float]] = set()
    lines = []
    for index, row in enumerate(rows.tolist()):
        _checked_row(f"rows[{index}]", row)
        key = (row[0], row[1])
        if key in seen and row[1] >= 0:
            raise ValueError(f"rows[{index}]: identity {row[1]:g} twice in frame {row[0]:g}")
        seen.add(key)
        lines.append(",".join(repr(value).removesuffix(".0") for value in row) + "\n")
    Path(path).write_text("".join(lines), encoding="utf-8", newline="\n")


def group_by_frame(rows: np.ndarray, *, num_frames: int | None = None) -> list[np.ndarray]:
    """Split rows (N, C) by their first column: entry i has frame i + 1, perhaps without rows.

    Args:
        rows: sorted by frame or not, frames from 1.
        num_frames: length of the result; by default up to the last frame that has rows.

    Raises:
        ValueError: a frame that is not whole or out of range.
    """
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"rows must have shape (N, C) with the frame first, got {rows.shape}")
    frames = rows[:, 0]
    last = num_frames if num_frames is not None else int(frames.max(initial=0))
    wrong = np.flatnonzero(~((frames >= 1) & (frames <= last) & (frames == np.floor(frames))))
    if wrong.size:
        row = wrong[0]
        raise ValueError(f"rows[{row}]: frame must be whole and 1 to {last}, got {frames[row]:g}")
    order = np.argsort(frames, kind="stable")
    starts = np.searchsorted(frames[order], np.arange(1, last + 2))
    return [rows[order[i:j]] for i, j in pairwise(starts)]


def _checked_row(where: str, fields: Sequence[Any]) -> list[float]:
    if not REQUIRED <= len(fields) <= len(DEFAULTS):
        raise ValueError(f"{where}: expected 6 to 10 columns, got {len(fields)}")
    try:
        row = [float(field) for field in fields]
    except ValueError:
        raise ValueError(f"{where}: expected numbers, got {fields!r:.80}") from None
    frame, identity, _, _, width, height = row[:REQUIRED]
    if not all(map(math.isfinite, row)):
        raise ValueError(f"{where}: expected finite numbers, got {fields!r:.80}")
    if frame < 1 or not frame.is_integer():
        raise ValueError(f"{where}: frame must be whole and at least 1, got {frame:g}")
    if not identity.is_integer():
        raise ValueError(f"{where}: identity must be a whole number, got {identity:g}")
    if width < 0 or height < 0:
        raise ValueError(f"{where}: width and height must be >= 0, got {width:g}, {height:g}")
    return row

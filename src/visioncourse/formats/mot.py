"""MOTChallenge's text: a line for each box, frame and identity first."""

from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .._validation import check_whole
from ..arrays import to_numpy
from ..tracking.metrics.rows import (
    DEFAULTS,
    LARGEST_WHOLE,
    REQUIRED,
    check_table,
    read_table,
)

MOST_FRAMES = 10**7  # in one list: four days at 30 frames a second


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
            not whole, or not below 2⁵³; a negative size; an identity (>= 0) twice in a frame.
    """
    rows: list[list[float]] = []
    numbers: list[int] = []  # of the lines
    # A byte that is no text becomes a character that is no number, and its line is named.
    with open(path, encoding="utf-8-sig", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip().removesuffix(",")
            if not text:
                continue
            row = _numbers(f"{path}, line {number}", text)
            if rows and len(row) != len(rows[0]):
                raise ValueError(
                    f"{path}, line {number}: got {len(row)} columns after lines with {len(rows[0])}"
                )
            rows.append(row)
            numbers.append(number)
    width = len(rows[0]) if rows else len(DEFAULTS)
    table = np.tile(DEFAULTS, (len(rows), 1))
    table[:, :width] = np.reshape(rows, (-1, width))
    check_table(table, lambda row: f"{path}, line {numbers[row]}", first_frame=1, nameless=True)
    return table[np.argsort(table[:, 0], kind="stable")]


def _numbers(where: str, text: str) -> list[float]:
    fields = text.split(",") if "," in text else text.split()
    if not REQUIRED <= len(fields) <= len(DEFAULTS):
        raise ValueError(f"{where}: expected 6 to 10 columns, got {len(fields)}")
    try:
        return [float(field) for field in fields]
    except ValueError:
        raise ValueError(f"{where}: expected numbers, got {fields!r:.80}") from None


def write_mot(path: str | PathLike[str], rows: Any) -> None:
    """Write rows (N, 6 to 10) as :py:func:`read_mot` returns them, every digit kept.

    :py:func:`~visioncourse.tracking.mot_rows` makes them of what a tracker reports. An empty list
    makes an empty file.

    Raises:
        ValueError: rows that :py:func:`read_mot` would not read, named by their index; frames and
            identities that the type of the rows cannot tell apart, 2⁵³ in float64.
    """
    table, whole_below = read_table("rows", rows)
    if table.shape[1] > len(DEFAULTS):
        raise ValueError(f"rows must have shape (N, 6 to 10), got {table.shape}")
    below = min(whole_below, LARGEST_WHOLE)  # what `read_mot` can read
    check_table(table, lambda row: f"rows[{row}]", below, first_frame=1, nameless=True)
    lines = (",".join(repr(value).removesuffix(".0") for value in row) for row in table.tolist())
    text = "".join(f"{line}\n" for line in lines)
    Path(path).write_text(text, encoding="utf-8", newline="\n")


def group_by_frame(rows: Any, *, num_frames: int | None = None) -> list[np.ndarray]:
    """Split rows (N, C) by their first column: entry i has frame i + 1, perhaps without rows.

    Args:
        rows: sorted by frame or not, frames from 1.
        num_frames: length of the result, up to ten million; by default up to the last frame that
            has rows.

    Raises:
        ValueError: a frame that is not whole or out of range.
    """
    rows = _table(rows)
    frames = rows[:, 0]
    if num_frames is None:
        num_frames = int(min(frames[np.isfinite(frames)].max(initial=0), MOST_FRAMES))
    check_whole(0, num_frames=num_frames)
    if num_frames > MOST_FRAMES:
        raise ValueError(f"num_frames must be at most {MOST_FRAMES}, got {num_frames}")
    wrong = np.flatnonzero(~((frames >= 1) & (frames <= num_frames) & (frames == np.floor(frames))))
    if wrong.size:
        row = wrong[0]
        raise ValueError(
            f"rows[{row}]: frame must be whole and 1 to {num_frames}, got {frames[row]:g}"
        )
    order = np.argsort(frames, kind="stable")
    present, starts = np.unique(frames[order], return_index=True)
    groups = [rows[:0]] * num_frames
    for frame, (i, j) in zip(present, pairwise([*starts, len(rows)]), strict=True):
        groups[int(frame) - 1] = rows[order[i:j]]
    return groups


def _table(rows: Any) -> np.ndarray:
    """Numbers (N, C) of any array or list; an empty list has all columns."""
    try:
        rows = to_numpy(rows)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"rows must be numbers (N, C), got {error}") from error
    if rows.shape == (0,):
        return np.empty((0, len(DEFAULTS)))
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"rows must have shape (N, C) with the frame first, got {rows.shape}")
    if rows.dtype.kind not in "iuf":
        raise ValueError(f"rows must be numbers, got {rows.dtype}")
    return rows

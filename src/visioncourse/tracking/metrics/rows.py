"""MOT rows: one check for files and for scores, and the way from a tracker's reports to rows."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from ..._validation import check_between, check_whole
from ...arrays import Array, to_numpy
from ...detection.boxes import LARGEST_COORDINATE
from ..sort import Tracks

COLUMNS = (
    "frame",
    "identity",
    "x",
    "y",
    "w",
    "h",
    "confidence",
    *(f"column {c}" for c in (8, 9, 10)),
)
REQUIRED = 6
# What stands in columns that are left out: a box is certain, the rest unknown, MOTChallenge's -1.
DEFAULTS = (0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0, -1.0, -1.0, -1.0)
LARGEST_WHOLE = 2**53  # from here on a float64 cannot tell one whole number from the next


@dataclass(frozen=True)
class Rows:
    """The rows of one side, sorted by frame; within a frame they keep their order."""

    frames: np.ndarray  # (F,) frames that have a row, ascending
    starts: np.ndarray  # (F,) the first row of each
    sizes: np.ndarray  # (F,) and how many it has
    tracks: np.ndarray  # (N,) each row's identity, 0 to num_tracks - 1
    num_tracks: int
    boxes: np.ndarray  # (4, N) x1, y1, x2, y2
    order: np.ndarray  # (N,) where each row stood before

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def track_sizes(self) -> np.ndarray:
        """(num_tracks,) the number of rows of each identity."""
        return np.bincount(self.tracks, minlength=self.num_tracks)


def read_rows(name: str, rows: Any) -> Rows:
    """Check the MOT rows of the argument `name` and sort them by frame.

    Raises:
        ValueError: naming the argument and the row, counted from 0.
    """
    table, whole_below = read_table(name, rows)
    table = table[:, :REQUIRED]
    check_table(table, lambda row: f"{name}[{row}]", whole_below)
    order = np.argsort(table[:, 0], kind="stable")
    # Identities in whole numbers stay exact, however large; a float64 would merge them.
    identities, tracks = np.unique(table[order, 1], return_inverse=True)
    frame, _, x, y, w, h = table[order].T.astype(np.float64)
    frames, starts, sizes = np.unique(frame, return_index=True, return_counts=True)
    boxes = np.stack([x, y, x + w, y + h])
    return Rows(frames, starts, sizes, tracks, len(identities), boxes, order)


def read_table(name: str, rows: Any) -> tuple[np.ndarray, float]:
    """The numbers (N, >= 6) of any array or list; whole numbers stay whole.

    Then from where on their type cannot tell one whole number from the next.

    Raises:
        ValueError: no rows of numbers, or too few columns.
    """
    try:
        table = to_numpy(rows)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"{name} must be rows of numbers, got {error}") from error
    if table.shape == (0,):
        table = np.empty((0, len(DEFAULTS)))
    if table.ndim != 2 or table.shape[1] < REQUIRED:
        columns = ", ".join(COLUMNS[:REQUIRED])
        raise ValueError(
            f"{name} must have shape (N, >= 6) with columns {columns}, got {table.shape}"
        )
    if table.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be rows of numbers, got {table.dtype}")
    return table, _whole_below(rows, table)


def _whole_below(rows: Any, table: np.ndarray) -> float:
    if table.dtype.kind in "iu":
        return math.inf
    source = rows if array_api_compat.is_array_api_obj(rows) else table
    eps = float(array_api_compat.array_namespace(source).finfo(source.dtype).eps)
    return min(2 / eps, LARGEST_WHOLE)


def check_table(
    table: np.ndarray,
    where: Callable[[int], str],
    whole_below: float = LARGEST_WHOLE,
    *,
    first_frame: int | None = None,
    nameless: bool = False,
) -> None:
    """Refuse a table (N, >= 6) that cannot be the boxes of tracks; `where` names a row.

    Args:
        whole_below: frames and identities are smaller, and frames below 2⁵³ in any case.
        first_frame: the least frame, or None for any.
        nameless: whether negative identities mean none, and may occur twice in a frame.
    """
    frames_identities, boxes = table[:, :2].astype(np.float64), table[:, 2:6].astype(np.float64)
    right = np.isfinite(table)
    right[:, :2] &= np.floor(frames_identities) == frames_identities
    right[:, :2] &= np.abs(frames_identities) < whole_below
    right[:, 0] &= np.abs(frames_identities[:, 0]) < LARGEST_WHOLE
    if first_frame is not None:
        right[:, 0] &= frames_identities[:, 0] >= first_frame
    right[:, 2:6] &= np.abs(boxes) <= LARGEST_COORDINATE
    right[:, 4:6] &= boxes[:, 2:] >= 0
    if not right.all():
        row, column = np.argwhere(~right)[0]
        least = "" if first_frame is None else f" >= {first_frame}"
        expected = {
            0: f"a whole number{least}, below {min(whole_below, LARGEST_WHOLE):.0f} in size",
            1: f"a whole number below {whole_below:.0f} in size",
            4: "finite and >= 0, up to 1e150",
            5: "finite and >= 0, up to 1e150",
        }.get(column, "finite, up to 1e150 in size")
        place = f" (frame {table[row, 0]:g})" if column else ""
        raise ValueError(
            f"{where(row)}: {COLUMNS[column]} must be {expected}, got {table[row, column]:g}{place}"
        )
    _check_identities(table, where, nameless)


def _check_identities(table: np.ndarray, where: Callable[[int], str], nameless: bool) -> None:
    """Refuse an identity that occurs twice in a frame."""
    named = np.flatnonzero(table[:, 1] >= 0) if nameless else np.arange(len(table))
    frames, identities = table[named, 0], table[named, 1]
    order = np.lexsort((identities, frames))  # stable: of equal rows the first stays first
    again = np.flatnonzero((np.diff(frames[order]) == 0) & (np.diff(identities[order]) == 0)) + 1
    if again.size:
        place = again[np.argmin(order[again])]
        first, second = named[order[place - 1]], named[order[place]]
        raise ValueError(
            f"{where(second)}: identity {table[second, 1]:.0f} must be at most once "
            f"in frame {table[second, 0]:.0f}, got it in {where(first)}"
        )


def mot_rows(reports: Iterable[Array | Tracks], *, first_frame: int = 1) -> np.ndarray:
    """What a tracker reported, frame by frame, as MOT rows for `evaluate` and `write_mot`.

    Args:
        reports: of each frame in turn, as :py:meth:`Sort.update` returns them: (M, 5) rows of
            x1, y1, x2, y2, identity, or :py:class:`Tracks`.
        first_frame: the number of the first one.

    Returns:
        (N, 10) float64: frame, identity, x, y, w, h, confidence (the score of a detection, 1 where
        it is not known), class (-1 where there is none), and twice -1 for what is not known.

    Raises:
        ValueError: a report of another shape, with its frame.
    """
    check_whole(0, first_frame=first_frame)
    check_between(0, LARGEST_WHOLE, first_frame=first_frame)
    if not isinstance(reports, Iterable):
        raise ValueError(f"reports must be a list with one for each frame, got {reports!r}")
    tables = [np.empty((0, len(DEFAULTS)))]
    for frame, report in enumerate(reports, start=first_frame):
        tables.append(_rows_of_frame(frame, report))
    return np.concatenate(tables)


def _rows_of_frame(frame: int, report: Array | Tracks) -> np.ndarray:
    confidence, kind = DEFAULTS[6:8]
    if isinstance(report, Tracks):
        boxes, identities, confidence, kind, _ = (to_numpy(part) for part in report)
    else:
        try:
            report = to_numpy(report).astype(np.float64, casting="same_kind")
        except (TypeError, ValueError):
            raise ValueError(f"reports must be numeric, got {report!r} in frame {frame}") from None
        report = report.reshape(0, 5) if report.shape == (0,) else report
        if report.ndim != 2 or report.shape[1] != 5:
            raise ValueError(f"reports must have shape (M, 5), got {report.shape} in frame {frame}")
        boxes, identities = report[:, :4], report[:, 4]
    rows = np.tile(DEFAULTS, (len(boxes), 1))
    rows[:, 0], rows[:, 1], rows[:, 2:4] = frame, identities, boxes[:, :2]
    rows[:, 4:6] = boxes[:, 2:].astype(np.float64) - boxes[:, :2]
    rows[:, 6], rows[:, 7] = confidence, kind
    return rows

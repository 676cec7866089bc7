"""MOT rows, checked once and sorted by frame, with identities counted from 0."""

from dataclasses import dataclass
from typing import Any

import numpy as np

COLUMNS = ("frame", "id", "x", "y", "w", "h")
LARGEST_WHOLE = 2.0**53  # beyond it a float cannot tell one identity from the next
LARGEST_LENGTH = 1e150  # its square is still a number, so that no area is infinite


@dataclass(frozen=True)
class Rows:
    """The rows of one side, sorted by frame; within a frame they keep their order."""

    frames: np.ndarray  # (F,) frames that have a row, ascending
    starts: np.ndarray  # (F,) the first row of each
    sizes: np.ndarray  # (F,) and how many it has
    tracks: np.ndarray  # (N,) each row's identity, 0 to num_tracks - 1
    num_tracks: int
    boxes: np.ndarray  # (4, N) x1, y1, x2, y2

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def track_sizes(self) -> np.ndarray:
        """(num_tracks,) the number of rows of each identity."""
        return np.bincount(self.tracks, minlength=self.num_tracks)


def read_rows(name: str, rows: Any) -> Rows:
    """Check the MOT rows of the argument `name` and sort them by frame.

    Raises:
        ValueError: naming the argument, the row (counted from 0) and its frame.
    """
    table = _checked_table(name, rows)
    order = np.argsort(table[:, 0], kind="stable")
    frame, identity, x, y, w, h = table[order].T
    frames, starts, sizes = np.unique(frame, return_index=True, return_counts=True)
    identities, tracks = np.unique(identity, return_inverse=True)
    keys = np.repeat(np.arange(len(frames)), sizes) * len(identities) + tracks
    ascending = np.sort(keys)
    repeated = ascending[1:][ascending[1:] == ascending[:-1]]
    if len(repeated):
        first, second = order[keys == repeated[0]][:2]
        raise ValueError(
            f"{name} must have an identity at most once in a frame, "
            f"got id {table[second, 1]:g} in frame {table[second, 0]:g} twice: "
            f"rows {first} and {second}"
        )
    return Rows(frames, starts, sizes, tracks, len(identities), np.stack([x, y, x + w, y + h]))


def _checked_table(name: str, rows: Any) -> np.ndarray:
    """The first six columns as floats, (N, 6)."""
    try:
        table = np.asarray(rows)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} must be rows of numbers, got {error}") from error
    if table.shape == (0,):
        return np.empty((0, len(COLUMNS)))
    if table.ndim != 2 or table.shape[1] < len(COLUMNS):
        raise ValueError(
            f"{name} must have shape (N, >= 6) with columns {', '.join(COLUMNS)}, got {table.shape}"
        )
    if table.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be rows of numbers, got {table.dtype}")
    table = table[:, : len(COLUMNS)].astype(np.float64)
    whole = (table[:, :2] == np.floor(table[:, :2])) & (np.abs(table[:, :2]) <= LARGEST_WHOLE)
    _check_columns(name, table, 0, whole, "must be a whole number")
    _check_columns(
        name, table, 2, np.abs(table[:, 2:]) <= LARGEST_LENGTH, "must be finite (up to 1e150)"
    )
    _check_columns(name, table, 4, table[:, 4:] >= 0, "must be >= 0")
    return table


def _check_columns(
    name: str, table: np.ndarray, first: int, right: np.ndarray, expected: str
) -> None:
    """Raise ValueError for the first entry that is not `right`, columns from `first` on."""
    if right.all():
        return
    row, column = np.argwhere(~right)[0]
    raise ValueError(
        f"{name}: {COLUMNS[first + column]} {expected}, "
        f"got {table[row, first + column]:g} in row {row} (frame {table[row, 0]:g})"
    )

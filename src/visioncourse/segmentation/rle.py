"""COCO's run-length encoding of masks, in its plain form and as compressed text.

`{"size": [H, W], "counts": ...}` tells how many pixels are 0, then 1, then 0, and so on, column by
column. The counts are a list, or a text in which each character carries five bits.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .._validation import check_binary, check_ndim
from ..arrays import NOT_NUMERIC, Array, integer_arrays, to_numpy
from .runs import Runs

MOST_PIXELS = 2**40  # of a mask
MOST_CHARACTERS = 10  # of a count; five bits each
BITS, MORE, SIGN, FIRST = 5, 0x20, 0x10, 48  # of a character, whose code counts from FIRST

Rle = Mapping[str, Any]


def encode_rle(masks: Array, *, compressed: bool = True) -> list[dict[str, Any]]:
    """COCO's run-length encoding of each mask, as pycocotools' `encode` writes it.

    Args:
        masks: (N, H, W) of 0 and 1, or booleans.
        compressed: True writes the counts as text, as files of results have them; False as lists.

    Returns:
        N times `{"size": [H, W], "counts": str or list}`, which JSON can hold.

    Raises:
        ValueError: entries other than 0 and 1, or another shape.
    """
    return rle_of_runs(read_masks(masks=masks), compressed=compressed)


def decode_rle(rles: Sequence[Rle]) -> np.ndarray:
    """The masks of run-length encodings, compressed or not.

    Args:
        rles: N times `{"size": [H, W], "counts": str, bytes or list}`, all of one size.

    Returns:
        (N, H, W) booleans; (0, 0, 0) for none.

    Raises:
        ValueError: an encoding that is broken or does not fill its size, or two sizes; the message
            names the entry.
    """
    try:
        entries = None if isinstance(rles, Mapping | str) else list(rles)
    except TypeError:  # a number, None
        entries = None
    if entries is None:
        raise ValueError(f"rles must be a list of encodings, got {rles!r:.80}")
    runs = runs_of_rle(entries, lambda row: f"rles[{row}]")
    other = np.flatnonzero((runs.sizes != runs.sizes[:1]).any(axis=1))
    if other.size:
        sizes = runs.sizes[0].tolist(), runs.sizes[other[0]].tolist()
        raise ValueError(f"rles must be of one size, got {sizes[0]}, and {sizes[1]} in {other[0]}")
    return runs.masks()


def read_masks(**masks: Any) -> Runs:
    """The runs of one named argument, masks (N, H, W) of 0 and 1."""
    xp, array = integer_arrays(**masks)
    check_binary(xp, **dict.fromkeys(masks, array))
    check_ndim(3, "(N, H, W)", **dict.fromkeys(masks, array))
    return Runs.of_masks(to_numpy(array) != 0)


def rle_of_runs(runs: Runs, *, compressed: bool = True) -> list[dict[str, Any]]:
    """COCO's encodings, one for each mask."""
    counts, lengths = runs.counts()
    ends = np.cumsum(lengths)
    values: Any = counts.tolist()
    if compressed:
        text, widths = _compress(counts, lengths)
        values, ends = text, np.concatenate([[0], np.cumsum(widths)])[ends]
    return [
        {"size": size, "counts": values[start:end]}
        for size, (start, end) in zip(runs.sizes.tolist(), pairwise([0, *ends]), strict=True)
    ]


def runs_of_rle(rles: Sequence[Any], where: Callable[[int], str]) -> Runs:
    """The runs of encodings; `where` names the entry of a row in a message."""
    sizes: list[tuple[int, int]] = []
    texts: dict[int, bytes] = {}
    lists: dict[int, np.ndarray] = {}
    for row, rle in enumerate(rles):
        if not isinstance(rle, dict | Mapping) or not {"size", "counts"} <= rle.keys():
            raise ValueError(f"{where(row)} must have 'size' and 'counts', got {rle!r:.80}")
        size, counts = rle["size"], rle["counts"]
        sizes.append(read_size(lambda row=row: f"{where(row)}: size", size))
        if isinstance(counts, str | bytes):
            texts[row] = counts.encode("utf-8") if isinstance(counts, str) else counts
        else:
            lists[row] = _counts(where(row), counts)
    lengths = np.zeros(len(rles), dtype=np.int64)
    counts, lengths[list(texts)] = _expand(list(texts.values()), lambda i: where(list(texts)[i]))
    if lists:
        pieces = np.split(counts, np.cumsum(lengths[list(texts)])[:-1]) if texts else []
        of_row = dict(zip(texts, pieces, strict=True)) | lists
        lengths[list(lists)] = [len(piece) for piece in lists.values()]
        counts = np.concatenate([of_row[row] for row in range(len(rles))])
    return _checked(counts, lengths, np.array(sizes, dtype=np.int64).reshape(-1, 2), where)


def read_size(name: Callable[[], str], size: Any) -> tuple[int, int]:
    """Height and width, whole numbers."""
    try:
        height, width = size
        whole = int(height) == height >= 0 and int(width) == width >= 0
    except NOT_NUMERIC:
        whole = False
    if not whole or height * width > MOST_PIXELS:
        raise ValueError(f"{name()} must be [height, width], whole numbers, got {size!r:.80}")
    return int(height), int(width)


def _counts(where: str, counts: Any) -> np.ndarray:
    try:
        array = np.asarray(counts)
    except ValueError:  # rows of different lengths
        array = np.zeros((0, 0))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{where}: counts must be whole numbers or a text, got {counts!r:.80}")
    return array.astype(np.int64)


def _checked(
    counts: np.ndarray, lengths: np.ndarray, sizes: np.ndarray, where: Callable[[int], str]
) -> Runs:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    wrong = np.flatnonzero((counts < 0) | (counts > MOST_PIXELS))
    if wrong.size:
        raise ValueError(f"{where(owner[wrong[0]])}: counts must be >= 0, got {counts[wrong[0]]}")
    totals = np.concatenate([[0], np.cumsum(counts)])
    ends = np.cumsum(lengths)
    pixels = totals[ends] - totals[ends - lengths]
    wrong = np.flatnonzero(pixels != sizes.prod(axis=1))
    if wrong.size:
        row = wrong[0]
        height, width = sizes[row].tolist()
        raise ValueError(
            f"{where(row)}: counts must add up to {height}·{width} = {height * width} pixels, "
            f"got {pixels[row]}"
        )
    return Runs.of_counts(counts, lengths, sizes)


def _compress(counts: np.ndarray, lengths: np.ndarray) -> tuple[str, np.ndarray]:
    """All counts as one text, and the number of characters of each count.

    From the fourth on, a count is written as its difference to the last but one.
    """
    place = np.arange(len(counts)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    values = counts.copy()
    later = np.flatnonzero(place > 2)
    values[later] -= counts[later - 2]
    limits = 2 ** (BITS * np.arange(1, MOST_CHARACTERS) - 1)  # of 5, 10, ... bits
    widths = 1 + np.searchsorted(limits, np.where(values < 0, -values - 1, values), side="right")
    ends = np.cumsum(widths)
    nth = np.arange(widths.sum()) - np.repeat(ends - widths, widths)
    codes = (np.repeat(values, widths) >> (BITS * nth)) & (MORE - 1)
    codes |= np.where(nth < np.repeat(widths, widths) - 1, MORE, 0)
    return (codes + FIRST).astype(np.uint8).tobytes().decode("ascii"), widths


def _expand(texts: Sequence[bytes], where: Callable[[int], str]) -> tuple[np.ndarray, np.ndarray]:
    """The counts of all texts, and how many each has: the way back."""
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    codes = np.frombuffer(b"".join(texts), dtype=np.uint8) - np.uint8(FIRST)  # below it, above 207
    last = np.flatnonzero(codes & MORE == 0)
    widths = np.diff(last, prepend=-1)
    wrong = codes >= 2 * MORE
    ragged = ends[np.diff(ends, prepend=0) > 0] - 1
    wrong[ragged] |= codes[ragged] & MORE != 0
    wrong[last[widths > MOST_CHARACTERS]] = True
    if wrong.any():
        row = np.searchsorted(ends, np.argmax(wrong), side="right")
        raise ValueError(f"{where(row)}: counts must be COCO's text, got {texts[row]!r:.80}")
    values = np.zeros(len(last), dtype=np.int64)
    for place in range(widths.max(initial=0)):  # most counts have one or two characters
        rows = np.flatnonzero(widths > place)
        digits = codes[last[rows] - widths[rows] + 1 + place] & (MORE - 1)
        values[rows] += digits.astype(np.int64) << (BITS * place)
    values -= np.where(codes[last] & SIGN, 1 << (BITS * widths), 0)
    lengths = np.diff(np.searchsorted(last, ends), prepend=0)
    starts = np.cumsum(lengths) - lengths
    place = np.arange(len(values)) - np.repeat(starts, lengths)
    # The differences of the odd places add up, and those of the even ones from the third on.
    counts = np.where(place == 0, values, 0)
    for kind in ((place % 2 == 1), (place % 2 == 0) & (place > 0)):
        total = np.concatenate([[0], np.cumsum(np.where(kind, values, 0))])
        counts += np.where(kind, total[1:] - np.repeat(total[starts], lengths), 0)
    return counts, lengths

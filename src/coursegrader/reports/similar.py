"""Suspiciously similar pairs of submissions: places for a person to look at, never a verdict.

Winnowing, as in MOSS (Schleimer, Wilkerson, Aiken: "Winnowing: local algorithms for document
fingerprinting", SIGMOD 2003). The code becomes tokens without comments, docstrings and layout, in
which names that a student may choose, strings and numbers are all alike. Every run of `GRAM`
tokens is hashed, and of every `WINDOW` hashes in a row the smallest is a fingerprint: two
submissions that share `GRAM + WINDOW - 1` tokens share a fingerprint.

What the released version holds does not count, nor what many hand in: that is the course's, or the
obvious way. Nothing is executed, and what does not parse is compared all the same.

The library copydetect (0.5) is the same algorithm, and fits less well: it reads files of a folder,
where submissions are cells and several attempts of one student; it drops what was released, but not
what a tenth of the class has in common; it hashes by Python's `hash`, which differs from run to
run; it compares every pair; and its page loads style and scripts from another host.
"""

import builtins
import keyword
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ..common.files import write_atomically
from ..common.notebook import UnreadableError, read_cells
from ..common.records import Submission
from ..common.text import clean
from .pages import template

GRAM = 12
WINDOW = 6
COMMON = 10  # more students than that, or a tenth of a larger class: the obvious way
FEWEST = 10  # shared fingerprints of a pair, about five lines
LONGEST = 200_000  # characters of one student's code
PARTS = 20  # of a pair, the largest ones

# Every alternative ends at a line's or the text's end if nothing closes it: hostile text costs no
# more time than other text.
_TOKEN = re.compile(
    r"""
    (?P<skip>[ \t\f\r]+|\\\r?\n|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<string>[rRbBuUfF]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)
        |"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?))
    |(?P<number>\.?\d[\w.]*)
    |(?P<name>\w+)
    |(?P<sign>[\s\S])
    """,
    re.VERBOSE,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins)) - {"_"}


@dataclass(frozen=True)
class Part:
    """Code that two students share, as each wrote it."""

    left_place: str
    left: str
    right_place: str
    right: str


@dataclass(frozen=True)
class Pair:
    """Two students; the score is the share of the smaller one's own code that both have."""

    left: str
    right: str
    score: float
    parts: list[Part]


def similar_pairs(
    submissions: Sequence[Submission], baseline_source: str = "", *, threshold: float = 0.5
) -> list[Pair]:
    """The pairs of students whose score reaches a threshold, the highest first.

    Args:
        submissions: of one assignment. All attempts of a student count together; what cannot be
            read is left out.
        baseline_source: the released code, see `code_of`.
        threshold: between 0 and 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold is {threshold}; it must be above 0 and at most 1")
    released = _Document([("", baseline_source)]).grams
    documents = {
        student: _Document(cells) for student, cells in _code_by_student(submissions).items()
    }
    prints = {student: document.fingerprints(released) for student, document in documents.items()}
    own = _without_common(prints)
    pairs = []
    for (left, right), shared in _shared(own).items():
        score = shared / min(len(own[left]), len(own[right]))
        if shared >= FEWEST and score >= threshold:
            parts = _parts(documents[left], own[left], documents[right], own[right])
            pairs.append(Pair(left, right, score, parts))
    return sorted(pairs, key=lambda pair: (-pair.score, pair.left, pair.right))


def code_of(filename: str, content: bytes) -> str:
    """The code of a notebook or Python file; nothing where it cannot be read."""
    try:
        return "\n".join(cell.source for cell in read_cells(filename, content))
    except UnreadableError:
        return ""


def _code_by_student(submissions: Iterable[Submission]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in submissions:
        try:
            cells = read_cells(one.filename, one.content)
        except UnreadableError:
            continue
        found[one.label] += [(f"attempt {one.attempt}, {c.name}", c.source) for c in cells]
    return found


class _Document:
    """The tokens of some cells, where they stand, and the hashes of their runs."""

    def __init__(self, cells: Sequence[tuple[str, str]]) -> None:
        self.places: list[tuple[str, int]] = []  # of each line: the cell, and the line in it
        self.lines: list[str] = []
        for name, source in cells:
            lines = source.split("\n")
            self.places += [(name, number) for number in range(1, len(lines) + 1)]
            self.lines += lines
        codes, self.token_lines = _tokens("\n".join(self.lines)[:LONGEST])
        self.grams = _hash_runs(codes)

    def fingerprints(self, released: np.ndarray) -> dict[int, int]:
        """Hash to the place of its first token, without what the released version holds."""
        chosen = _winnow(self.grams)
        chosen = chosen[~np.isin(self.grams[chosen], released)]
        # Reversed, so that the first of equal hashes stays.
        return dict(zip(self.grams[chosen[::-1]].tolist(), chosen[::-1].tolist(), strict=True))

    def excerpt(self, first: int, last: int) -> tuple[str, str]:
        """Where the tokens from first to last stand, and their lines."""
        start, stop = self.token_lines[first], self.token_lines[last]
        (cell, line), (last_cell, last_line) = self.places[start], self.places[stop]
        where = f"{cell}, line {line}"
        if last_cell != cell:
            where += f" to {last_cell}, line {last_line}"
        elif last_line > line:
            where = f"{cell}, lines {line} to {last_line}"
        return where, "\n".join(self.lines[start : stop + 1])


def _tokens(text: str) -> tuple[np.ndarray, list[int]]:
    """A number for each token, and the line on which it stands, from 0."""
    codes, lines = [], []
    line, begins, previous = 0, True, ["", ""]
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match[0]
        # A string that begins a line is a docstring, or as good as one.
        if kind not in ("skip", "newline") and not (kind == "string" and begins):
            if kind == "name":
                is_attribute = previous[1] == "." and previous[0] != "self"
                word = token if token in _KEPT or is_attribute else "name"
            else:
                word = token if kind == "sign" else kind
            codes.append(zlib.crc32(word.encode("utf-8", "replace")))
            lines.append(line)
            previous = [previous[1], token]
        if kind != "skip":
            begins = kind == "newline"
        line += token.count("\n")
    return np.array(codes, dtype=np.uint64), lines


def _hash_runs(codes: np.ndarray) -> np.ndarray:
    """The hashes of all runs of `GRAM` tokens, modulo 2^64."""
    if len(codes) < GRAM:
        return np.empty(0, dtype=np.uint64)
    factors = np.array([pow(0x9E3779B97F4A7C15, k, 2**64) for k in range(GRAM)], dtype=np.uint64)
    hashes = np.lib.stride_tricks.sliding_window_view(codes, GRAM) @ factors
    # A sum alone is no fair draw: the smallest of a window would follow its last tokens.
    hashes ^= hashes >> np.uint64(29)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    return hashes ^ (hashes >> np.uint64(32))


def _winnow(hashes: np.ndarray) -> np.ndarray:
    """The places of the fingerprints: in each window the last one of the smallest."""
    if not len(hashes):
        return np.empty(0, dtype=np.intp)
    size = min(WINDOW, len(hashes))
    windows = np.lib.stride_tricks.sliding_window_view(hashes, size)
    last_smallest = size - 1 - windows[:, ::-1].argmin(axis=1)
    return np.unique(np.arange(len(windows)) + last_smallest)


def _without_common(prints: dict[str, dict[int, int]]) -> dict[str, dict[int, int]]:
    counts = Counter(one for mine in prints.values() for one in mine)
    most = max(COMMON, len(prints) // 10)
    return {
        student: {one: place for one, place in mine.items() if counts[one] <= most}
        for student, mine in prints.items()
    }


def _shared(prints: dict[str, dict[int, int]]) -> Counter[tuple[str, str]]:
    """How many fingerprints each pair shares: through an index, so unlike pairs cost nothing."""
    holders: dict[int, list[str]] = defaultdict(list)
    for student in sorted(prints):
        for one in prints[student]:
            holders[one].append(student)
    return Counter(pair for students in holders.values() for pair in combinations(students, 2))


def _parts(
    left: _Document, lefts: dict[int, int], right: _Document, rights: dict[int, int]
) -> list[Part]:
    """The shared fingerprints gathered into runs, the longest first."""
    places = sorted((lefts[one], rights[one]) for one in lefts.keys() & rights.keys())
    runs: list[list[tuple[int, int]]] = []
    for place in places:
        if runs and all(
            0 <= here - before <= GRAM + WINDOW
            for here, before in zip(place, runs[-1][-1], strict=True)
        ):
            runs[-1].append(place)
        else:
            runs.append([place])
    runs.sort(key=lambda run: run[0][0] - run[-1][0])
    return [
        Part(
            *left.excerpt(run[0][0], run[-1][0] + GRAM - 1),
            *right.excerpt(run[0][1], run[-1][1] + GRAM - 1),
        )
        for run in runs[:PARTS]
    ]


def listing(pairs: Sequence[Pair]) -> str:
    """The pairs as lines of text."""
    lines = [f"{pair.score:4.0%}  {clean(pair.left)}  {clean(pair.right)}" for pair in pairs]
    return "\n".join(lines) or "no similar pairs"


def write_similar(path: Path, title: str, pairs: Sequence[Pair]) -> None:
    """Write the pairs as one HTML page, with the shared parts side by side."""
    page = template("similar.html").render(title=clean(title), pairs=pairs)
    write_atomically(path, page)

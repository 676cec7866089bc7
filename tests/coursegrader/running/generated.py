"""A class of a thousand for the sample assignment, and a plain grading of it to compare with."""

import itertools
import random

import numpy as np

DOUBLE = (
    "def double(x): return 2 * x",
    "def double(x): return x + x",
    "def double(x): return x ** 2",
    "def double(x): return list(x)",
    "def double(x): return 2 * x[0]",
    "def double(x): raise NotImplementedError('your code here')",
    "def double(x): return {}[0]",
    "",
)
WORD = (
    "def word(): return 'pixel'",
    "def word(): return 'Pixel'",
    "word = 'pixel'",
)
IS_EVEN = (
    "def is_even(n): return n % 2 == 0",
    "def is_even(n): return n % 2 == 1",
    "def is_even(n): return 1 - n % 2",
    "def is_even(n): pass",
)
COUNTER = (
    """
class Counter:
    def __init__(self, start): self.value = start
    def add(self, n): self.value += n
""",
    """
class Counter:
    def __init__(self, start): Counter.value = start
    def add(self, n): Counter.value += n
""",
    """
class Counter:
    def __init__(self, start): self.value = start
    def add(self, n): return self.value + n
""",
    "def Counter(start): return start",
)
HOSTILE = (
    "import os\nos._exit(0)",
    "def double(x):\n    while True: pass",
    "import os\nos.kill(-1, 9)",
)


def codes(count: int, *, hostile_every: int = 0) -> list[str]:
    """`count` submissions, no two alike, in an order that is always the same."""
    combinations = itertools.cycle(itertools.product(DOUBLE, WORD, IS_EVEN, COUNTER))
    made = []
    for number in range(count):
        body = "\n\n".join(next(combinations))
        if hostile_every and number % hostile_every == hostile_every - 1:
            body = HOSTILE[number // hostile_every % len(HOSTILE)]
        made.append(f"# submission {number}\nimport numpy as np\n\n{body}\n")
    random.Random(0).shuffle(made)
    return made


def is_harmless(code: str) -> bool:
    return not any(attack in code for attack in HOSTILE)


def reference_points(code: str) -> float:
    """The sample assignment's points by plain calls in this process: no grader, no sandbox."""
    names: dict = {}
    exec(code, names)
    x = np.array([1.0, 2.0, 3.0])
    y = np.array([-0.25, 7.5, 1e6, 3.0, 0.125])

    def holds(condition) -> bool:
        try:
            return condition() is True
        except Exception:
            return False

    def is_double(x) -> bool:
        got = names["double"](x.copy())
        return (
            isinstance(got, np.ndarray) and got.shape == x.shape and bool(np.allclose(got, 2 * x))
        )

    def counts() -> bool:
        counter = names["Counter"](5)
        counter.add(2)
        return counter.value == 7

    def is_its_own() -> bool:
        first, second = names["Counter"](0), names["Counter"](0)
        first.add(3)
        return second.value == 0

    return (
        1.0 * holds(lambda: is_double(x))
        + 1.0 * holds(lambda: names["word"]() == "pixel")
        + 1.0 * holds(lambda: names["is_even"](2) is True and names["is_even"](3) is False)
        + 2.0 * holds(counts)
        + 3.0 * holds(lambda: is_double(y))
        + 2.0 * holds(is_its_own)
    )

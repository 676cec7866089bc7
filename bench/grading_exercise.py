"""One exercise on logistic regression and a class's submissions to it, in no grader's format.

The points are powers of two, so a total tells which checks passed.
"""

import random
from textwrap import dedent, indent
from typing import NamedTuple

SEED = 7
CORRECT = 0.6  # of the answers


class Check(NamedTuple):
    """A call's arguments and what it should return, both as Python source."""

    arguments: str
    want: str
    points: int


class Question(NamedTuple):
    """A function to write: its first line, the body that is right, bodies that are not."""

    name: str
    header: str
    right: str
    wrong: tuple[str, ...]
    checks: list[Check]

    def answer(self, body: str) -> str:
        return f"{self.header}\n{indent(dedent(body).strip(), '    ')}"


# Not begun, not Python, and two that raise.
UNFINISHED = ('raise NotImplementedError("your code here")', "return (", "return nothing", "1 / 0")

X = "np.array([[1.5, 2.0], [0.0, 0.0], [-2.0, 1.0]])"
W = "np.array([0.3, 0.5])"
P = "np.array([0.9, 0.6, 0.4, 0.2])"
Y = "np.array([1, 0, 1, 0])"


def questions() -> list[Question]:
    """The functions, each building on the earlier ones, with two checks each."""
    table = [
        (
            "def sigmoid(z):",
            "return 1 / (1 + np.exp(-z))",
            ("return 1 / (1 + np.exp(z))", "return np.exp(-z)"),
            ("0.45", "0.6106392"),
            (
                "np.array([[-2.0, 0.0], [2.0, 4.0]])",
                "np.array([[0.1192029, 0.5], [0.8807971, 0.9820138]])",
            ),
        ),
        (
            "def predict_proba(X, w, b):",
            "return sigmoid(X @ w + b)",
            ("return sigmoid(X @ w)", "return sigmoid(X[0] @ w + b)"),
            (f"{X}[:1], {W}, -1.0", "np.array([0.6106392])"),
            (f"{X}, {W}, -1.0", "np.array([0.6106392, 0.2689414, 0.2497399])"),
        ),
        (
            "def cross_entropy(p, y):",
            "return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))",
            (
                "return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))",
                "return -np.mean(y * np.log(p))",
            ),
            ("np.array([0.8]), np.array([1])", "0.2231436"),
            (f"{P}, {Y}", "0.5402722"),
        ),
        (
            "def loss_gradient(X, y, w, b):",
            "return X.T @ (predict_proba(X, w, b) - y) / len(y)",
            (
                "return X.T @ (predict_proba(X, w, b) - y)",
                "return X.T @ (y - predict_proba(X, w, b)) / len(y)",
            ),
            (f"{X}[:1], np.array([1]), {W}, -1.0", "np.array([-0.5840412, -0.7787216])"),
            (
                f"{X}, np.array([1, 0, 1]), {W}, -1.0",
                "np.array([0.3054930, -0.5096605])",
            ),
        ),
        (
            "def precision_recall(p, y, threshold):",
            """
            found = p >= threshold
            true = np.sum(found & (y == 1))
            return float(true / np.sum(found)), float(true / np.sum(y == 1))
            """,
            (
                """
                found = p > threshold
                true = np.sum(found & (y == 1))
                return float(true / np.sum(found)), float(true / np.sum(y == 1))
                """,
                """
                found = p >= threshold
                true = np.sum(found & (y == 1))
                return float(true / np.sum(y == 1)), float(true / np.sum(found))
                """,
            ),
            (f"{P}, {Y}, 0.8", "(1.0, 0.5)"),
            (f"{P}, {Y}, 0.4", "(0.6666667, 1.0)"),
        ),
        (
            "def softmax(logits):",
            """
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
            """,
            (
                "return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)",
                "return np.exp(logits) / np.exp(logits).sum()",
            ),
            (
                "np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]])",
                "np.array([[0.6652410, 0.2447285, 0.0900306], [1 / 3, 1 / 3, 1 / 3]])",
            ),
            ("np.array([[1000.0, 1000.0]])", "np.array([[0.5, 0.5]])"),
        ),
    ]
    result = []
    for number, (header, right, wrong, *checks) in enumerate(table):
        name = header.removeprefix("def ").partition("(")[0]
        points = (2 ** (2 * number + place) for place in range(len(checks)))
        result.append(
            Question(
                name,
                header,
                right,
                (*wrong, *UNFINISHED),
                [Check(*check, worth) for check, worth in zip(checks, points, strict=False)],
            )
        )
    return result


def submissions(count: int) -> dict[str, dict[str, str]]:
    """By student and question, the source of the answer: right, wrong or raising; the first is
    all right, the second all unfinished."""
    draw = random.Random(SEED)
    everyone = {}
    for number in range(count):
        answers = {}
        for question in questions():
            right = draw.random() < CORRECT
            body = question.right if right else draw.choice(question.wrong)
            if number < 2:
                body = (question.right, UNFINISHED[0])[number]
            answers[question.name] = question.answer(body)
        everyone[f"student{number:03}"] = answers
    return everyone

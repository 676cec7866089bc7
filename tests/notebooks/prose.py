"""Rules for the text of the book: the pattern of a section, equations, quiz, exercises.

Each takes a document and returns its problems; BOOK_RULES look at all documents together.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch

from documents import Book, Document
from myst import Directive, DollarMath, Heading, Image, Paragraph

SECTIONS = (
    "What you will be able to do",
    "The problem",
    "The mathematics",
    "By hand",
    "The code",
    "Experiment",
    "What goes wrong",
    "Check yourself",
    "Exercises",
    "What you can do now",
    "Summary",
    "Further reading",
)
MIN_EXPLANATION = 20  # characters
_HEARSAY = re.compile(
    r"\b(many|most|some|other|several) (other )?(texts|(text)?books|courses|authors|tutorials)\b",
    re.IGNORECASE,
)


def title(notebook: Document) -> list[str]:
    first = [element for number, element in notebook.elements() if number == 1]
    titles = [h for _, h in notebook.elements() if isinstance(h, Heading) and h.level == 1]
    if len(titles) != 1 or first[:1] != titles:
        return [notebook.problem(1, f"starts with the one `# Title`, found {len(titles)} titles")]
    if not any(isinstance(element, Paragraph) for element in first):
        return [notebook.problem(1, "has no lead below the title")]
    return []


def sections(notebook: Document) -> list[str]:
    found = [h.text for _, h in notebook.elements() if isinstance(h, Heading) and h.level == 2]
    for position, expected in enumerate(SECTIONS):
        if position >= len(found) or not found[position].startswith(expected):
            got = found[position] if position < len(found) else "nothing"
            return [f"{notebook.name}: H2 number {position + 1} is {expected!r}, found {got!r}"]
    extra = found[len(SECTIONS) :]
    return [f"{notebook.name}: unexpected H2 {text!r} at the end" for text in extra]


def unlabelled_equation(document: Document) -> list[str]:
    return [
        document.problem(number, f"equation without a label `eq-...`: {latex.strip()[:60]!r}")
        for number, label, latex in _equations(document)
        if not re.fullmatch(r"eq-[a-z0-9-]+", label)
    ]


def image_without_alt(document: Document) -> list[str]:
    problems = [
        document.problem(number, "image without alt text")
        for number, image in document.elements()
        if isinstance(image, Image) and not image.alt.strip()
    ]
    return problems + [
        document.problem(number, f"{{{image.name}}} {image.argument} without :alt:")
        for number, image in document.directives("image", "figure")
        if not image.options.get("alt")
    ]


def hearsay(document: Document) -> list[str]:
    """ "Many texts say": which? The paragraph cites one, or says what is true instead."""
    return [
        document.problem(number, f"names nobody: {found[0]!r} without a citation")
        for number, element in document.elements()
        if isinstance(element, Paragraph) and "{cite" not in element.text
        if (found := _HEARSAY.search(element.text))
    ]


def quiz_numbering(notebook: Document) -> list[str]:
    numbers = [question.number for question in _quiz(notebook)]
    if len(numbers) >= 3 and numbers == list(range(1, len(numbers) + 1)):
        return []
    return [f"{notebook.name}: the quiz has questions {numbers}, expected at least 1, 2, 3"]


def quiz_options(notebook: Document) -> list[str]:
    problems = []
    for question in _quiz(notebook):
        letters = [option.argument[:3] for option in question.options]
        if len(letters) < 3 or letters != [f"{letter}. " for letter in "ABCDEFGH"[: len(letters)]]:
            problems.append(f"question {question.number} has options {letters}, not A. B. C. ...")
        verdicts = [option.body.startswith("**Correct.**") for option in question.options]
        if sum(verdicts) != 1:
            problems.append(f"question {question.number} has {sum(verdicts)} correct options")
    return [f"{notebook.name}: {problem}" for problem in problems]


def quiz_explanations(notebook: Document) -> list[str]:
    return [
        f"{notebook.name}: question {question.number}, {option.argument!r}: say **Correct.** or "
        "**No.** and why"
        for question in _quiz(notebook)
        for option in question.options
        if not re.match(rf"\*\*(Correct|No)\.\*\*.{{{MIN_EXPLANATION}}}", option.body, re.DOTALL)
    ]


def exercise_labels(notebook: Document) -> list[str]:
    exercises = notebook.directives("exercise", "exercise-start")
    if not exercises:
        return [f"{notebook.name}: has no exercise"]
    return [
        notebook.problem(number, f"exercise {exercise.argument!r} has no label `ex-...`")
        for number, exercise in exercises
        if not exercise.options.get("label", "").startswith("ex-")
    ]


def exercise_solutions(notebook: Document) -> list[str]:
    """One solution for each exercise, one exercise for each solution."""
    exercises = notebook.directives("exercise", "exercise-start")
    asked = {exercise.options.get("label", "") for _, exercise in exercises}
    solved = Counter(solution.argument for _, solution in _solutions(notebook))
    return [
        f"{notebook.name}: exercise {label!r} has {solved[label]} solutions"
        for label in sorted(asked | solved.keys())
        if solved[label] != 1 or label not in asked
    ]


def open_solution(notebook: Document) -> list[str]:
    return [
        notebook.problem(number, f"solution of {solution.argument!r} lacks `:class: dropdown`")
        for number, solution in _solutions(notebook)
        if "dropdown" not in solution.options.get("class", "").split()
    ]


def unbalanced_gate(notebook: Document) -> list[str]:
    """Gates open and close in turn: start, end, start, end..."""
    problems = []
    for kind in ("exercise", "solution"):
        names = [gate.name for _, gate in notebook.directives(f"{kind}-start", f"{kind}-end")]
        if names != [f"{kind}-start", f"{kind}-end"] * (len(names) // 2):
            problems.append(f"{notebook.name}: the {kind} gates are {names}")
    return problems


def duplicate_label(book: Book) -> list[str]:
    labels = (label for document in book.documents for label in _labels(document) if label)
    counts = Counter(labels)
    return [f"the label {label!r} stands {n} times" for label, n in counts.items() if n > 1]


def missing_from_contents(book: Book) -> list[str]:
    return [
        f"{document.name}: not in _toc.yml"
        for document in book.documents
        if document.name.rpartition(".")[0] not in book.contents
    ]


def untested_by_make(book: Book) -> list[str]:
    """The Makefile hands a list of patterns to nbval."""
    return [
        f"{notebook.name}: the Makefile's NOTEBOOKS are {' '.join(book.tested)}"
        for notebook in book.notebooks
        if not any(_matches(f"book/{notebook.name}", pattern) for pattern in book.tested)
    ]


@dataclass
class _Question:
    number: int
    options: list[Directive] = field(default_factory=list)


def _quiz(notebook: Document) -> list[_Question]:
    questions: list[_Question] = []
    for _, element in notebook.section("Check yourself"):
        match element:
            case Paragraph(text) if found := re.match(r"\*\*Question (\d+)\.\*\*", text):
                questions.append(_Question(int(found[1])))
            case Directive(name="dropdown") if questions:
                questions[-1].options.append(element)
    return questions


def _matches(path: str, pattern: str) -> bool:
    """As make sees it: a star stops at a slash."""
    return path.count("/") == pattern.count("/") and fnmatch(path, pattern)


def _solutions(notebook: Document) -> list[tuple[int, Directive]]:
    return notebook.directives("solution", "solution-start")


def _equations(document: Document) -> Iterator[tuple[int, str, str]]:
    for number, element in document.elements():
        match element:
            case DollarMath(latex, label):
                yield number, label, latex
            case Directive(name="math"):
                yield number, element.options.get("label", ""), element.body


def _labels(document: Document) -> Iterator[str]:
    """The labels of equations, exercises and figures: one name space for all of the book."""
    for _, label, _ in _equations(document):
        yield label
    for _, element in document.elements():
        if isinstance(element, Directive) and element.name != "math":
            yield element.options.get("label", element.options.get("name", ""))
    for _, cell in document.code:
        yield cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")


RULES: tuple[Callable[[Document], list[str]], ...] = (
    title,
    unlabelled_equation,
    image_without_alt,
    hearsay,
    exercise_solutions,
    open_solution,
    unbalanced_gate,
)
# The landing page is a notebook and no section.
SECTION_RULES: tuple[Callable[[Document], list[str]], ...] = (
    sections,
    quiz_numbering,
    quiz_options,
    quiz_explanations,
    exercise_labels,
)
BOOK_RULES: tuple[Callable[[Book], list[str]], ...] = (
    duplicate_label,
    missing_from_contents,
    untested_by_make,
)

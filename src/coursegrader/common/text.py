"""Foreign text made safe to show, and numbers written: each in one way, here and nowhere else.

Foreign is whatever a student, a course system or a stranger's file wrote. A page escapes it for
HTML besides (`reports/pages.py`), a table for spreadsheets (`files.py`).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

LONGEST = 10_000  # characters of one text on a page
MARKS = 8  # accents on one letter; no script needs so many, and more cover the lines around
DECIMALS = 4  # of a number of points

# What a terminal acts on, what no file can hold (half a character), and what turns text around.
_MISLEADING = "\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
# What else shows nothing: soft hyphen, marks of direction, spaces without width. The joiners
# U+200C and U+200D stay: Persian, Hindi and many emoji need them.
_INVISIBLE = "\xad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
_INVISIBLE += "\U000e0000-\U000e007f"
_BAD_NAME = re.compile(f"[{_MISLEADING}]")
_HOSTILE = re.compile(f"[{_MISLEADING}{_INVISIBLE}]")
_HOSTILE_IN_LINES = re.compile(rf"(?![\t\n])[{_MISLEADING}{_INVISIBLE}]")


def plain(text: str) -> str:
    """Lines of text for people: what is invisible becomes �, piled up accents are cut."""
    text = _HOSTILE_IN_LINES.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return text if text.isascii() else "".join(_few_marks(text))


def clean(text: str) -> str:
    """As `plain`, and what is endless is cut."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n… ({len(text) - LONGEST} more characters)"
    return plain(text)


def escaped(name: str) -> str:
    """A name of a file on one line: what is invisible is spelled out, so that it can be found."""
    spelled = _HOSTILE.sub(lambda match: match[0].encode("unicode_escape").decode(), name)
    return "".join(_few_marks(spelled))


def is_bad_name(name: str) -> bool:
    """Whether a name holds what a terminal acts on, what is no text, or what turns text around."""
    return _BAD_NAME.search(name) is not None


def composed(name: str) -> str:
    """A name in the one form in which each letter with its accents is one sign, if there is one."""
    return unicodedata.normalize("NFC", name)


def safe_name(student: str, key: str | None = None) -> str:
    """A file name for a student: readable, the same every time, and nobody else's.

    It ends in a digest of the key, which stays when a name changes; by default of the name.
    """
    text = re.sub(r"[^\w.-]+", "_", composed(student)).strip("._-")
    while len(text.encode()) > 80:
        text = text[:-1]
    whose = student if key is None else key
    digest = hashlib.sha256(whose.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text or 'student'}-{digest[:10]}"


def encodable(text: str) -> str:
    """The text with half characters spelled out, so that a file or a database can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()


def number(value: Decimal | float, decimals: int = DECIMALS) -> str:
    """Points: half up to so many decimals, without zeros at the end: 2, 1.5, 0.125."""
    exact = Decimal(str(value))  # 0.1 is a tenth, as a person reads it
    if not exact.is_finite():
        return str(value)
    if exact.as_tuple().exponent < -decimals and abs(exact) < 10**20:
        exact = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{exact + 0:f}"  # no negative zero
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(value: Decimal, *, comma: bool = False) -> str:
    """A number for another program, with all its decimals: `12.50`, or `12,50`."""
    text = f"{value:f}"
    return text.replace(".", ",") if comma else text


def parsed(text: str) -> Decimal:
    """The number that a person or a program wrote: `1,006.00`, `1.006,00`, `1 006,00`, `100,5`.

    Of two signs the last is the decimal one; a comma alone before three digits parts thousands.

    Raises:
        ValueError: it is no number.
    """
    digits = re.sub(r"[\s\u00a0\u202f'’]", "", text)
    if "," in digits and "." in digits:
        thousands = "," if digits.rindex(",") < digits.rindex(".") else "."
        digits = digits.replace(thousands, "").replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+", digits):
        digits = digits.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3}){2,}", digits):
        digits = digits.replace(".", "")
    else:
        digits = digits.replace(",", ".")
    if not re.fullmatch(r"-?(\d+\.?\d*|\.\d+)", digits):
        raise ValueError(f"{text!r} is no number")
    return Decimal(digits)


def canvas_name(name: str) -> str:
    """The name of a student as Canvas puts it before the number: `Doe, John` is `doejohn`."""
    return "".join(filter(is_word, re.sub(r"_(\d+)_", r"\1", name).lower()))


def is_word(character: str) -> bool:
    """What Ruby's `[[:word:]]` is, which keeps the vowel signs of Hindi, say."""
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc", "Me", "Pc")


def same_letters(one: str, other: str) -> bool:
    """Whether two names differ in nothing but case, spaces and signs, which file names lose."""
    return letters(one) == letters(other)


@cache
def letters(name: str) -> str:
    """What a name keeps in the name of a file, whatever the case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFC", name).casefold()))


def _few_marks(text: str) -> Iterator[str]:
    """The characters, of marks on one letter only the first ones."""
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MARKS:
            yield character

"""Foreign text made safe, and numbers: the same on the terminal, on pages and in tables."""

import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursegrader.common.text import (
    LONGEST,
    MARKS,
    clean,
    encodable,
    escaped,
    is_bad_name,
    number,
    plain,
    safe_name,
)

# Every character, half ones (surrogates) included.
ANYTHING = st.text(st.characters(exclude_categories=()))
ACTED_ON = "\x00\x07\x08\r\x1b\x7f\x9b\u2028\u2029\u202e\u2066\ud800\udfff"
UNSEEN = "\xad\u061c\u180e\u200b\u200e\u200f\u2060\ufeff\U000e0041"


def test_lines_and_letters_of_every_script_stay():
    texts = ["ä\n\tb 😀", "José", "می\u200cخواهم", "👩\u200d🔬", "ที่นี่", "שָׁלוֹם", "हिन्दी", "Việt"]
    texts += [unicodedata.normalize("NFD", text) for text in texts]
    for text in texts:
        assert plain(text) == clean(text) == text
        assert not is_bad_name(text.replace("\n", "").replace("\t", ""))


@pytest.mark.parametrize("character", [*ACTED_ON, *UNSEEN])
def test_what_is_invisible_is_shown_as_such(character):
    assert plain(f"a{character}b") == clean(f"a{character}b") == "a\ufffdb"
    spelled = escaped(f"a{character}b")
    assert spelled == f"a{character.encode('unicode_escape').decode()}b"
    assert spelled.isascii()


def test_a_name_is_bad_by_what_misleads_and_not_by_what_scripts_need():
    assert all(is_bad_name(f"a{character}b") for character in f"{ACTED_ON}\n\t")
    # Names in Hebrew and Arabic carry marks of direction; nobody is refused for one.
    assert not any(is_bad_name(f"a{character}b") for character in UNSEEN)


def test_line_ends_of_windows_are_line_ends():
    assert plain("a\r\nb") == clean("a\r\nb") == "a\nb"


def test_piled_up_accents_are_cut():
    pile = "a" + 300 * "\u0301"
    assert plain(pile) == clean(pile) == escaped(pile) == "a" + MARKS * "\u0301"
    assert plain(f"{pile}b{pile}") == f"{plain(pile)}b{plain(pile)}"
    assert len(plain("\u20dd" * 50)) == MARKS  # without a letter below them, too


def test_what_is_endless_is_cut_on_pages_alone():
    assert clean("x" * (LONGEST + 5)) == "x" * LONGEST + "\n… (5 more characters)"
    assert plain("x" * 20_000) == "x" * 20_000


@given(ANYTHING)
def test_whatever_was_cleaned_can_be_written_and_cleaning_again_changes_nothing(text):
    for cleaner in (plain, clean, escaped, encodable):
        cleaner(text).encode("utf-8")
        assert cleaner(cleaner(text)) == cleaner(text)
    assert not is_bad_name(escaped(text))


@given(ANYTHING, ANYTHING)
def test_two_students_have_two_file_names(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert len(safe_name(one).encode()) <= 100 and not is_bad_name(safe_name(one))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (2.0, "2"),
        (10, "10"),
        (Decimal("10.00"), "10"),
        (Decimal("1E+2"), "100"),
        (1e6, "1000000"),
        (0.125, "0.125"),
        (Decimal("0.125"), "0.125"),
        (0.25, "0.25"),
        (1.5, "1.5"),
        (-0.5, "-0.5"),
        (1 / 3, "0.3333"),
        (2 / 3, "0.6667"),
        (0.1 + 0.2, "0.3"),
        (2.00005, "2.0001"),  # half up, of the number that a person reads
        (0.00001, "0"),
        (-0.00001, "0"),
        (1e300, "1" + 300 * "0"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_is_written_in_one_way(value, text):
    assert number(value) == text


def test_a_mean_has_fewer_decimals():
    assert number(Decimal("7.456"), 2) == "7.46"
    assert number(7.5, 2) == "7.5"


@given(st.decimals(-1000, 1000, places=6))
def test_a_number_reads_back_as_the_nearest_of_four_decimals(value):
    shown = Fraction(number(value))
    assert shown == Fraction(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))
    assert abs(shown - Fraction(value)) <= Fraction(1, 20_000)

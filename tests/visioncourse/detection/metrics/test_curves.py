"""Curves and their averages, against plain loops and arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse import plain
from visioncourse.detection import average_precision, precision_recall_curve

curves = st.integers(1, 12).flatmap(
    lambda total: st.tuples(
        st.just(total), st.lists(st.booleans(), max_size=20).filter(lambda hits: sum(hits) <= total)
    )
)


@given(curve=curves, method=st.sampled_from(["area", "11-point", "101-point"]))
def test_average_precision_is_its_definition(curve, method):
    total, hits = curve
    scores = np.linspace(1, 0, len(hits))
    recall, precision, thresholds = precision_recall_curve(scores, hits, num_targets=total)
    found = np.cumsum(hits, dtype=int)
    assert_array_equal(recall, [int(n) / total for n in found])
    assert_array_equal(precision, [int(n) / (i + 1) for i, n in enumerate(found)])
    assert_array_equal(thresholds, scores)
    average = average_precision(recall, precision, method=method)
    assert_allclose(average, plain.average_precision(recall, precision, method), atol=1e-14)
    assert 0 <= average <= 1
    in_torch = average_precision(
        torch.tensor(recall, dtype=torch.float64),
        torch.tensor(precision, dtype=torch.float64),
        method=method,
    )
    assert isinstance(in_torch, torch.Tensor)
    assert_allclose(float(in_torch), average, atol=1e-15)


def test_a_curve_by_hand():
    """Hits 1, 0, 1, 1 of 5 boxes: recall .2 .2 .4 .6, precision 1, 1/2, 2/3, 3/4."""
    recall, precision, thresholds = precision_recall_curve(
        [0.5, 0.9, 0.3, 0.7], [1, 1, 1, 0], num_targets=5
    )
    assert_allclose(recall, [0.2, 0.2, 0.4, 0.6])
    assert_allclose(precision, [1, 1 / 2, 2 / 3, 3 / 4])
    assert_array_equal(thresholds, [0.9, 0.7, 0.5, 0.3])
    # p = 1 up to .2, then 3/4 up to .6, then 0
    area = Fraction(1, 5) + Fraction(2, 5) * Fraction(3, 4)
    assert_allclose(average_precision(recall, precision), float(area))
    eleven = (3 * Fraction(1) + 4 * Fraction(3, 4)) / 11
    assert_allclose(average_precision(recall, precision, method="11-point"), float(eleven))
    coco = (21 * Fraction(1) + 40 * Fraction(3, 4)) / 101
    assert_allclose(average_precision(recall, precision, method="101-point"), float(coco))


def test_three_of_ten_reach_the_level_of_three_tenths():
    """np.arange(0, 1.1, 0.1)[3] is 0.30000000000000004 and would miss them."""
    recall = [k / 10 for k in range(1, 11)]
    for found in range(1, 11):
        average = average_precision(recall[:found], [1.0] * found, method="11-point")
        assert_allclose(average, (found + 1) / 11, rtol=1e-15)


def test_equal_scores_keep_their_order():
    recall, precision, _ = precision_recall_curve([0.5, 0.5, 0.9], [1, 0, 0], num_targets=1)
    assert_array_equal(recall, [0, 1, 1])
    assert_allclose(precision, [0, 1 / 2, 1 / 3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, np.inf], [1, 0], 3), "scores must be finite"),
        (([0.5, 0.1], [1, 2], 3), "matches must contain only 0 and 1, got 2"),
        (([0.5, 0.1], [1], 3), r"matches must have shape \(2,\)"),
        (([[0.5]], [[1]], 3), r"scores must have shape \(n,\)"),
        (([0.5, 0.1], [1, 1], 1), "num_targets must be at least the number of matches, 2, got 1"),
        (([], [], -1), "num_targets must be a finite number >= 0, got -1"),
    ],
)
def test_bad_curves(arguments, message):
    with pytest.raises(ValueError, match=message):
        precision_recall_curve(arguments[0], arguments[1], num_targets=arguments[2])


@pytest.mark.parametrize(
    ("recall", "precision", "method", "message"),
    [
        ([0.5, 0.4], [1, 1], "area", "recall must not fall, but it does at entry 1: 0.4"),
        ([0.5, 1.4], [1, 1], "area", r"recall must lie in \[0, 1\], got 1.4"),
        ([0.5], [-1], "area", r"precision must lie in \[0, 1\], got -1"),
        ([0.5], [1, 1], "area", r"precision must have shape \(1,\)"),
        ([[0.5]], [[1]], "area", r"recall must have shape \(n,\)"),
        ([0.5], [1], "12-point", r"method must be one of \['area', '11-point', '101-point'\]"),
    ],
)
def test_bad_averages(recall, precision, method, message):
    with pytest.raises(ValueError, match=message):
        average_precision(recall, precision, method=method)


@pytest.mark.parametrize("library", [np.array, torch.tensor])
def test_half_precision_does_not_count(library):
    """float16 stops counting at 2048, and at 0.0005 it has four digits no more."""
    scores = library(np.linspace(0, 1, 3000).astype(np.float16))
    recall, precision, thresholds = precision_recall_curve(
        scores, library(np.ones(3000, dtype=int)), num_targets=3000
    )
    assert_array_equal(recall, np.arange(1, 3001, dtype=np.float32) / 3000)
    assert_array_equal(precision, np.ones(3000))
    assert thresholds.dtype == scores.dtype
    assert float(average_precision(recall, precision)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_an_average_of_half_precision_is_taken_in_float32(dtype):
    recall = (torch.arange(1, 11) / 10).to(dtype)
    precision = torch.linspace(1, 0.5, 10).to(dtype)
    for method in ("area", "11-point"):
        got = average_precision(recall, precision, method=method)
        assert got.dtype == dtype
        exact = average_precision(np.arange(1, 11) / 10, np.linspace(1, 0.5, 10), method=method)
        assert_allclose(float(got), exact, rtol=1e-2)


@pytest.mark.parametrize("num_targets", [None, "3", float("nan"), float("inf"), [3]])
def test_a_number_of_targets_that_is_none_is_named(num_targets):
    with pytest.raises(ValueError, match="num_targets must be a finite number >= 0"):
        precision_recall_curve([0.5], [1], num_targets=num_targets)


@pytest.mark.parametrize("method", [None, 3, ["area"]])
def test_a_method_of_another_kind_is_named(method):
    with pytest.raises(ValueError, match="method must be one of"):
        average_precision([0.5], [1], method=method)


def test_an_average_of_roundings_above_one_is_one():
    above = np.nextafter(np.ones(1), 2)
    for method in ("area", "11-point", "101-point"):
        assert average_precision(above, above, method=method) == 1

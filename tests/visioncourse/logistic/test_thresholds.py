"""Decisions and their curves, against scikit-learn, counting by hand and brute force."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import metrics

from visioncourse.logistic import (
    accuracy,
    confusion_counts,
    precision,
    recall,
    roc_auc,
    roc_curve,
    sigmoid,
)

PREDICTIONS = [1, 1, 1, 0, 0, 0, 0, 1]
LABELS = [1, 0, 1, 1, 0, 0, 0, 0]

decisions = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=30)
# Few distinct scores: most of them tied.
scored = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 1)), min_size=1, max_size=30)


def unzip(pairs):
    first, second = zip(*pairs, strict=True)
    return np.array(first), np.array(second)


def both_classes(pairs):
    scores, labels = unzip(pairs)
    assume(0 < labels.sum() < len(labels))
    return scores.astype(float), labels


def test_counts_by_hand():
    counts = confusion_counts(PREDICTIONS, LABELS)
    assert counts == (2, 2, 1, 3)
    assert counts.true_positives == 2
    assert counts.false_positives == 2
    assert counts.false_negatives == 1
    assert counts.true_negatives == 3
    assert precision(PREDICTIONS, LABELS) == 2 / 4
    assert recall(PREDICTIONS, LABELS) == 2 / 3
    assert accuracy(PREDICTIONS, LABELS) == 5 / 8


@given(decisions)
def test_counts_agree_with_scikit_learn(pairs):
    predictions, labels = unzip(pairs)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, predictions, labels=[0, 1])
    assert confusion_counts(predictions, labels) == (tp, fp, fn, tn)
    assert_allclose(
        precision(predictions, labels),
        metrics.precision_score(labels, predictions, zero_division=0),
    )
    assert_allclose(
        recall(predictions, labels), metrics.recall_score(labels, predictions, zero_division=0)
    )
    assert_allclose(accuracy(predictions, labels), metrics.accuracy_score(labels, predictions))


def test_masks_are_counted_pixel_by_pixel():
    square = np.reshape(PREDICTIONS, (2, 4)), np.reshape(LABELS, (2, 4))
    assert confusion_counts(*square) == confusion_counts(PREDICTIONS, LABELS)


@pytest.mark.parametrize(
    ("function", "predictions", "labels"),
    [(precision, [0, 0], [1, 0]), (recall, [1, 0], [0, 0])],
)
def test_a_ratio_of_nothing_is_zero(function, predictions, labels):
    assert function(predictions, labels) == 0


def test_no_example():
    assert confusion_counts([], []) == (0, 0, 0, 0)
    assert precision([], []) == recall([], []) == accuracy([], []) == 0
    for got, expected in zip(roc_curve([], []), ([0], [0], [math.inf]), strict=True):
        assert_array_equal(got, expected)


def test_roc_curve_by_hand():
    # Two examples are tied at 0.5, one of each class: they move together, a diagonal step.
    fpr, tpr, thresholds = roc_curve([0.9, 0.5, 0.5, 0.1], [1, 0, 1, 0])
    assert fpr.tolist() == [0, 0, 0.5, 1]
    assert tpr.tolist() == [0, 0.5, 1, 1]
    assert thresholds.tolist() == [math.inf, 0.9, 0.5, 0.1]
    assert roc_auc([0.9, 0.5, 0.5, 0.1], [1, 0, 1, 0]) == 0.875


@given(scored)
def test_roc_agrees_with_scikit_learn(pairs):
    scores, labels = both_classes(pairs)
    expected = metrics.roc_curve(labels, scores, drop_intermediate=False)
    for got, theirs in zip(roc_curve(scores, labels), expected, strict=True):
        assert_allclose(got, theirs, rtol=1e-14)
    assert_allclose(roc_auc(scores, labels), metrics.roc_auc_score(labels, scores), rtol=1e-13)


@given(scored)
def test_every_point_of_the_curve_is_a_threshold(pairs):
    scores, labels = unzip(pairs)
    for fpr, tpr, threshold in zip(*roc_curve(scores, labels), strict=True):
        counts = confusion_counts(scores >= threshold, labels)
        assert_allclose(tpr, counts.true_positives / max(labels.sum(), 1), rtol=1e-14)
        assert_allclose(fpr, counts.false_positives / max((1 - labels).sum(), 1), rtol=1e-14)


@given(scored)
def test_area_is_the_share_of_pairs_in_order(pairs):
    scores, labels = both_classes(pairs)
    wins = [
        1.0 if positive > negative else 0.5 if positive == negative else 0.0
        for positive, negative in itertools.product(scores[labels == 1], scores[labels == 0])
    ]
    assert_allclose(roc_auc(scores, labels), sum(wins) / len(wins), rtol=1e-13, atol=1e-15)


@given(scored)
def test_area_depends_on_the_order_only(pairs):
    scores, labels = both_classes(pairs)
    area = roc_auc(scores, labels)
    assert 0 <= area <= 1
    assert_allclose(roc_auc(sigmoid(scores), labels), area, rtol=1e-13)
    assert_allclose(roc_auc(-scores, labels), 1 - area, rtol=1e-13, atol=1e-15)
    assert_allclose(roc_auc(scores, 1 - labels), 1 - area, rtol=1e-13, atol=1e-15)


def test_infinite_scores_are_scores():
    assert roc_auc([math.inf, 0.0, -math.inf], [1, 1, 0]) == 1


def test_a_missing_class_has_rate_zero_and_no_area():
    fpr, tpr, _ = roc_curve([0.2, 0.7], [1, 1])
    assert fpr.tolist() == [0, 0, 0]
    assert tpr.tolist() == [0, 0.5, 1]
    for scores, labels in [([0.2, 0.7], [1, 1]), ([0.2, 0.7], [0, 0]), ([], [])]:
        with pytest.raises(ValueError, match="labels must contain both classes"):
            roc_auc(scores, labels)


@pytest.mark.parametrize("function", [confusion_counts, precision, recall, accuracy])
@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        ([0.7], [1], "predictions must contain only 0 and 1, got 0.7"),
        ([1], [2], "labels must contain only 0 and 1, got 2"),
        ([math.nan], [1], "predictions must not contain NaN"),
        ([1, 0], [1], r"labels must have shape \(2,\) .*got \(1,\)"),
        (torch.tensor([1]), np.array([1]), "arrays of one library"),
    ],
)
def test_counts_say_what_is_wrong(function, predictions, labels, message):
    with pytest.raises(ValueError, match=message):
        function(predictions, labels)


@pytest.mark.parametrize("function", [roc_curve, roc_auc])
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.7, 0.1], [1, -1], "labels must contain only 0 and 1, got -1"),
        ([math.nan, 0.1], [1, 0], "scores must not contain NaN, got 1 of them"),
        ([0.7, 0.1], [1], r"labels must have shape \(2,\) .*got \(1,\)"),
        ([[0.7, 0.1]], [[1, 0]], r"scores must have shape \(n,\), got \(1, 2\)"),
        (0.7, 1, r"scores must have shape \(n,\), got \(\)"),
    ],
)
def test_curves_say_what_is_wrong(function, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        function(scores, labels)

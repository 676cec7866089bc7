"""Costs and assignments, against definitions by loop and the best of all possible matchings."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.pairwise import cosine_similarity as sklearn_cosine_similarity

from visioncourse import plain
from visioncourse.tracking import associate, cosine_similarity, greedy_associate, iou_cost

shapes = array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)
# Coarse, so that costs tie and meet the limit exactly.
coarse_costs = arrays(float, shapes, elements=st.sampled_from([-1, 0, 0.25, 0.5, 0.75, 1, np.inf]))
limits = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 0.75, 2.0, np.inf])


def matchings(cost, max_cost):
    """All sets of allowed pairs in which no row and no column comes twice."""
    N, M = cost.shape
    allowed = np.isfinite(cost) & (cost <= max_cost)
    for size in range(min(N, M) + 1):
        for rows in itertools.combinations(range(N), size):
            for columns in itertools.permutations(range(M), size):
                if all(allowed[r, c] for r, c in zip(rows, columns, strict=True)):
                    yield list(zip(rows, columns, strict=True))


def check_parts(cost, max_cost, result):
    """Every row and column is in one place, in order, and no pair is forbidden."""
    N, M = cost.shape
    assert result.matches.shape == (len(result.matches), 2)
    rows, columns = result.matches[:, 0], result.matches[:, 1]
    assert sorted([*rows, *result.unmatched_rows]) == list(range(N))
    assert sorted([*columns, *result.unmatched_columns]) == list(range(M))
    for ascending in (rows, result.unmatched_rows, result.unmatched_columns):
        assert_array_equal(ascending, np.sort(ascending))
    assert np.all(cost[rows, columns] <= max_cost)
    assert np.all(np.isfinite(cost[rows, columns]))


@given(coarse_costs, limits)
def test_associate_is_the_best_of_all_matchings(cost, max_cost):
    result = associate(cost, max_cost=max_cost)
    check_parts(cost, max_cost, result)
    # Without a limit the number of pairs comes first; any finite limit beyond reach does that.
    limit = min(max_cost, 1e3)

    def quality(pairs):
        return sum(limit - cost[row, column] for row, column in pairs), len(pairs)

    best = max(quality(pairs) for pairs in matchings(cost, max_cost))
    assert_allclose(quality(result.matches.tolist())[0], best[0], rtol=0, atol=1e-9)
    assert len(result.matches) == best[1]


@given(arrays(float, (6, 4), elements=st.floats(-1e3, 1e3)))
def test_associate_without_a_limit_is_the_plain_assignment(cost):
    result = associate(cost, max_cost=np.inf)
    assert len(result.matches) == 4
    best = cost[linear_sum_assignment(cost)].sum()
    assert_allclose(cost[tuple(result.matches.T)].sum(), best, rtol=1e-9, atol=1e-9)


def test_associate_by_hand():
    cost = [[0.1, 0.6, 0.9], [0.2, 0.9, 0.9]]
    # 0.1 + 0.9 = 1.0 against 0.6 + 0.2 = 0.8: the cheapest pair of all is not in the cheapest sum.
    result = associate(cost, max_cost=0.95)
    assert_array_equal(result.matches, [[0, 1], [1, 0]])
    assert_array_equal(result.unmatched_rows, [])
    assert_array_equal(result.unmatched_columns, [2])
    assert_array_equal(greedy_associate(cost, max_cost=0.95).matches, [[0, 0], [1, 1]])


def test_a_forbidden_pair_does_not_change_the_others():
    # Assigned on all costs, two pairs at 0.71 win over 0.69 + 1.0; both are then struck out.
    cost = np.array([[0.69, 0.71], [0.71, 1.0]])
    rows, columns = linear_sum_assignment(cost)
    assert np.all(cost[rows, columns] > 0.7)
    for method in (associate, greedy_associate):
        result = method(cost, max_cost=0.7)
        assert_array_equal(result.matches, [[0, 0]])
        assert_array_equal(result.unmatched_rows, [1])


def test_without_a_limit_two_dear_pairs_go_before_one_cheap_one():
    cost = [[0.0, 5.0], [5.0, np.inf]]
    assert_array_equal(associate(cost, max_cost=np.inf).matches, [[0, 1], [1, 0]])
    assert_array_equal(associate(cost, max_cost=6.0).matches, [[0, 0]])  # 6 > (6 - 5) + (6 - 5)


def test_a_limit_may_be_any_number():
    for limit in (2**60, np.float32(9), torch.tensor(9.0), True):
        assert_array_equal(associate([[0.5]], max_cost=limit).matches, [[0, 0]])


def test_a_cost_at_the_limit_is_matched():
    for cost in ([[0.7]], [[0.7, 0.9], [0.9, 0.7]], [[0.0, 0.7], [0.7, 0.0]]):
        for method in (associate, greedy_associate):
            assert len(method(cost, max_cost=0.7).matches) == len(cost)
    assert len(associate([[0.7]], max_cost=np.nextafter(0.7, 0)).matches) == 0


@given(coarse_costs, limits)
def test_greedy_is_its_definition(cost, max_cost):
    result = greedy_associate(cost, max_cost=max_cost)
    check_parts(cost, max_cost, result)
    assert list(map(tuple, result.matches.tolist())) == plain.greedy_associate(cost, max_cost)


@given(arrays(float, (5, 4), elements=st.floats(0, 1), unique=True), st.permutations(range(5)))
def test_the_order_of_rows_changes_no_match(cost, order):
    for method in (associate, greedy_associate):
        pairs = {tuple(pair) for pair in method(cost, max_cost=0.6).matches.tolist()}
        moved = method(cost[order], max_cost=0.6).matches
        total = sum(0.6 - cost[pair] for pair in pairs)
        assert_allclose(sum(0.6 - cost[order[r], c] for r, c in moved.tolist()), total, atol=1e-8)
        if method is greedy_associate:
            assert {(order[row], column) for row, column in moved.tolist()} == pairs


@pytest.mark.parametrize("method", [associate, greedy_associate])
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 3)])
def test_nothing_to_match(method, shape):
    result = method(np.full(shape, np.inf), max_cost=1.0)
    assert result.matches.shape == (0, 2)
    assert_array_equal(result.unmatched_rows, np.arange(shape[0]))
    assert_array_equal(result.unmatched_columns, np.arange(shape[1]))
    assert {part.dtype for part in result} == {np.dtype(np.int64)}


@pytest.mark.parametrize("method", [associate, greedy_associate])
def test_torch_costs_give_torch_indices(method):
    cost = np.random.default_rng(0).random((5, 7))
    expected = method(cost, max_cost=0.4)
    got = method(torch.tensor(cost, requires_grad=True), max_cost=0.4)
    for part, values in zip(got, expected, strict=True):
        assert part.dtype == torch.int64
        assert_array_equal(part.numpy(), values)


@pytest.mark.parametrize("method", [associate, greedy_associate])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_costs_of_half_precision(method, dtype):
    cost = torch.rand((4, 5), generator=torch.manual_seed(0)).to(dtype).T  # not contiguous
    for part, values in zip(
        method(cost, max_cost=0.7), method(cost.double().numpy(), max_cost=0.7), strict=True
    ):
        assert_array_equal(part.numpy(), values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_cosines_of_half_precision_are_rounded_once(dtype):
    features = torch.randn((6, 4000), generator=torch.manual_seed(0)).to(dtype)
    got = cosine_similarity(100 * features, features)  # sums beyond float16's 65504
    expected = cosine_similarity(100 * features.double(), features.double())
    assert got.dtype == dtype and got.max() <= 1
    assert_allclose(got.double(), expected, rtol=torch.finfo(dtype).eps, atol=1e-3)


@pytest.mark.parametrize("method", [associate, greedy_associate])
@pytest.mark.parametrize(
    ("cost", "max_cost", "message"),
    [
        ([0.0, 1.0], 1, r"cost must have shape \(N, M\), got \(2,\)"),
        ([[float("nan")]], 1, "cost must not contain NaN"),
        ([[float("-inf")]], 1, "cost must be above -infinity"),
        ([[0.0]], float("nan"), r"max_cost must lie in \[-inf, inf\], got nan"),
        ([[0.0]], None, r"max_cost must lie in \[-inf, inf\], got None"),
        ("low", 1, "cost must be numeric"),
        ([[0.0]], float("-inf"), "max_cost must be a number above -infinity, got -inf"),
    ],
)
def test_bad_costs(method, cost, max_cost, message):
    with pytest.raises(ValueError, match=message):
        method(cost, max_cost=max_cost)


def test_cosine_similarity_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(7, 16)), rng.normal(size=(5, 16))
    first[3] = 0  # scikit-learn, too, calls the similarity of a zero vector 0
    expected = sklearn_cosine_similarity(first, second)
    assert_allclose(cosine_similarity(first, second), expected, rtol=0, atol=1e-15)
    got = cosine_similarity(torch.tensor(first), torch.tensor(second))
    assert_allclose(got.numpy(), expected, rtol=0, atol=1e-15)


def test_cosine_similarity_by_hand():
    got = cosine_similarity([[3, 4], [0, 0], [-2, 0]], [[1, 0], [5, 5]])
    root = 2**-0.5
    assert_allclose(got, [[0.6, 1.4 * root], [0, 0], [-1, -root]], rtol=1e-15)


vectors = arrays(float, (3, 4), elements=st.floats(-1e3, 1e3))


@given(vectors, vectors, st.sampled_from([1e-300, 1e-12, 3.0, 1e300]))
def test_cosine_similarity_is_bounded_symmetric_and_blind_to_length(first, second, factor):
    assume_normal = np.where(np.abs(first) < 1e-3, 0, first)  # 1e-300 of less would lose digits
    got = cosine_similarity(assume_normal, second)
    assert np.all(np.abs(got) <= 1)
    assert_allclose(got, cosine_similarity(second, assume_normal).T, rtol=0, atol=1e-15)
    longer = cosine_similarity(factor * assume_normal, second)
    assert_allclose(longer, got, rtol=0, atol=1e-14)
    norms = np.abs(assume_normal).max(axis=1)
    assert_allclose(np.diag(cosine_similarity(assume_normal, assume_normal)), norms > 0, atol=1e-15)


def test_cosine_similarity_has_gradients_that_are_right_and_finite_at_zero():
    torch.manual_seed(0)
    first = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    second = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(cosine_similarity, (first, second))
    hard = torch.tensor([[0.0, 0], [1, 1], [1e-200, 0]], dtype=torch.float64, requires_grad=True)
    cosine_similarity(hard, hard.detach()).sum().backward()
    assert torch.isfinite(hard.grad).all()


def test_empty_features_and_boxes():
    assert cosine_similarity(np.empty((0, 3)), np.ones((2, 3))).shape == (0, 2)
    assert iou_cost([], [[0, 0, 1, 1]]).shape == (0, 1)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1.0, 2.0], [[1.0, 2.0]], r"features1 must have shape \(n, d\), d >= 1, got \(2,\)"),
        ([[1.0, 2.0]], [[1.0]], "features2 must have the 2 columns of features1, got 1"),
        ([[1.0]], np.ones((2, 0)), r"features2 must have shape \(n, d\), d >= 1, got \(2, 0\)"),
        ([[float("nan")]], [[1.0]], "features1 must not contain NaN"),
        ([[1.0]], [[float("inf")]], "features2 must be finite"),
    ],
)
def test_bad_features(first, second, message):
    with pytest.raises(ValueError, match=message):
        cosine_similarity(first, second)


def test_iou_cost_by_hand():
    boxes = [[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 5, 9]]
    expected = [[0, 6 / 7, 1], [6 / 7, 0, 1], [1, 1, 1]]  # a box without area overlaps nothing
    assert_allclose(iou_cost(boxes, boxes), expected, rtol=1e-15)


def test_bad_boxes_are_named():
    with pytest.raises(ValueError, match=r"boxes2 .*x2 >= x1"):
        iou_cost([[0, 0, 1, 1]], [[2, 0, 1, 1]])

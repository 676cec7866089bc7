"""Tracking scores on empty, shuffled, renamed and wrong input, and over several sequences."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from visioncourse.tracking.metrics import combine, evaluate

from .mot_examples import BOX, rows, tables, walks
from .mot_oracles import assert_as_trackeval, trackeval_combined, trackeval_fields, tud

FRACTIONS = ("motp", "motp_distance", "idf1", "idp", "idr", "hota", "deta", "assa", "loca")
NOTHING = np.zeros((0, 6))
SOME = rows((1, 1, BOX), (1, 2, (90, 20, 30, 40)), (3, 1, BOX))
TUD = ("TUD-Campus", "TUD-Stadtmitte")


def assert_same(result, other, atol=0.0):
    for field in dataclasses.fields(result):
        ours, theirs = getattr(result, field.name), getattr(other, field.name)
        assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=field.name)


@pytest.mark.parametrize(
    ("predictions", "truth"), [(NOTHING, NOTHING), (NOTHING, SOME), (SOME, NOTHING)]
)
def test_empty_sides(predictions, truth):
    result = evaluate(predictions, truth)
    assert_as_trackeval(result, trackeval_fields(predictions, truth))
    assert (result.num_predictions, result.num_ground_truth) == (len(predictions), len(truth))
    assert (result.misses, result.false_positives) == (len(truth), len(predictions))
    assert result.mota == result.idf1 == result.hota == result.motp == 0
    assert result.motp_distance == result.loca == 1
    assert result.mostly_lost == (2 if len(truth) else 0)


def test_no_common_frame():
    truth = [[row[0] + 10, *row[1:]] for row in SOME]
    result = evaluate(SOME, truth)
    assert_as_trackeval(result, trackeval_fields(SOME, truth))
    assert result.mota == -1


@pytest.mark.parametrize("empty", [[], np.zeros((0, 10)), torch.zeros((0, 6)), ()])
def test_every_kind_of_empty_table(empty):
    assert evaluate(empty, SOME).misses == 3
    assert evaluate(SOME, empty).false_positives == 3


@given(tables)
def test_the_truth_itself_is_perfect(table):
    # A box without area overlaps nothing, not even itself.
    table = [(*row[:4], row[4] + 1, row[5] + 1) for row in table]
    renamed = [(row[0], 100 - 7 * row[1], *row[2:]) for row in table]
    result = evaluate(renamed, table)
    assert result.misses == result.false_positives == result.id_switches == 0
    assert result.id_true_positives == result.matches == len(table)
    if table:
        scores = [result.mota, result.motp, result.idf1, result.hota, result.assa, result.loca]
        assert_allclose(scores, 1, rtol=1e-12)


@given(tables, tables)
def test_bounds_and_sums(predictions, truth):
    result = evaluate(predictions, truth)
    for name in FRACTIONS:
        assert 0 <= getattr(result, name) <= 1, name
    assert result.mota <= 1
    assert result.matches + result.misses == result.num_ground_truth == len(truth)
    assert result.matches + result.false_positives == result.num_predictions == len(predictions)
    tracks = result.mostly_tracked + result.partially_tracked + result.mostly_lost
    assert tracks == len({row[1] for row in truth})
    assert result.motp + result.motp_distance == 1
    assert all(np.diff(result.hota_matches) <= 0)


@given(st.integers(0, 20), st.randoms(use_true_random=False))
def test_order_of_rows_names_and_numbers_of_frames_do_not_matter(seed, random):
    predictions, truth = walks(seed, frames=8, objects=6)
    expected = evaluate(predictions, truth)
    frames = np.cumsum([random.randint(1, 5) for _ in range(9)]) - 3  # also 0 and below, with gaps

    def disguise(table):
        ids = np.unique(table[:, 1])
        names = np.array(random.sample(range(-50, 50_000), len(ids)))
        other = np.column_stack(
            [
                frames[table[:, 0].astype(int)],
                names[np.searchsorted(ids, table[:, 1])],
                table[:, 2:],
                np.full(len(table), np.nan),  # columns behind the sixth are not read
            ]
        )
        return other[random.sample(range(len(other)), len(other))]

    assert_same(evaluate(disguise(predictions), disguise(truth)), expected, atol=1e-9)


@given(tables, tables)
def test_identity_precision_and_recall_change_roles(predictions, truth):
    result, swapped = evaluate(predictions, truth), evaluate(truth, predictions)
    assert_allclose([result.idf1, result.idp, result.idr], [swapped.idf1, swapped.idr, swapped.idp])
    assert result.num_ground_truth == swapped.num_predictions


def test_lists_tensors_and_other_numbers_are_read_alike():
    predictions, truth = (np.round(table) for table in walks(3))
    expected = evaluate(predictions, truth)
    for convert in (
        np.ndarray.tolist,
        torch.from_numpy,
        lambda table: table.astype(np.float32),
        lambda table: torch.from_numpy(table).to(torch.int64),
    ):
        assert_same(evaluate(convert(predictions), convert(truth)), expected)
    assert_same(evaluate(predictions, torch.from_numpy(truth)), expected)


def test_the_arguments_stay_as_they_are():
    predictions, truth = walks(1)
    before = predictions.copy(), truth.copy()
    result = evaluate(predictions, truth)
    assert_array_equal(predictions, before[0])
    assert_array_equal(truth, before[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.mota = 1.0
    with pytest.raises(ValueError, match="read-only"):
        result.hota_per_threshold[0] = 1.0


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e140])
def test_the_unit_of_length_does_not_matter(scale):
    predictions, truth = (table * [1, 1, scale, scale, scale, scale] for table in walks(2))
    assert_same(evaluate(predictions, truth), evaluate(*walks(2)), atol=1e-9)


def test_sequences_combine_as_in_trackeval():
    sequences = [tud(name) for name in TUD]
    sequences += [walks(seed) for seed in range(2)]
    sequences += [(NOTHING, SOME), (SOME, NOTHING), (NOTHING, NOTHING)]
    results = [evaluate(*sequence) for sequence in sequences]
    expected = trackeval_combined([trackeval_fields(*sequence) for sequence in sequences])
    assert_as_trackeval(combine(results), expected)
    assert_as_trackeval(combine([combine(results[:3]), combine(iter(results[3:]))]), expected)
    assert combine(results).mota != pytest.approx(np.mean([result.mota for result in results]))


def test_combining_one_sequence_or_none():
    result = evaluate(*tud(TUD[0]))
    assert_same(combine([result]), result)
    assert_same(combine([]), evaluate([], []))
    without_truth = evaluate(SOME, [])
    assert (without_truth.mota, combine([without_truth]).mota) == (0, -3)


def changed(row, column, value):
    table = np.array(SOME, dtype=float)
    table[row, column] = value
    return table


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (changed(1, 1, 1), r"id 1 in frame 1 twice: rows 0 and 1"),
        (changed(2, 4, -3), r"w must be >= 0, got -3 in row 2 \(frame 3\)"),
        (changed(1, 5, -0.5), r"h must be >= 0, got -0.5 in row 1 \(frame 1\)"),
        (changed(1, 3, np.nan), r"y must be finite .*got nan in row 1 \(frame 1\)"),
        (changed(2, 2, np.inf), r"x must be finite .*got inf in row 2 \(frame 3\)"),
        (changed(2, 4, 1e200), r"w must be finite \(up to 1e150\), got 1e\+200 in row 2"),
        (changed(1, 0, 1.5), r"frame must be a whole number, got 1.5 in row 1"),
        (changed(1, 0, np.nan), r"frame must be a whole number, got nan in row 1"),
        (changed(1, 1, np.inf), r"id must be a whole number, got inf in row 1 \(frame 1\)"),
        (changed(1, 1, 2.5), r"id must be a whole number, got 2.5 in row 1 \(frame 1\)"),
        (changed(1, 1, 2.0**60), r"id must be a whole number"),
        (np.zeros((3, 5)), r"shape \(N, >= 6\).*got \(3, 5\)"),
        (np.zeros(6), r"shape \(N, >= 6\).*got \(6,\)"),
        (np.zeros((2, 3, 6)), r"shape"),
        (np.zeros((2, 6), dtype=complex), r"rows of numbers, got complex128"),
        ([["1", "1", "0", "0", "1", "a"]], r"rows of numbers"),
        ([[1, 1, 0, 0, 1, 1], [2, 1]], r"rows of numbers"),
        (None, r"must have shape"),
    ],
)
def test_wrong_rows_are_named(wrong, message):
    with pytest.raises(ValueError, match="predictions.*" + message):
        evaluate(wrong, SOME)
    with pytest.raises(ValueError, match="ground_truth.*" + message):
        evaluate(SOME, wrong)


@pytest.mark.parametrize("iou_threshold", [0, -0.5, 1.01, np.nan])
def test_wrong_threshold(iou_threshold):
    with pytest.raises(ValueError, match=r"iou_threshold must lie in \(0, 1\]"):
        evaluate(SOME, SOME, iou_threshold=iou_threshold)

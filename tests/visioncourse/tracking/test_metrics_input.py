"""Tracking scores on empty, shuffled, renamed and wrong input, and over several sequences."""

import dataclasses
import tracemalloc

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
        (changed(1, 1, 1), r"\[1\]: identity 1 must be at most once in frame 1, got it in .*\[0\]"),
        (changed(2, 4, -3), r"\[2\]: w must be finite and >= 0.*, got -3 \(frame 3\)"),
        (changed(1, 5, -0.5), r"\[1\]: h must be finite and >= 0.*, got -0.5 \(frame 1\)"),
        (changed(1, 3, np.nan), r"\[1\]: y must be finite.*, got nan \(frame 1\)"),
        (changed(2, 2, np.inf), r"\[2\]: x must be finite.*, got inf \(frame 3\)"),
        (changed(2, 4, 1e200), r"\[2\]: w must be finite .* up to 1e150, got 1e\+200"),
        (changed(1, 0, 1.5), r"\[1\]: frame must be a whole number.*, got 1.5$"),
        (changed(1, 0, np.nan), r"\[1\]: frame must be a whole number.*, got nan$"),
        (changed(1, 0, 1e16), r"\[1\]: frame must be .* below 9007199254740992 .*, got 1e\+16"),
        (changed(1, 1, np.inf), r"\[1\]: identity must be a whole number.*, got inf \(frame 1\)"),
        (changed(1, 1, 2.5), r"\[1\]: identity must be a whole number.*, got 2.5 \(frame 1\)"),
        (changed(1, 1, 2.0**60), r"\[1\]: identity must be .* below 9007199254740992"),
        (changed(1, 1, 2**24).astype(np.float32), r"\[1\]: identity must be .* below 16777216 "),
        (torch.tensor(changed(1, 1, 256)).bfloat16(), r"\[1\]: identity must be .* below 256 "),
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


def test_identities_in_whole_numbers_stay_apart_however_large():
    a, b, box, other = 2**60, 2**60 + 1, (0, 0, 9, 9), (50, 0, 9, 9)
    assert float(a) == float(b)
    truth = rows((1, a, box), (1, b, other), (2, a, box), (2, b, other))
    swapped = rows((1, a, box), (1, b, other), (2, b, box), (2, a, other))
    for convert in (list, np.array, torch.tensor):
        result = evaluate(convert(swapped), convert(truth))
        assert (result.matches, result.id_switches, result.id_true_positives) == (4, 2, 2)


def test_memory_does_not_grow_with_trajectories_that_never_meet():
    n = 5000  # a table of all pairs would take 200 MB
    numbers = np.arange(1, n + 1)
    truth = np.column_stack([numbers, numbers, np.tile(BOX, (n, 1))])
    tracemalloc.start()
    try:
        result = evaluate(truth, truth)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.id_true_positives == n
    assert peak < 40e6


def test_time_and_memory_do_not_grow_with_the_numbers():
    truth = rows((1, 1, BOX), (10**12, 1, BOX), (-(10**12), 2**62, BOX))
    assert evaluate(truth, truth).hota == 1


@pytest.mark.parametrize("iou_threshold", [0, -0.5, 1.01, np.nan, None, "0.5"])
def test_wrong_threshold(iou_threshold):
    with pytest.raises(ValueError, match="iou_threshold must"):
        evaluate(SOME, SOME, iou_threshold=iou_threshold)


def test_results_add_up():
    first, second, third = (evaluate(*walks(seed)) for seed in range(3))
    expected = combine([first, second, third])
    assert_same(first + second + third, expected)
    assert_same(sum([first, second, third]), expected, atol=1e-9)
    assert_same(sum([first]), first)
    assert (first + second).misses == first.misses + second.misses
    with pytest.raises(TypeError):
        first + 1
    for wrong in (None, [first, 3]):
        with pytest.raises(ValueError, match=r"results\[[01]\] must be a TrackingResult"):
            combine(wrong)


def test_the_usual_names():
    predictions, truth = walks(0)
    result = evaluate(predictions, truth)
    named = result.as_dict()
    expected = {k: v for fields in trackeval_fields(predictions, truth) for k, v in fields.items()}
    for name, value in named.items():
        if name in expected:
            assert_allclose(value, np.mean(expected[name]), atol=1e-9, err_msg=name)
    assert named["HOTA"] == result.hota and named["IDSW"] == result.id_switches
    assert set(named) - set(expected) == {"Dets", "GT_Dets"}  # of another of its measures
    assert repr(result) == (
        f"TrackingResult(mota={result.mota:.4g}, idf1={result.idf1:.4g}, hota={result.hota:.4g})"
    )

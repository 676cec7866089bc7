"""Tracking scores, against TrackEval, py-motmetrics, its published figures and arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from visioncourse import plain
from visioncourse.tracking.metrics import HOTA_THRESHOLDS, combine, evaluate

from .mot_examples import BOX, rows, tables, walks
from .mot_oracles import (
    assert_as_trackeval,
    motmetrics_summary,
    trackeval_fields,
    tud,
)

thresholds = st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0])


@pytest.fixture
def asfarray(monkeypatch):
    """What py-motmetrics 1.4.0 calls and NumPy 2 no longer has."""
    monkeypatch.setattr(np, "asfarray", np.asarray, raising=False)


@given(tables, tables, thresholds, st.sampled_from([1.0, 0.1]))
def test_equal_to_trackeval_with_ties_and_gaps(predictions, truth, iou_threshold, scale):
    # In tenths, boxes that touch overlap by a rounding error or not at all.
    factors = np.array([1, 1, scale, scale, scale, scale])
    predictions, truth = (
        np.reshape(np.array(table, dtype=float), (-1, 6)) * factors
        for table in (predictions, truth)
    )
    result = evaluate(predictions, truth, iou_threshold=iou_threshold)
    assert_as_trackeval(result, trackeval_fields(predictions, truth, iou_threshold))


@given(tables, tables, st.sampled_from([1.0, 0.1]))
def test_hota_equals_its_loops(predictions, truth, scale):
    predictions, truth = (
        np.reshape(np.array(table, dtype=float), (-1, 6)) * [1, 1, scale, scale, scale, scale]
        for table in (predictions, truth)
    )
    result, loops = evaluate(predictions, truth), plain.hota(predictions, truth, HOTA_THRESHOLDS)
    for name, values in vars(loops).items():
        assert_allclose(getattr(result, f"{name}_per_threshold"), values, atol=1e-9, err_msg=name)


def test_hota_equals_its_loops_in_a_crowd():
    predictions, truth = walks(0, frames=15, objects=8)
    result, loops = evaluate(predictions, truth), plain.hota(predictions, truth, HOTA_THRESHOLDS)
    for name, values in vars(loops).items():
        assert_allclose(getattr(result, f"{name}_per_threshold"), values, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("iou_threshold", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(4))
def test_equal_to_trackeval_in_a_crowd(seed, iou_threshold):
    predictions, truth = walks(seed)
    result = evaluate(predictions, truth, iou_threshold=iou_threshold)
    assert result.id_switches > 10 and result.fragmentations > 10
    assert_as_trackeval(result, trackeval_fields(predictions, truth, iou_threshold))


def test_equal_to_trackeval_when_boxes_touch_by_a_rounding_error():
    truth = rows(*[(f, 1, (0.1, 0, 0.2, 1)) for f in range(1, 6)], (6, 1, (0, 0, 1, 1)))
    predictions = rows(*[(f, 1, (0.3, 0, 0.2, 1)) for f in range(1, 6)])
    predictions += rows((6, 2, (0, 0, 1, 0.7)), (6, 1, (0, 0, 1, 0.6)))
    assert 0.1 + 0.2 > 0.3
    result = evaluate(predictions, truth)
    assert_as_trackeval(result, trackeval_fields(predictions, truth))
    assert result.loca_per_threshold[0] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("sequence", "published"),
    [
        # The table in py-motmetrics' README: IDF1, IDP, IDR, Rcll, Prcn, MT, PT, ML, FP, FN, IDs,
        # FM, MOTA, MOTP, and the MOTP of the MOTChallenge's own tool.
        ("TUD-Campus", "55.8 73.0 45.1 58.2 94.1 1 6 1 13 150 7 7 52.6 0.277 72.3"),
        ("TUD-Stadtmitte", "64.5 82.0 53.1 60.9 94.0 5 4 1 45 452 7 6 56.4 0.346 65.4"),
    ],
)
def test_published_figures(sequence, published):
    result = evaluate(*tud(sequence))
    recall = result.matches / result.num_ground_truth
    precision = result.matches / result.num_predictions
    ours = [f"{100 * x:.1f}" for x in (result.idf1, result.idp, result.idr, recall, precision)]
    ours += [str(n) for n in (result.mostly_tracked, result.partially_tracked, result.mostly_lost)]
    ours += [str(result.false_positives), str(result.misses)]
    ours += [str(result.id_switches), str(result.fragmentations)]
    ours += [f"{100 * result.mota:.1f}", f"{result.motp_distance:.3f}", f"{100 * result.motp:.1f}"]
    assert " ".join(ours) == published


def test_published_figures_of_both_sequences_together():
    result = combine(evaluate(*tud(name)) for name in ("TUD-Campus", "TUD-Stadtmitte"))
    # The row "OVERALL" that py-motmetrics' own tests expect.
    ratios = [result.idf1, result.idp, result.idr, result.mota, result.motp_distance]
    assert_allclose(ratios, [0.624296, 0.799176, 0.512211, 0.555116, 0.330177], atol=1e-6)
    assert (result.mostly_tracked, result.partially_tracked, result.mostly_lost) == (6, 10, 2)
    assert (result.false_positives, result.misses) == (58, 602)
    assert (result.id_switches, result.fragmentations) == (14, 13)


@pytest.mark.parametrize("sequence", ["TUD-Campus", "TUD-Stadtmitte"])
def test_tud_as_both_libraries_score_it(sequence, asfarray):
    predictions, truth = tud(sequence)
    result = evaluate(predictions, truth)
    assert_as_trackeval(result, trackeval_fields(predictions, truth))
    summary = motmetrics_summary(predictions, truth)
    for ours, theirs in [
        ("idf1", "idf1"),
        ("idp", "idp"),
        ("idr", "idr"),
        ("mota", "mota"),
        ("motp_distance", "motp"),
        ("misses", "num_misses"),
        ("false_positives", "num_false_positives"),
        ("id_switches", "num_switches"),
        ("fragmentations", "num_fragmentations"),
        ("mostly_tracked", "mostly_tracked"),
    ]:
        assert_allclose(getattr(result, ours), summary[theirs], rtol=0, atol=1e-9, err_msg=ours)


@pytest.mark.parametrize("seed", range(3))
def test_identity_measures_as_in_motmetrics(seed, asfarray):
    predictions, truth = walks(seed)
    result, summary = evaluate(predictions, truth), motmetrics_summary(predictions, truth)
    for name in ("idf1", "idp", "idr"):
        assert_allclose(getattr(result, name), summary[name], rtol=0, atol=1e-12)


def test_an_old_pair_is_forgotten_where_motmetrics_keeps_it(asfarray):
    far = (500, 500, 30, 40)
    truth = rows((1, 1, BOX), (2, 1, BOX), (3, 1, BOX))
    worse, better = (10, 20, 30, 30), (10, 20, 30, 35)
    predictions = rows((1, 1, worse), (2, 1, far), (3, 1, worse), (3, 2, better))
    result, summary = evaluate(predictions, truth), motmetrics_summary(predictions, truth)
    assert result.id_switches == 1 and summary["num_switches"] == 0
    assert_allclose(result.motp_distance, 1 - (0.75 + 0.875) / 2)
    assert_allclose(summary["motp"], 0.25)


def test_four_frames_of_five_are_not_mostly_tracked(asfarray):
    truth = rows(*[(frame, 1, BOX) for frame in range(1, 6)])
    result, summary = evaluate(truth[:4], truth), motmetrics_summary(truth[:4], truth)
    assert (result.mostly_tracked, result.partially_tracked) == (0, 1)
    assert (summary["mostly_tracked"], summary["partially_tracked"]) == (1, 0)
    assert evaluate(truth[:1], truth).partially_tracked == 1


@pytest.mark.parametrize(
    ("lost", "expected", "in_motmetrics"), [("truth", 1, 0), ("predictions", 0, 1), ("pair", 1, 1)]
)
def test_what_interrupts_a_track(lost, expected, in_motmetrics, asfarray):
    other = (200, 200, 10, 10)
    truth = rows(*[(f, i, b) for f in (1, 2, 3) for i, b in ((1, BOX), (2, other))])
    predictions = [list(row) for row in truth]
    if lost == "truth":
        del truth[2]
    elif lost == "predictions":  # of the whole frame, object 2 is no longer there
        truth, predictions = truth[::2], [predictions[0], predictions[4]]
    else:
        del predictions[2]
    result, summary = evaluate(predictions, truth), motmetrics_summary(predictions, truth)
    assert (result.fragmentations, summary["num_fragmentations"]) == (expected, in_motmetrics)


def test_by_hand():
    # Object 1 is followed by 7, then by 8; object 2 is found in one frame of three.
    other, shifted = (200, 20, 30, 40), (220, 20, 30, 40)  # IoU 1/5
    truth = rows(*[(f, i, b) for f in (1, 2, 3) for i, b in ((1, BOX), (2, other))])
    predictions = rows((1, 7, BOX), (2, 8, BOX), (3, 8, BOX), (1, 9, other), (2, 9, shifted))
    result = evaluate(predictions, truth)
    assert (result.matches, result.misses, result.false_positives) == (4, 2, 1)
    assert (result.id_switches, result.fragmentations) == (1, 0)
    assert (result.mostly_tracked, result.partially_tracked, result.mostly_lost) == (1, 1, 0)
    assert_allclose([result.mota, result.motp, result.motp_distance], [1 - 4 / 6, 1, 0])
    assert result.id_true_positives == 3  # 8 on object 1 twice, 9 on object 2 once
    assert_allclose([result.idf1, result.idp, result.idr], [6 / 11, 3 / 5, 3 / 6])
    # Up to 0.20 five matches, A = 1/3, 2/3, 2/3 and 2/3 twice; above four, object 2's A is 1/4.
    assert_allclose(result.hota_matches, [5] * 4 + [4] * 15)
    deta = np.array([5 / 6] * 4 + [4 / 7] * 15)
    assa = np.array([(1 / 3 + 4 * 2 / 3) / 5] * 4 + [(1 / 3 + 2 * 2 / 3 + 1 / 4) / 4] * 15)
    assert_allclose(result.deta_per_threshold, deta)
    assert_allclose(result.assa_per_threshold, assa)
    assert_allclose(result.loca_per_threshold, [(4 + 1 / 5) / 5] * 4 + [1] * 15)
    assert_allclose(result.hota, np.mean(np.sqrt(deta * assa)))
    assert_allclose(HOTA_THRESHOLDS, np.arange(1, 20) / 20)

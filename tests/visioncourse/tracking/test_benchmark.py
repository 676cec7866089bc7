"""The MOTChallenge's preprocessing, against TrackEval's and by hand."""

import contextlib
import io

import numpy as np
import pytest
import torch
import trackeval
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from visioncourse.formats import read_mot, write_mot
from visioncourse.tracking import evaluate, remove_distractors

from .mot_examples import walks
from .mot_oracles import assert_as_trackeval, trackeval_fields, trackeval_preprocessed

QUIET = dict.fromkeys(
    [
        "USE_PARALLEL",
        "PRINT_RESULTS",
        "PRINT_CONFIG",
        "OUTPUT_SUMMARY",
        "OUTPUT_DETAILED",
        "PLOT_CURVES",
        "TIME_PROGRESS",
        "OUTPUT_EMPTY_CLASSES",
    ],
    False,
)


def marked(truth, rng):
    """Truth with confidence and class; an identity keeps its class."""
    classes = rng.choice([1, 1, 1, 2, 3, 6, 7, 8, 12], size=100)
    mark = (rng.random(len(truth)) < 0.9).astype(float)
    return np.column_stack([truth, mark, classes[truth[:, 1].astype(int)], np.ones(len(truth))])


@pytest.mark.parametrize("benchmark", ["MOT15", "MOT16", "MOT17", "MOT20"])
@given(st.integers(0, 2**32 - 1))
def test_equal_to_trackeval(benchmark, seed):
    rng = np.random.default_rng(seed)
    predictions, truth = walks(seed, frames=6, objects=10)
    for rows in (predictions, truth):  # so coarse that overlaps tie
        rows[:, 2:] = np.round(rows[:, 2:], -1)
    predictions, truth = rng.permutation(predictions), rng.permutation(marked(truth, rng))
    kept, scored = remove_distractors(predictions, truth, benchmark=benchmark)
    expected = trackeval_preprocessed(predictions, truth, benchmark)
    for rows, frames in ((kept, expected["tracker_dets"]), (scored, expected["gt_dets"])):
        for frame, boxes in enumerate(frames, start=1):
            assert_array_equal(rows[rows[:, 0] == frame][:, 2:6], boxes)
    assert_as_trackeval(evaluate(kept, scored), trackeval_fields(kept, scored))


def test_a_whole_run_of_trackeval_from_files(tmp_path):
    predictions, truth = walks(0, frames=20)
    truth = marked(truth, np.random.default_rng(0))
    data = tmp_path / "truth" / "MOT17-train" / "S1"
    found = tmp_path / "found" / "MOT17-train" / "me" / "data"
    for folder in (data / "gt", found, tmp_path / "truth" / "seqmaps"):
        folder.mkdir(parents=True)
    write_mot(data / "gt" / "gt.txt", truth)
    write_mot(found / "S1.txt", np.column_stack([predictions, np.ones(len(predictions))]))
    (data / "seqinfo.ini").write_text("[Sequence]\nname=S1\nseqLength=20\n")
    (tmp_path / "truth" / "seqmaps" / "MOT17-train.txt").write_text("name\nS1\n")
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = trackeval.Evaluator(trackeval.Evaluator.get_default_eval_config() | QUIET)
        settings = trackeval.datasets.MotChallenge2DBox.get_default_dataset_config() | {
            "GT_FOLDER": str(tmp_path / "truth"),
            "TRACKERS_FOLDER": str(tmp_path / "found"),
            "SPLIT_TO_EVAL": "train",
            "PRINT_CONFIG": False,
        }
        metrics = trackeval.metrics
        parts = [metrics.CLEAR({"PRINT_CONFIG": False}), metrics.Identity({"PRINT_CONFIG": False})]
        output, _ = evaluator.evaluate(
            [trackeval.datasets.MotChallenge2DBox(settings)], [*parts, metrics.HOTA()]
        )
    expected = output["MotChallenge2DBox"]["me"]["S1"]["pedestrian"]
    rows = remove_distractors(read_mot(found / "S1.txt"), read_mot(data / "gt" / "gt.txt"))
    result = evaluate(*rows)
    assert_as_trackeval(result, [expected[name] for name in ("CLEAR", "Identity", "HOTA")])
    everything = evaluate(predictions, truth[truth[:, 6] != 0])
    assert everything.mota != pytest.approx(result.mota)


def test_by_hand():
    truth = [
        [1, 1, 0, 0, 10, 10, 1, 1, 1],  # a pedestrian
        [1, 2, 50, 0, 10, 10, 1, 8, 1],  # a distractor
        [1, 3, 90, 0, 10, 10, 0, 1, 1],  # a pedestrian not to be scored
        [1, 4, 130, 0, 10, 10, 1, 3, 1],  # a car
    ]
    predictions = [[1, k, x, 0, 10, 10] for k, x in enumerate((130, 90, 50, 0, 54))]
    for convert in (list, np.array, torch.tensor):
        kept, scored = remove_distractors(convert(predictions), convert(truth))
        assert_array_equal(kept[:, 1], [0, 1, 3, 4])  # 4 overlaps the distractor by 6 / 14 only
        assert_array_equal(scored[:, 1], [1])
    result = evaluate(kept, scored)
    assert (result.matches, result.false_positives) == (1, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"benchmark": "MOT18"}, "benchmark must be one of .*got 'MOT18'"),
        ({"ground_truth": np.ones((1, 7))}, r"ground_truth must have shape \(N, >= 8\)"),
        ({"ground_truth": np.ones((1, 6)), "benchmark": "MOT15"}, r"shape \(N, >= 7\)"),
        ({"ground_truth": 14 * np.ones((1, 9))}, r"ground_truth\[0\]: the class must be 1 to 13"),
        ({"predictions": np.full((1, 6), np.nan)}, r"predictions\[0\]: frame must be"),
    ],
)
def test_what_is_wrong_is_named(changes, message):
    arguments = {"predictions": [], "ground_truth": [], "benchmark": "MOT17"} | changes
    with pytest.raises(ValueError, match=message):
        remove_distractors(**arguments)


def test_nothing_to_remove():
    kept, scored = remove_distractors([], [])
    assert len(kept) == len(scored) == 0

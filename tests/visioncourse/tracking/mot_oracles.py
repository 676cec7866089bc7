"""TrackEval and py-motmetrics on MOT rows, prepared by plain loops of our own."""

import pathlib

import motmetrics
import numpy as np
import trackeval

COLUMNS = ["FrameId", "Id", "X", "Y", "Width", "Height"]
TRACKEVAL_NAMES = {
    "mota": "MOTA",
    "motp": "MOTP",
    "matches": "CLR_TP",
    "misses": "CLR_FN",
    "false_positives": "CLR_FP",
    "id_switches": "IDSW",
    "fragmentations": "Frag",
    "mostly_tracked": "MT",
    "partially_tracked": "PT",
    "mostly_lost": "ML",
    "overlap_sum": "MOTP_sum",
    "idf1": "IDF1",
    "idp": "IDP",
    "idr": "IDR",
    "id_true_positives": "IDTP",
    "hota_per_threshold": "HOTA",
    "deta_per_threshold": "DetA",
    "assa_per_threshold": "AssA",
    "loca_per_threshold": "LocA",
    "hota_matches": "HOTA_TP",
}
HOTA_MEANS = ("hota", "deta", "assa", "loca")


def trackeval_metrics(iou_threshold=0.5):
    config = {"THRESHOLD": iou_threshold, "PRINT_CONFIG": False}
    metrics = trackeval.metrics
    return [metrics.CLEAR(config), metrics.Identity(config), metrics.HOTA()]


def trackeval_fields(predictions, ground_truth, iou_threshold=0.5):
    data = frame_lists(predictions, ground_truth)
    return [metric.eval_sequence(data) for metric in trackeval_metrics(iou_threshold)]


def trackeval_combined(sequences):
    """`combine_sequences` of what :py:func:`trackeval_fields` gave for each sequence."""
    return [
        metric.combine_sequences(dict(enumerate(fields)))
        for metric, fields in zip(trackeval_metrics(), zip(*sequences, strict=True), strict=True)
    ]


def assert_as_trackeval(result, fields):
    """Every field within 1e-9."""
    expected = {name: values for metric in fields for name, values in metric.items()}
    for ours, theirs in TRACKEVAL_NAMES.items():
        value = getattr(result, ours)
        np.testing.assert_allclose(value, expected[theirs], rtol=0, atol=1e-9, err_msg=ours)
    for name in HOTA_MEANS:
        theirs = np.mean(expected[TRACKEVAL_NAMES[f"{name}_per_threshold"]])
        np.testing.assert_allclose(getattr(result, name), theirs, rtol=0, atol=1e-9, err_msg=name)


def frame_lists(predictions, ground_truth):
    """What TrackEval's classes take: for each frame the identities from 0 and an IoU matrix."""
    predictions, ground_truth = (
        np.asarray(rows, dtype=float).reshape(len(rows), -1)[:, :6]
        if len(rows)
        else np.zeros((0, 6))
        for rows in (predictions, ground_truth)
    )
    truth_ids, ids = np.unique(ground_truth[:, 1]), np.unique(predictions[:, 1])
    data = {
        "gt_ids": [],
        "tracker_ids": [],
        "similarity_scores": [],
        "num_gt_dets": len(ground_truth),
        "num_tracker_dets": len(predictions),
        "num_gt_ids": len(truth_ids),
        "num_tracker_ids": len(ids),
    }
    frames = np.union1d(predictions[:, 0], ground_truth[:, 0])
    for frame in frames:
        truth = ground_truth[ground_truth[:, 0] == frame]
        found = predictions[predictions[:, 0] == frame]
        data["gt_ids"].append(np.searchsorted(truth_ids, truth[:, 1]))
        data["tracker_ids"].append(np.searchsorted(ids, found[:, 1]))
        ious = trackeval.datasets.MotChallenge2DBox._calculate_box_ious(truth[:, 2:], found[:, 2:])
        data["similarity_scores"].append(ious)
    return data | {"num_timesteps": len(frames)}


def trackeval_preprocessed(predictions, ground_truth, benchmark):
    """What TrackEval scores of MOTChallenge rows: boxes by frame, without reading files."""
    dataset = object.__new__(trackeval.datasets.MotChallenge2DBox)
    dataset.benchmark, dataset.do_preproc = benchmark, True
    dataset.valid_class_numbers = list(range(1, 14))
    dataset.class_name_to_class_id = dict(
        zip(
            [
                "pedestrian",
                "person_on_vehicle",
                "car",
                "bicycle",
                "motorbike",
                "non_mot_vehicle",
                "static_person",
                "distractor",
                "occluder",
                "occluder_on_ground",
                "occluder_full",
                "reflection",
                "crowd",
            ],
            dataset.valid_class_numbers,
            strict=True,
        )
    )
    raw = {
        name: []
        for name in [
            "gt_ids",
            "gt_dets",
            "gt_classes",
            "gt_extras",
            "tracker_ids",
            "tracker_dets",
            "tracker_classes",
            "tracker_confidences",
            "similarity_scores",
        ]
    }
    frames = int(max(predictions[:, 0].max(), ground_truth[:, 0].max()))
    for frame in range(1, frames + 1):
        truth = ground_truth[ground_truth[:, 0] == frame]
        found = predictions[predictions[:, 0] == frame]
        raw["gt_ids"].append(truth[:, 1].astype(int))
        raw["gt_dets"].append(truth[:, 2:6])
        raw["gt_classes"].append(truth[:, 7].astype(int))
        raw["gt_extras"].append({"zero_marked": truth[:, 6].astype(int)})
        raw["tracker_ids"].append(found[:, 1].astype(int))
        raw["tracker_dets"].append(found[:, 2:6])
        raw["tracker_classes"].append(np.ones(len(found), int))
        raw["tracker_confidences"].append(np.ones(len(found)))
        ious = dataset._calculate_box_ious(truth[:, 2:6], found[:, 2:6])
        raw["similarity_scores"].append(ious)
    return dataset.get_preprocessed_seq_data(
        raw | {"num_timesteps": frames, "seq": "S"}, "pedestrian"
    )


def motmetrics_summary(predictions, ground_truth):
    """py-motmetrics' scores by name, for IoU >= 0.5."""
    tables = [_motmetrics_table(rows) for rows in (ground_truth, predictions)]
    accumulator = motmetrics.utils.compare_to_groundtruth(*tables, "iou", distth=0.5)
    names = motmetrics.metrics.motchallenge_metrics
    return motmetrics.metrics.create().compute(accumulator, metrics=names).iloc[0].to_dict()


def _motmetrics_table(rows):
    # pandas comes with py-motmetrics
    from pandas import DataFrame

    table = DataFrame(np.asarray(rows, dtype=float)[:, :6], columns=COLUMNS)
    return table.astype({"FrameId": int, "Id": int}).set_index(["FrameId", "Id"])


def tud(sequence):
    """Predictions of the CEM tracker and truth of a TUD sequence, from py-motmetrics' wheel."""
    folder = pathlib.Path(motmetrics.__file__).parent / "data" / sequence
    return [np.loadtxt(folder / name, delimiter=",") for name in ("test.txt", "gt.txt")]

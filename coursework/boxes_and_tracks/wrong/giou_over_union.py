"""The empty part of the hull divided by the union in place of the hull."""

import torch

EARNED = {
    "test_1_overlap.py::test_giou_loss_by_hand": 0,
    "test_1_overlap.py::test_giou_loss_of_boxes_apart": 0,
    "test_1_overlap.py::test_giou_loss_is_a_mean": 0,
    "test_1_overlap.py::test_giou_loss_pulls_from_afar": 0,
    "test_hidden_overlap.py::test_hidden_giou_loss": 0,
    "test_hidden_overlap.py::test_hidden_giou_loss_gradient": 0,
}
SAYS = "The second term is divided by the union: divide it by |C|."


def parts(a, b):
    def size(box):
        return (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])

    w = torch.minimum(a[:, 2], b[:, 2]) - torch.maximum(a[:, 0], b[:, 0])
    h = torch.minimum(a[:, 3], b[:, 3]) - torch.maximum(a[:, 1], b[:, 1])
    inter = w.clamp(min=0) * h.clamp(min=0)
    union = size(a) + size(b) - inter
    W = torch.maximum(a[:, 2], b[:, 2]) - torch.minimum(a[:, 0], b[:, 0])
    H = torch.maximum(a[:, 3], b[:, 3]) - torch.minimum(a[:, 1], b[:, 1])
    return inter, union, W * H


def giou_loss(predicted, target):
    inter, union, hull = parts(predicted, target)
    return (1 - inter / union + (hull - union) / union).sum() / max(len(predicted), 1)

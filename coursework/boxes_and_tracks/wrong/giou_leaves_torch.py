"""Right numbers, computed in NumPy: no gradient comes back."""

import numpy as np
import torch

EARNED = {
    "test_1_overlap.py::test_giou_loss_pulls_from_afar": 0,
    "test_hidden_overlap.py::test_hidden_giou_loss_gradient": 0,
}
SAYS = "does not depend on its argument for autograd"


def giou_loss(predicted, target):
    a, b = predicted.detach().numpy(), target.detach().numpy()
    inter = np.prod(
        np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0), axis=1
    )
    hull = np.prod(np.maximum(a[:, 2:], b[:, 2:]) - np.minimum(a[:, :2], b[:, :2]), axis=1)
    union = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1) - inter
    return torch.tensor(np.sum(1 - inter / union + (hull - union) / hull) / max(len(a), 1))

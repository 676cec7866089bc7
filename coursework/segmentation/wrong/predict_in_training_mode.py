"""Normalises by the statistics of the batch."""

import numpy as np
import torch

EARNED = {
    "test_5_network.py::test_predict_sees_each_image_alone": 0,
}
SAYS = "Its labels depend on the other images: call network.eval()"


def predict(images, weights):
    if len(images) == 0:
        return np.zeros((0, 48, 48), dtype=int)
    network = Network()  # noqa: F821  the notebook's
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    with torch.no_grad():
        logits = network(torch.from_numpy(images).permute(0, 3, 1, 2))
    return logits.argmax(dim=1).numpy()

"""A network that never saw the weights."""

import torch

EARNED = {
    "test_5_network.py::test_predict_beats_half": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_30": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_50": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_60": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_70": 0,
}
SAYS = "Hardly better than one pixel alone"


def predict(images, weights):
    torch.manual_seed(0)
    network = Network().eval()  # noqa: F821  the notebook's
    with torch.no_grad():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2)).argmax(dim=1).numpy()

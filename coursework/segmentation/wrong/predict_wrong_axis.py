"""The argmax over the rows."""

import torch

EARNED = {
    "test_5_network.py::test_predict_gives_label_maps": 0,
    "test_5_network.py::test_predict_sees_each_image_alone": 0,
    "test_5_network.py::test_predict_beats_half": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_30": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_50": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_60": 0,
    "test_hidden_network.py::test_hidden_predict_reaches_70": 0,
}
SAYS = "The axes are mixed up: the classes are axis 1 of the logits."


def predict(images, weights):
    network = Network()  # noqa: F821  the notebook's
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    network.eval()
    with torch.no_grad():
        logits = network(torch.from_numpy(images).permute(0, 3, 1, 2))
    return logits.argmax(dim=2).numpy()

"""The kernel is flipped."""

import numpy as np

EARNED = {
    "test_3_network.py::test_transposed_convolution_by_hand": 0,
    "test_3_network.py::test_transposed_convolution_adds_up": 0,
    "test_hidden_maps.py::test_hidden_transposed_convolution": 0,
}
SAYS = "The kernel is flipped: entry w[a, b] goes to row i s + a."


def transposed_convolution(x, w, stride):
    (rows, columns), k = x.shape, len(w)
    out = np.zeros(((rows - 1) * stride + k, (columns - 1) * stride + k))
    for i, j in np.ndindex(rows, columns):
        out[i * stride : i * stride + k, j * stride : j * stride + k] += x[i, j] * w[::-1, ::-1]
    return out

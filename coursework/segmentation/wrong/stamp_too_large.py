"""A map of H s rows."""

import numpy as np

EARNED = {
    "test_3_network.py::test_transposed_convolution_with_gaps": 0,
    "test_hidden_maps.py::test_hidden_transposed_convolution": 0,
}
SAYS = "The map is too large: the last stamp needs k places, not s."


def transposed_convolution(x, w, stride):
    (rows, columns), k = x.shape, len(w)
    out = np.zeros((max(rows * stride, rows - 1 + k), max(columns * stride, columns - 1 + k)))
    for i, j in np.ndindex(rows, columns):
        there = out[i * stride : i * stride + k, j * stride : j * stride + k]
        there += x[i, j] * w[: there.shape[0], : there.shape[1]]
    return out

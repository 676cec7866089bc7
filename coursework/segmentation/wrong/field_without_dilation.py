"""The dilation is left out."""

EARNED = {
    "test_3_network.py::test_receptive_field_with_dilation": 0,
    "test_hidden_maps.py::test_hidden_receptive_field": 0,
}
SAYS = "The dilation is left out: it stretches the k - 1 steps of the kernel."


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride, _ in layers:
        size += (kernel - 1) * step
        step *= stride
    return size, step

"""A layer's own stride counts."""

EARNED = {
    "test_3_network.py::test_receptive_field_with_strides": 0,
    "test_hidden_maps.py::test_hidden_receptive_field": 0,
}
SAYS = "A layer's own stride was counted: take the strides before it."


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= stride
        size += (kernel - 1) * dilation * step
    return size, step

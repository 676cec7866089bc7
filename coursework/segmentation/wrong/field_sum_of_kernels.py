"""The kernels added up."""

EARNED = {
    "test_3_network.py::test_receptive_field_of_a_stack": 0,
    "test_3_network.py::test_receptive_field_with_strides": 0,
    "test_3_network.py::test_receptive_field_with_dilation": 0,
    "test_hidden_maps.py::test_hidden_receptive_field": 0,
}
SAYS = "These are the kernels added up: each layer adds k - 1."


def receptive_field(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += kernel * dilation * step
        step *= stride
    return size - 1 if layers else 1, step

"""Initial weights that are the same numbers on every machine."""

import math

import numpy as np
import torch
from torch import nn


def initialise(model: nn.Module, seed: int) -> None:
    """Draw a model's weights from a normal distribution with variance 2 / fan-in.

    It keeps the size of activations through layers with ReLU (He et al., "Delving Deep into
    Rectifiers", 2015). The random numbers are NumPy's: those of Torch differ in their last digit
    between processors. Every parameter of two or more axes is drawn, in the order of
    `model.named_parameters()`; its fan-in is the size of all axes but the first. Biases become 0;
    the scales of normalisation layers stay as they are, 1.

    Args:
        model: its parameters are changed in place.
        seed: >= 0.
    """
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim >= 2:
                deviation = math.sqrt(2 / math.prod(parameter.shape[1:]))
                draws = deviation * rng.standard_normal(tuple(parameter.shape))
                parameter.copy_(torch.from_numpy(draws))
            elif "bias" in name:
                parameter.zero_()

"""Turns the image and not its labels."""

import numpy as np
import torch
from torch import nn

EARNED = {
    "test_4_loop.py::test_train_turns_labels_with_images": 0,
    "test_hidden_maps.py::test_hidden_train": 0,
}
SAYS = "The image is turned, its labels are not."


def train(images, labels, num_classes, steps, learning_rate, seed):
    network = nn.Conv2d(images.shape[1], num_classes, 3, padding=1).double()
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    optimizer = torch.optim.SGD(network.parameters(), lr=learning_rate)
    rng, losses = np.random.default_rng(seed), []
    for _ in range(steps):
        chosen = rng.integers(len(images), size=2)
        x, y = torch.from_numpy(images[chosen]), torch.from_numpy(labels[chosen])
        if rng.random() < 0.5:
            x = x.flip(-1)
        loss = nn.functional.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return network.weight.detach().numpy(), losses

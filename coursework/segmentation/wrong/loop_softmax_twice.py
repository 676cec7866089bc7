"""Hands probabilities to cross_entropy."""

import numpy as np
import torch
from torch import nn

EARNED = {
    "test_4_loop.py::test_train_on_logits": 0,
    "test_4_loop.py::test_train_forgets_old_gradients": 0,
    "test_4_loop.py::test_train_turns_labels_with_images": 0,
    "test_hidden_maps.py::test_hidden_train": 0,
}
SAYS = "The softmax is taken twice: cross_entropy wants logits."


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
            x, y = x.flip(-1), y.flip(-1)
        loss = nn.functional.cross_entropy(network(x).softmax(dim=1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return network.weight.detach().numpy(), losses

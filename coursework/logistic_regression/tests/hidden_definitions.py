"""The definitions of Part I, number by number: slow, plain, and independent of NumPy."""

import math


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def probability(row, w, b):
    return sigmoid(logit(row, w, b))


def logit(row, w, b):
    return math.fsum(weight * x for weight, x in zip(w, row, strict=True)) + b


def loss_of_one(z, label):
    towards = z if label == 1 else -z
    return max(-towards, 0.0) + math.log1p(math.exp(-abs(towards)))


def mean_loss(logits, labels):
    losses = [loss_of_one(z, label) for z, label in zip(logits, labels, strict=True)]
    return math.fsum(losses) / len(losses)


def objective(X, y, w, b, strength):
    squares = math.fsum(weight**2 for weight in w)
    return mean_loss([logit(row, w, b) for row in X], y) + strength / 2 * squares


def slopes(X, y, w, b, strength, nudge=1e-5):
    """Central differences of the objective: no formula of the gradient is used."""

    def change(place):
        ends = []
        for sign in (1, -1):
            moved = [*w, b]
            moved[place] += sign * nudge
            ends.append(objective(X, y, moved[:-1], moved[-1], strength))
        return (ends[0] - ends[1]) / (2 * nudge)

    *dw, db = (change(place) for place in range(len(w) + 1))
    return dw, db


def class_probabilities(scores):
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / math.fsum(powers) for power in powers]


def counts(p, labels, threshold):
    """True positives, false positives, false negatives."""
    pairs = [(chance >= threshold, label == 1) for chance, label in zip(p, labels, strict=True)]
    return [pairs.count(pair) for pair in ((True, True), (True, False), (False, True))]

"""The definitions as loops over single pixels: slow, plain, and another way than the solutions."""

import math

import numpy as np

VOID = 255


def probabilities(logits):
    result = np.zeros(logits.shape)
    for n, i, j in np.ndindex(logits.shape[0], *logits.shape[2:]):
        z = [float(value) for value in logits[n, :, i, j]]
        for k, value in enumerate(z):
            result[n, k, i, j] = 1 / math.fsum(math.exp(min(other - value, 700)) for other in z)
    return result


def mean_nll(logits, labels):
    losses = []
    for n, i, j in np.ndindex(*labels.shape):
        label = int(labels[n, i, j])
        if label != VOID:
            gaps = [float(z - logits[n, label, i, j]) for z in logits[n, :, i, j]]
            losses.append(max(gaps) + math.log(math.fsum(math.exp(g - max(gaps)) for g in gaps)))
    return math.fsum(losses) / max(len(losses), 1)


def one_minus_dice(p, y, eps):
    pairs = [(float(a), float(b)) for a, b in zip(p.ravel(), y.ravel(), strict=True)]
    shared = math.fsum(a * b for a, b in pairs)
    sizes = math.fsum(a * a + b * b for a, b in pairs)
    return 1 - (2 * shared + eps) / (sizes + eps)


def dice_slopes(p, y, eps, step=1e-5):
    slopes = np.zeros(p.shape)
    for place in np.ndindex(*p.shape):
        nudge = np.zeros(p.shape)
        nudge[place] = step
        rise = one_minus_dice(p + nudge, y, eps) - one_minus_dice(p - nudge, y, eps)
        slopes[place] = rise / (2 * step)
    return slopes


def mean_of_ious(truths, predictions, num_classes):
    """By sets of pixels, each named by image, row and column."""
    ious = []
    for k in range(num_classes):  # class by class
        there, called = set(), set()
        for number, (truth, predicted) in enumerate(zip(truths, predictions, strict=True)):
            for place in np.ndindex(*truth.shape):
                if truth[place] != VOID:
                    there |= {(number, *place)} if truth[place] == k else set()
                    called |= {(number, *place)} if predicted[place] == k else set()
        if there | called:
            ious.append(len(there & called) / len(there | called))
    return math.fsum(ious) / max(len(ious), 1)


def span_and_shift(layers):
    """Walks back from two neighbouring outputs to the pixels that they can see."""
    seen = []
    for output in (0, 1):
        places = {output}
        for kernel, stride, dilation in reversed(layers):
            places = {p * stride + tap * dilation for p in places for tap in range(kernel)}
        seen.append(places)
    size = max(seen[0]) - min(seen[0]) + 1
    return size, min(seen[1]) - min(seen[0])


def gathered(x, w, stride):
    """Asks of every output which inputs reach it, where a stamp asks the other way."""
    (rows, columns), k = x.shape, len(w)
    out = np.zeros(((rows - 1) * stride + k, (columns - 1) * stride + k))
    for r, c in np.ndindex(*out.shape):
        for i, j in np.ndindex(rows, columns):
            a, b = r - i * stride, c - j * stride
            if 0 <= a < k and 0 <= b < k:
                out[r, c] += x[i, j] * w[a, b]
    return out


def joined(deep, skip):
    channels, height, width = len(skip) + len(deep), 2 * deep.shape[1], 2 * deep.shape[2]
    lost = skip.shape[1] - height, skip.shape[2] - width
    out = np.zeros((channels, height, width))
    for c, i, j in np.ndindex(*out.shape):
        if c < len(skip):
            out[c, i, j] = skip[c, i + math.floor(lost[0] / 2), j + math.floor(lost[1] / 2)]
        else:
            out[c, i, j] = deep[c - len(skip), i // 2, j // 2]
    return out


def descend(images, labels, num_classes, steps, rate, seed):
    """The same convolution as a softmax on the 3 × 3 window of every pixel, in NumPy."""
    draws = np.random.default_rng(seed)
    n, channels, height, width = images.shape
    weight, bias, losses = np.zeros((num_classes, channels * 9)), np.zeros(num_classes), []
    for _ in range(steps):
        batch = draws.integers(n, size=2)
        x, y = images[batch], labels[batch]
        step = -1 if draws.random() < 0.5 else 1
        x, y = x[..., ::step], y[..., ::step]
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        features = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, channels * 9)
        z = features @ weight.T + bias
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        truth = np.eye(num_classes)[y.reshape(-1)]
        losses.append(float(-np.mean(np.log((p * truth).sum(axis=1)))))
        residual = (p - truth) / (2 * height * width)
        weight, bias = weight - rate * residual.T @ features, bias - rate * residual.sum(axis=0)
    return weight.reshape(num_classes, channels, 3, 3), losses

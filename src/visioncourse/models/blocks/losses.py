"""The loss that the networks for segmentation share."""

from torch import Tensor

from ...segmentation import cross_entropy, dice_loss, one_hot


def cross_entropy_and_dice(logits: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Cross-entropy, and the Dice loss of each class over the batch, averaged.

    Args:
        logits: (N, K, H, W).
        targets: (N, H, W) class indices 0 to K - 1.
    """
    truth = one_hot(targets, logits.shape[1]).movedim(-1, 1)
    dice = dice_loss(logits.softmax(dim=1), truth.to(logits.dtype), axis=(0, 2, 3))
    return {"cross_entropy": cross_entropy(logits, targets, axis=1), "dice": dice.mean()}

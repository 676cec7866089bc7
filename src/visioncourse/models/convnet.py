"""The plainest convolutional network: some layers of one width, and a class for every pixel."""

from torch import Tensor, nn

from .._validation import check_whole
from .blocks.encoders import convolution
from .blocks.images import check_images, evaluating
from .blocks.initialisation import initialise
from .blocks.losses import cross_entropy_and_dice


class ConvNet(nn.Module):
    """A class for every pixel from its surroundings of (2·layers + 1)² pixels::

        images (N, 3, H, W)
          │ 3 × 3, batch normalisation, ReLU
        (N, width, H, W)
          │ ... `layers` times in all
        (N, width, H, W)
          │ 1 × 1
        logits (N, K, H, W)

    Without a layer it is a softmax unit on the colour of each pixel. Without ReLU all layers
    together are one linear function of the surroundings.

    Args:
        num_classes: K >= 1, the background included.
        width: channels of each layer, >= 1.
        layers: how many, >= 0.
        relu: whether max(0, z) follows each layer.
        seed: of the initial weights.

    Raises:
        ValueError: a number out of its range.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        width: int = 24,
        layers: int = 3,
        relu: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole(1, num_classes=num_classes, width=width)
        check_whole(0, layers=layers, seed=seed)
        channels = 3
        self.layers = nn.Sequential()
        for _ in range(layers):
            self.layers.append(convolution(channels, width))
            if relu:
                self.layers.append(nn.ReLU())
            channels = width
        self.classifier = nn.Conv2d(channels, num_classes, 1)
        initialise(self, seed)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to logits (N, K, H, W)."""
        check_images(self, images)
        return self.classifier(self.layers(images))

    def losses(self, images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Cross-entropy, and the Dice loss of each class over the batch, averaged.

        Args:
            images: (N, 3, H, W).
            targets: (N, H, W) class indices 0 to K - 1.
        """
        return cross_entropy_and_dice(self(images), targets)

    def predict(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to the likeliest class of each pixel, (N, H, W) int64."""
        with evaluating(self):
            return self(images).argmax(dim=1)

"""The course's networks, each one class in one file.

All have `forward(images)`, `losses(images, targets)`, a dictionary of terms to be added and made
small, and `predict(images)`. Images are (N, 3, H, W), red, green and blue in [0, 1], of the model's
floating dtype, float32 unless it was changed; H and W may be any size.
"""

from .convnet import ConvNet
from .deeplab import DeepLab
from .fcn import FCN
from .segformer import SegFormer
from .unet import UNet

__all__ = ["FCN", "ConvNet", "DeepLab", "SegFormer", "UNet"]

"""The course's networks, each one class in one file.

All have `forward(images)`, `losses(images, targets)`, a dictionary of terms to be added and made
small, and `predict(images)`. Images are (N, 3, H, W), red, green and blue in [0, 1], of the model's
floating dtype, float32 unless it was changed; H and W may be any size.

Networks for segmentation take label maps (N, H, W) as targets and predict such maps. Detectors
take one dictionary for each image: `boxes` (M, 4) as x1, y1, x2, y2 in pixels, `labels` (M,) int64
from 1 to num_classes - 1, since 0 is the background, and `masks` (M, H, W) bool for networks that
need them. They predict one dictionary for each image: `boxes` (D, 4) within the image, `scores`
(D,) in [0, 1], the best first, `labels` (D,) and, where they have them, `masks` (D, H, W).
:py:func:`visioncourse.scenes.tensors.detection_targets` makes such targets of scenes, and
:py:func:`visioncourse.detection.mean_average_precision` takes both.
"""

from .convnet import ConvNet
from .deeplab import DeepLab
from .faster_rcnn import FasterRCNN
from .fcn import FCN
from .mask_rcnn import MaskRCNN
from .retinanet import RetinaNet
from .segformer import SegFormer
from .ssd import SSD
from .unet import UNet
from .yolo import YOLO

__all__ = [
    "FCN",
    "SSD",
    "YOLO",
    "ConvNet",
    "DeepLab",
    "FasterRCNN",
    "MaskRCNN",
    "RetinaNet",
    "SegFormer",
    "UNet",
]

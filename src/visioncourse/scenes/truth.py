"""What is true of a picture: which thing is seen at each pixel, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .paint import lay
from .shapes import CLASS_NAMES, Pixels, Shape, Wire, pixels_of


@dataclass(frozen=True)
class Scene:
    """A picture of H x W pixels with N visible objects, and all that is true of it.

    Objects are listed from back to front: where two overlap, the later one is seen.

    Attributes:
        image: (H, W, 3) red, green and blue in [0, 1], each one of 256 steps like a camera's.
        semantic_mask: (H, W) class index of every pixel; 0 is the background.
        instance_masks: (N, H, W) True where the object is visible. No pixel has two objects.
        boxes: (N, 4) x1, y1, x2, y2 around the visible pixels. These are edges of pixels, not
            centres: the box of one pixel in column 3 has x1 = 3 and x2 = 4.
        classes: (N,) class index of every object, 1 to K.
        class_names: K + 1 names; `class_names[index]` is the class's.
        identities: (N,) which object it is, the same number in every frame of a video; None for a
            single picture.
    """

    image: np.ndarray
    semantic_mask: np.ndarray
    instance_masks: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray
    class_names: tuple[str, ...] = CLASS_NAMES
    identities: np.ndarray | None = None


class Layout:
    """Which thing is seen at each pixel, while things are laid one on the other."""

    def __init__(self, height: int, width: int, min_visible: int = 0) -> None:
        self.things: list[Shape | Wire] = []
        self.pixels: list[Pixels] = []  # of each thing, hidden or not
        self.visible = np.zeros(0, dtype=np.int64)  # how many of them are seen
        self.top = np.full((height, width), -1)  # index of the thing seen, -1 for none
        self.min_visible = min_visible

    def add(self, thing: Shape | Wire) -> bool:
        """Lay a thing on top, unless it or one below would show too little; say whether."""
        pixels = pixels_of(thing, *self.top.shape)
        covered = self.top[pixels]
        hidden = np.bincount(covered + 1, minlength=len(self.things) + 1)[1:]
        left = np.append(self.visible - hidden, covered.size)
        if self.min_visible and left.min() < self.min_visible:
            return False
        self.top[pixels] = len(self.things)
        self.things.append(thing)
        self.pixels.append(pixels)
        self.visible = left
        return True

    def paint(self, image: np.ndarray) -> None:
        """Put all things and their shadows on a picture of the ground."""
        for thing, pixels in zip(self.things, self.pixels, strict=True):
            lay(image, thing, pixels)

    def scene(
        self,
        image: np.ndarray,
        class_names: tuple[str, ...],
        identities: Sequence[int] | None = None,
    ) -> Scene:
        """The truth of what has been laid; things of class 0 hide others and are no objects."""
        class_of = np.array([thing.class_index for thing in self.things] + [0], dtype=np.int64)
        seen = np.flatnonzero((self.visible > 0) & (class_of[:-1] > 0))
        places = ndimage.find_objects(self.top + 1)
        boxes = [(x.start, y.start, x.stop, y.stop) for y, x in (places[k] for k in seen)]
        return Scene(
            image=image,
            semantic_mask=class_of[self.top],  # its last entry is for -1
            instance_masks=self.top == seen[:, None, None],
            boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
            classes=class_of[seen],
            class_names=class_names,
            identities=None if identities is None else np.array(identities, np.int64)[seen],
        )

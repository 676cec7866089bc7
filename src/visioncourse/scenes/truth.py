"""What is true of a picture: which thing is seen at each pixel, and what follows from that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .paint import window
from .shapes import CLASS_NAMES, Shape, Wire


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
        self.visible: list[int] = []  # pixels of each
        self.top = np.full((height, width), -1)  # index of the thing seen, -1 for none
        self.min_visible = min_visible

    def add(self, thing: Shape | Wire) -> bool:
        """Lay a thing on top, unless it or one below would show too little; say whether."""
        rows, columns = window(self.top.shape, thing)
        dx = np.arange(columns.start, columns.stop)[None, :] + 0.5 - thing.x
        dy = np.arange(rows.start, rows.stop)[:, None] + 0.5 - thing.y
        inside = thing.distance(dx, dy) <= 0
        covered = self.top[rows, columns][inside]
        hidden = np.bincount(covered[covered >= 0], minlength=len(self.things))
        if self.min_visible:
            left = np.array(self.visible, dtype=np.int64) - hidden
            if covered.size < self.min_visible or (left < self.min_visible).any():
                return False
        self.visible = [*(np.array(self.visible, dtype=np.int64) - hidden), covered.size]
        self.top[rows, columns][inside] = len(self.things)
        self.things.append(thing)
        return True

    def scene(
        self,
        image: np.ndarray,
        class_names: tuple[str, ...],
        identities: Sequence[int] | None = None,
    ) -> Scene:
        """The truth of what has been laid; things of class 0 hide others and are no objects."""
        is_object = np.array([thing.class_index > 0 for thing in self.things], dtype=bool)
        visible = np.unique(self.top[self.top >= 0])
        visible = visible[is_object[visible]]
        classes = np.array([self.things[k].class_index for k in visible], dtype=np.int64)
        instance_masks = self.top == visible[:, None, None]  # (N, H, W)
        class_of = np.zeros(len(self.things) + 1, dtype=np.int64)  # the last entry is for -1
        class_of[visible] = classes
        return Scene(
            image=image,
            semantic_mask=class_of[self.top],
            instance_masks=instance_masks,
            boxes=np.array([tight_box(mask) for mask in instance_masks]).reshape(-1, 4),
            classes=classes,
            class_names=class_names,
            identities=None if identities is None else np.array(identities, np.int64)[visible],
        )


def tight_box(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Edges x1, y1, x2, y2 around the True pixels, of which there is at least one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)

"""Are two PNG figures the same picture?

Another processor may round a coordinate differently, so that a few edge pixels change a little; a
changed curve, marker or label must not hide in that. A plain threshold on the difference cannot
tell the two apart: a black line moved by 0.2 px changes more than a pale one moved by 1 px. So each
pixel is allowed what a small shift of the picture would do to it, and only the rest counts.
`test_figures.py` measures both sides of the threshold on real figures.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

SHIFT = 0.3  # pixels that an edge may move for nothing
GREY = 4 / 255  # what a flat area may change for nothing
# Mean of the rest over 3x3 pixels, as a part of full scale. Jitter of 0.1 px reaches 0.02; a pale
# line of 1 px that moves by one pixel 0.05, a comma for a full stop 0.07, another digit 0.25.
LIMIT = 0.03


def difference(stored: bytes, fresh: bytes) -> str | None:
    """Say how the PNG `fresh` differs visibly from `stored`; None where it does not."""
    if stored == fresh:
        return None
    a, b = _pixels(stored), _pixels(fresh)
    if a.shape != b.shape:
        (height, width), (new_height, new_width) = a.shape[:2], b.shape[:2]
        return f"stored {width} x {height} pixels, new {new_width} x {new_height}"
    change = _visible_change(a, b)
    worst = change.max()
    if worst <= LIMIT:
        return None
    y, x = np.unravel_index(change.argmax(), change.shape)
    area = np.mean(change > LIMIT)
    return (
        f"{area:.2%} of the picture changed, most at x={x}, y={y}: {worst:.3f}, allowed {LIMIT:.3f}"
    )


def compact(png: bytes) -> bytes:
    """The same picture with a palette of 256 colours, a third of the size; or as it came.

    It stays as it came where that would use up more than half of what the comparison above allows:
    the rest is for other machines.
    """
    with Image.open(io.BytesIO(png)) as image:
        if image.mode == "P" or np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            return png
        few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE, kmeans=2)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    small = buffer.getvalue()
    lost = _visible_change(_pixels(png), _pixels(small)).max()
    return small if len(small) < len(png) and lost <= LIMIT / 2 else png


def save(folder: Path, stored: bytes, fresh: bytes) -> None:
    """Write both pictures, and where they differ (white), for a human to look at."""
    (folder / "stored.png").write_bytes(stored)
    (folder / "new.png").write_bytes(fresh)
    a, b = _pixels(stored), _pixels(fresh)
    if a.shape == b.shape:
        brightness = np.clip(_visible_change(a, b) / (4 * LIMIT), 0, 1)
        Image.fromarray((255 * brightness).astype(np.uint8)).save(folder / "difference.png")


def _pixels(png: bytes) -> np.ndarray:
    """Decode to (H, W, 4) in [0, 1], with the colour of transparent pixels gone."""
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGBA"), dtype=np.float32) / 255
    # Premultiplied, white on a transparent ground shows in alpha, and invisible colour nowhere.
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=-1)


def _visible_change(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, W): the local mean of what neither noise nor a small shift explains, worst channel."""
    change = np.maximum(_unexplained(a, b), _unexplained(b, a))
    return ndimage.uniform_filter(change, size=(3, 3, 1)).max(axis=-1)


def _unexplained(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far `a` lies outside the values that `b` takes when it is shifted by up to SHIFT."""
    low = b + SHIFT * (ndimage.minimum_filter(b, size=(3, 3, 1)) - b) - GREY
    high = b + SHIFT * (ndimage.maximum_filter(b, size=(3, 3, 1)) - b) + GREY
    return np.maximum(np.maximum(a - high, low - a), 0)

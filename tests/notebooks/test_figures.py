"""Measure the comparison of figures on real ones, on both sides of its threshold."""

import io
from functools import cache
from pathlib import Path

import figures
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sample import noisy

HEIGHT = 0.77 * 300  # pixels of the axes below
PIXEL = 1.2 / HEIGHT  # in units of y


@cache
def draw(
    *,
    shift: float = 0.0,
    color: str = "C0",
    width: float = 1.5,
    alpha: float = 1.0,
    style: str = "-",
    second_curve: bool = True,
    markers: int = 12,
    title: str = "loss",
    label: str = "fit",
    ticks: tuple[str, ...] = ("0.1", "0.3", "0.5", "0.8"),
    ground: str = "white",
    size: tuple[float, float] = (4.0, 3.0),
) -> bytes:
    """A figure as a page has it; `shift` moves one curve, in pixels."""
    figure = Figure(figsize=size, dpi=100)
    ax = figure.subplots(subplot_kw={"facecolor": ground})
    ax.set(ylim=(-0.1, 1.1), xlabel="z", ylabel="σ(z)", title=title)
    ax.set_xticks([-3, -1, 1, 3], ticks)
    z = np.linspace(-4, 4, 200)
    y = 1 / (1 + np.exp(-z)) + shift * PIXEL
    ax.plot(z, y, style, color=color, lw=width, alpha=alpha, label=label)
    if second_curve:
        ax.plot(z, 0.3 + 0.1 * np.sin(z), color="0.85", lw=1)
    ax.scatter(z[:markers], np.linspace(0.5, 0.9, 12)[:markers], s=12, color="C2", alpha=0.6)
    ax.legend(loc="lower right")
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=ground)
    return file.getvalue()


PALE = [
    {"color": "0.85", "width": 1},
    {"color": "C0", "width": 1, "alpha": 0.2},
    {"color": "#ffdd88", "width": 1},
]
DARK = [{"color": "black", "width": width} for width in (1, 2, 3)]


@pytest.mark.parametrize("line", PALE + DARK, ids=str)
@pytest.mark.parametrize("shift", [-0.1, 0.05, 0.1])
def test_jitter_is_forgiven(line: dict, shift: float) -> None:
    assert figures.difference(draw(**line), draw(**line, shift=shift)) is None


@pytest.mark.parametrize("line", PALE + DARK, ids=str)
@pytest.mark.parametrize("shift", [-1, 1, 2])
def test_a_moved_line_is_seen(line: dict, shift: float) -> None:
    assert figures.difference(draw(**line), draw(**line, shift=shift))


@pytest.mark.parametrize("ground", ["white", "none", "black"])
def test_grey_noise_is_forgiven(ground: str) -> None:
    png = draw(ground=ground)
    assert figures.difference(png, noisy(png, 3)) is None
    assert figures.difference(png, noisy(png, 20))


@pytest.mark.parametrize(
    "change",
    [
        {"color": "C3"},
        {"alpha": 0.8},
        {"width": 2.5},
        {"style": "--"},
        {"second_curve": False},
        {"markers": 11},
        {"title": "1oss"},
        {"label": "flt"},
        {"ticks": ("0.7", "0.3", "0.5", "0.8")},
        {"ticks": ("0.1", "0.8", "0.5", "0.8")},
        {"ticks": ("0.1", "0.3", "0.6", "0.8")},
        {"ticks": ("0.1", "0.3", "0.5", "0.6")},
        {"ticks": ("0,1", "0.3", "0.5", "0.8")},
        {"ground": "none"},
        {"ground": "0.9"},
    ],
    ids=str,
)
def test_a_change_is_seen_both_ways(change: dict) -> None:
    assert figures.difference(draw(), draw(**change))
    assert figures.difference(draw(**change), draw())


def test_white_on_a_transparent_ground_is_seen() -> None:
    plain, shifted = draw(ground="none", color="white"), draw(ground="none", color="white", shift=2)
    assert figures.difference(plain, shifted)


def test_another_size_is_named() -> None:
    other = draw(size=(4.1, 3.0))
    assert figures.difference(draw(), other) == "stored 400 x 300 pixels, new 410 x 300"


def test_saved_pictures_show_the_place(tmp_path: Path) -> None:
    stored, fresh = draw(), draw(markers=11)
    figures.save(tmp_path, stored, fresh)
    assert (tmp_path / "stored.png").read_bytes() == stored
    assert (tmp_path / "new.png").read_bytes() == fresh
    with Image.open(tmp_path / "difference.png") as image:
        bright = np.asarray(image) > 128
    assert 4 < bright.sum() < 200


def colours(png: bytes) -> int:
    return len(Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 24))


def test_a_compact_figure_is_smaller_and_looks_the_same() -> None:
    png = draw()
    small = figures.compact(png)
    assert len(small) < 0.6 * len(png)
    assert colours(small) <= 256
    assert figures.difference(png, small) is None
    assert figures.compact(small) == small


def test_a_picture_that_needs_more_colours_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, "PNG")
    assert figures.compact(buffer.getvalue()) == buffer.getvalue()


def test_a_transparent_figure_stays_as_it_is() -> None:
    png = draw(ground="none")
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGBA").resize((40, 30)).save(buffer, "PNG")
    image = Image.open(buffer)
    image.putalpha(128)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    assert figures.compact(buffer.getvalue()) == buffer.getvalue()

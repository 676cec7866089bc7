"""Figures say what they are given: checked on the artists, and on the pixels that come out."""

import inspect
import io

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from PIL import Image

from visioncourse import draw
from visioncourse.logistic import ConfusionCounts, predict_proba


@pytest.fixture(autouse=True)
def agg():
    with matplotlib.rc_context():
        matplotlib.use("agg")
        draw.use_course_style()
        yield
        plt.close("all")


@pytest.fixture
def ax():
    return plt.figure().add_subplot()


def seen(ax, x, y):
    """The colour on the finished figure at a point in the coordinates of the axes."""
    canvas = ax.figure.canvas
    canvas.draw()
    column, up = ax.transData.transform((x, y))
    rgba = np.asarray(canvas.buffer_rgba())
    return rgba[rgba.shape[0] - 1 - int(up), int(column), :3] / 255


def same(colour, expected):
    return np.allclose(colour, to_rgb(expected), atol=0.01)


# --- style ---------------------------------------------------------------------------------------


def linear(colour):
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(linear_rgb):
    """CIE L*a*b* under D65: distances are about those that are seen; 2 is a just visible one."""
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = to_xyz @ np.clip(linear_rgb, 0, 1) / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.
VISION = {
    "trichromacy": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def distance(first, second, vision):
    seen_as = [lab(VISION[vision] @ linear(colour)) for colour in (first, second)]
    return np.linalg.norm(seen_as[0] - seen_as[1])


def test_the_colour_blindness_is_simulated():
    """Else the next test proves nothing: red and green of one lightness become alike."""
    assert distance("#B8312F", "#5B7A1F", "trichromacy") > 70
    assert distance("#B8312F", "#5B7A1F", "deuteranopia") < 20


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart(vision):
    pairs = [(a, b) for i, a in enumerate(draw.COLOURS) for b in draw.COLOURS[:i]]
    assert min(distance(a, b, vision) for a, b in pairs) > 10
    low, high = draw.PROBABILITY(0.0), draw.PROBABILITY(1.0)
    assert distance(draw.NEGATIVE, draw.POSITIVE, vision) > 40
    assert distance(low[:3], high[:3], vision) > 25


def contrast(first, second):
    """Of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted(linear(colour) @ (0.2126, 0.7152, 0.0722) for colour in (first, second))
    return (light + 0.05) / (dark + 0.05)


def test_the_first_colours_stand_out_from_white():
    assert all(contrast(colour, "white") >= 3 for colour in draw.COLOURS[:4])


def test_the_middle_of_the_probability_map_is_the_lightest():
    lightness = [lab(linear(draw.PROBABILITY(p)[:3]))[0] for p in np.linspace(0, 1, 11)]
    assert np.argmax(lightness) == 5
    assert (np.diff(lightness[:6]) > 0).all() and (np.diff(lightness[5:]) < 0).all()


def test_the_style_starts_from_the_defaults():
    matplotlib.rcParams["lines.linewidth"] = 40
    matplotlib.rcParams["axes.titlecolor"] = "yellow"
    draw.use_course_style()
    assert matplotlib.rcParams["lines.linewidth"] < 4
    assert matplotlib.rcParams["axes.titlecolor"] == "auto"


def test_letters_are_legible_on_a_phone(ax):
    ax.plot([0, 1], [0, 1], label="a curve")
    ax.set(xlabel="x", ylabel="y", title="title")
    letters = [ax.title, ax.xaxis.label, *ax.get_xticklabels(), *ax.legend().get_texts()]
    phone = 360 / (ax.figure.get_figwidth() * 72)  # pixels for each point
    assert min(text.get_fontsize() for text in letters) * phone >= 9


def test_a_figure_is_small_sharp_and_opaque(ax):
    x = np.linspace(-6, 6, 200)
    for k in (1, 2, 3):
        ax.plot(x, 1 / (1 + np.exp(-k * x)), label=f"w = {k}")
    ax.legend()
    png = io.BytesIO()
    ax.figure.savefig(png)
    assert len(png.getvalue()) < 60_000
    with Image.open(png) as picture:
        assert picture.width >= 720  # the width of the text column
        assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
        assert picture.getchannel("A").getextrema() == (255, 255)


# --- points and boundaries -----------------------------------------------------------------------


def test_colour_and_marker_tell_the_class(ax):
    X = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    first, third = draw.labelled_points(ax, X, [2, 0, 2, 0], class_names=["a", "b", "c"])
    assert first.get_offsets().tolist() == [[1, 1], [3, 3]]
    assert third.get_offsets().tolist() == [[0, 0], [2, 2]]
    assert [
        same(artist.get_facecolor()[0, :3], draw.COLOURS[k])
        for artist, k in ((first, 0), (third, 2))
    ] == [True, True]
    outlines = [artist.get_paths()[0].vertices for artist in (first, third)]
    assert len(outlines[0]) != len(outlines[1]), "a circle and a square"
    assert [text.get_text() for text in ax.legend().get_texts()] == ["a", "c"]


def test_there_is_a_marker_for_every_colour():
    assert len(draw.MARKERS) == len(set(draw.MARKERS)) == len(draw.COLOURS)


def test_no_point(ax):
    assert draw.labelled_points(ax, np.zeros((0, 2)), np.zeros(0, dtype=int)) == []


@pytest.mark.parametrize(
    ("X", "y", "names", "message"),
    [
        ([[0, 0, 0]], [0], None, r"\(n, 2\)"),
        ([[0, 0]], [0, 1], None, r"\(n, 2\)"),
        ([[0, 0]], [2], ["a", "b"], "indices 0 to 1, got 2"),
        ([[0, 0]], [7], None, "indices 0 to 6, got 7"),
        ([[0, 0]], [-1], None, "got -1"),
        ([[0, 0]], [0.5], None, "got 0.5"),
    ],
)
def test_points_that_cannot_be_labelled(ax, X, y, names, message):
    with pytest.raises(ValueError, match=message):
        draw.labelled_points(ax, X, y, class_names=names)


LINES = [
    ([1.0, 1.0], -1.0),
    ([1.0, -2.0], 0.5),
    ([1.0, 0.0], -2.0),  # vertical
    ([-3.0, 0.0], 0.0),
    ([0.0, 1.0], 1.5),  # horizontal
    ([0.3, 0.5], -1.0),
    ([1e-9, 1.0], -1.0),
    ([1e-8, 1e-8], -1e-8),
]


@pytest.mark.parametrize(("w", "b"), LINES)
def test_the_boundary_is_where_the_logit_is_zero_from_edge_to_edge(ax, w, b):
    ax.set(xlim=(-3, 4), ylim=(-2, 5))
    line = draw.decision_boundary(ax, w, b)
    ends = (line.get_transform() - ax.transData).transform([[0, 0], [1, 1]])
    np.testing.assert_allclose(ends @ w + b, 0, atol=1e-9 * np.linalg.norm(w))
    at_an_edge = np.isclose(ends[:, 0], -3) | np.isclose(ends[:, 0], 4)
    at_an_edge |= np.isclose(ends[:, 1], -2) | np.isclose(ends[:, 1], 5)
    assert at_an_edge.all()
    assert np.linalg.norm(ends[0] - ends[1]) > 1
    middle = ends.mean(axis=0)
    assert same(seen(ax, *middle), draw.BOUNDARY)


def test_the_boundary_does_not_change_the_view(ax):
    draw.labelled_points(ax, np.array([[0, 0], [1, 1]]), [0, 1])
    before = ax.get_xlim(), ax.get_ylim()
    draw.decision_boundary(ax, [1.0, 1.0], -1e4)
    assert (ax.get_xlim(), ax.get_ylim()) == before
    draw.labelled_points(ax, np.array([[9, 9]]), [1])
    assert ax.get_xlim()[1] > 9, "points that come later are not cut off"


def test_the_boundary_takes_the_properties_of_a_line(ax):
    line = draw.decision_boundary(ax, [1, 2], 0, label="ŷ = 0.5", linestyle="--", color="red")
    assert (line.get_label(), line.get_linestyle(), line.get_color()) == ("ŷ = 0.5", "--", "red")


@pytest.mark.parametrize(
    ("w", "b"), [([0, 0], 1), ([1, 2, 3], 1), ([np.nan, 1], 0), ([1, np.inf], 0), ([1, 1], np.nan)]
)
def test_there_is_no_boundary(ax, w, b):
    with pytest.raises(ValueError, match="w must"):
        draw.decision_boundary(ax, w, b)


def test_the_probability_map_has_the_colour_of_the_probability(ax):
    w, b = np.array([1.5, -0.5]), 0.2
    ax.set(xlim=(-3, 3), ylim=(-2, 2))
    draw.probability_map(ax, lambda X: predict_proba(X, w, b))
    assert (ax.get_xlim(), ax.get_ylim()) == ((-3, 3), (-2, 2))
    for x, y in [(-2.5, 1.5), (-0.45, 0.9), (0.5, -1.1), (2.5, -1.5)]:
        band = np.floor(10 * float(predict_proba([x, y], w, b))) / 10 + 0.05
        assert same(seen(ax, x, y), draw.PROBABILITY(band)[:3])


def test_the_probability_map_fills_the_view_where_probabilities_are_0_and_1(ax):
    draw.probability_map(ax, lambda X: (X[:, 0] > 0.5).astype(float), label=None)
    assert same(seen(ax, 0.25, 0.5), draw.PROBABILITY(0.05)[:3])
    assert same(seen(ax, 0.75, 0.5), draw.PROBABILITY(0.95)[:3])


def test_the_probability_map_has_a_labelled_bar_unless_told(ax):
    draw.probability_map(ax, lambda X: np.full(len(X), 0.3), label="probability of spam")
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "probability of spam"
    assert bar.get_ylim() == (0, 1)
    other = plt.figure().add_subplot()
    draw.probability_map(other, lambda X: np.full(len(X), 0.3), label=None)
    assert other.figure.axes == [other]


# --- counts --------------------------------------------------------------------------------------


def table(ax):
    return {tuple(map(int, text.get_position())): text.get_text() for text in ax.texts}


def test_the_confusion_table_has_the_truth_in_its_rows(ax):
    counts = ConfusionCounts(
        true_positives=3, false_positives=40, false_negatives=5, true_negatives=60
    )
    draw.confusion_table(ax, counts, class_names=["benign", "malignant"])
    assert table(ax) == {(0, 0): "60", (1, 0): "40", (0, 1): "5", (1, 1): "3"}  # x, y
    assert [label.get_text() for label in ax.get_xticklabels()] == ["benign", "malignant"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["benign", "malignant"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    assert ax.get_ylim() == (1.5, -0.5), "the first row is above"


def test_the_confusion_table_colours_right_green_and_wrong_orange(ax):
    cells = draw.confusion_table(ax, [[9, 0, 0], [2, 0, 0], [0, 0, 0]]).get_array()
    assert same(cells[0, 0], draw.GREEN)
    assert same(cells[1, 0], draw.ORANGE)
    assert same(cells[0, 1], "white") and same(cells[2, 2], "white")


@pytest.mark.parametrize(
    ("counts", "names", "message"),
    [
        ([1, 2, 3], None, r"\(K, K\)"),
        (5, None, r"\(K, K\)"),
        ([[1, 2]], None, r"\(K, K\)"),
        ([[1, 2], [3, 4]], ["a"], "2 names, got 1"),
    ],
)
def test_counts_that_make_no_table(ax, counts, names, message):
    with pytest.raises(ValueError, match=message):
        draw.confusion_table(ax, counts, class_names=names)


# --- pictures ------------------------------------------------------------------------------------


def test_a_picture_fills_the_axes_from_corner_to_corner(ax):
    pixels = np.random.default_rng(0).random((2, 3, 3))
    draw.image(ax, pixels)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 3), (2, 0))
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    for row in range(2):
        for column in range(3):
            assert same(seen(ax, column + 0.1, row + 0.9), pixels[row, column])


def test_numbers_are_drawn_from_black_to_white(ax):
    draw.image(ax, [[0.4, 0.5]])  # not stretched to the range that occurs
    assert same(seen(ax, 0.5, 0.5), (0.4,) * 3)
    draw.image(ax, [[0.0, 1.0]], cmap=draw.PROBABILITY)
    assert same(seen(ax, 1.5, 0.5), draw.PROBABILITY(1.0)[:3])


def test_class_k_of_a_mask_has_colour_k(ax):
    overlay = draw.masks(ax, np.array([[0, 1], [2, 9]]), alpha=0.3, outline=False).get_array()
    assert overlay[0, 0].tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(overlay[0, 1], [*to_rgb(draw.COLOURS[1]), 0.3])
    np.testing.assert_allclose(overlay[1, 0], [*to_rgb(draw.COLOURS[2]), 0.3])
    np.testing.assert_allclose(overlay[1, 1], [*to_rgb(draw.COLOURS[9 - 7]), 0.3])


def test_later_masks_lie_over_earlier_ones(ax):
    layers = np.array([[[1, 1, 0]], [[0, 1, 1]]], dtype=bool)
    overlay = draw.masks(ax, layers, colours=["red", "blue"], outline=False).get_array()
    assert overlay[0, :, :3].tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    one = draw.masks(ax, layers, colours="red", outline=False).get_array()
    assert one[0, :, :3].tolist() == [[1, 0, 0]] * 3


def test_the_outline_lies_inside_the_mask(ax):
    mask = np.zeros((5, 6), dtype=bool)
    mask[1:4, 1:5] = True
    alphas = draw.masks(ax, mask, alpha=0.5).get_array()[..., 3]
    expected = np.zeros((5, 6))
    expected[1:4, 1:5] = 1
    expected[2, 2:4] = 0.5
    np.testing.assert_array_equal(alphas, expected)


@pytest.mark.parametrize("shape", [(0, 4, 5), (4, 5)])
def test_no_mask(ax, shape):
    overlay = draw.masks(ax, np.zeros(shape, dtype=int)).get_array()
    assert overlay.shape == (4, 5, 4)
    assert not overlay.any()


def test_masks_of_another_dimension(ax):
    with pytest.raises(ValueError, match="masks must have shape"):
        draw.masks(ax, np.zeros(5))


def test_boxes_lie_where_the_pixels_are(ax):
    draw.image(ax, np.full((10, 20, 3), 0.5))
    (box,) = draw.boxes(ax, [[4, 3, 9, 8]], colours=draw.BLUE)
    assert box.get_bbox().extents.tolist() == [4, 3, 9, 8]
    for x, y in [(4, 5), (9, 5), (6, 3), (6, 8)]:
        assert same(seen(ax, x, y), draw.BLUE)
    assert same(seen(ax, 6, 5), (0.5,) * 3), "a box is not filled"


def test_a_box_says_what_it_is(ax):
    draw.image(ax, np.zeros((10, 20, 3)))
    draw.boxes(ax, [[4, 3, 9, 8], [1, 5, 2, 6]], labels=["disk", "square"], scores=[0.927, 1])
    assert [text.get_text() for text in ax.texts] == ["disk 0.93", "square 1.00"]
    draw.boxes(ax, [[4, 3, 9, 8]], scores=[0.5])
    assert ax.texts[-1].get_text() == "0.50"


@pytest.mark.parametrize("box", [[0, 0, 6, 8], [15, 0, 20, 5], [12, 5, 20, 10], [0, 4, 3, 6]])
def test_a_label_stays_inside_the_picture(ax, box):
    draw.image(ax, np.zeros((10, 20, 3)))
    draw.boxes(ax, [box], labels=["triangle"])
    ax.figure.canvas.draw()
    plate = ax.texts[0].get_window_extent().transformed(ax.transData.inverted())
    assert plate.x0 > -0.1 and plate.x1 < 20.1
    assert min(plate.y0, plate.y1) > -0.1 and max(plate.y0, plate.y1) < 10.1


@pytest.mark.parametrize("colour", draw.COLOURS)
def test_labels_are_legible_on_every_colour(ax, colour):
    draw.image(ax, np.zeros((10, 20, 3)))
    draw.boxes(ax, [[4, 3, 9, 8]], labels=["disk"], colours=colour)
    assert contrast(ax.texts[0].get_color(), colour) >= 4.5


@pytest.mark.parametrize("empty", [[], np.zeros((0, 4))])
def test_no_box(ax, empty):
    assert draw.boxes(ax, empty, labels=[], scores=[], colours=[]) == []


@pytest.mark.parametrize(
    ("boxes", "lists", "message"),
    [
        ([[1, 2, 3]], {}, r"\(N, 4\)"),
        ([1, 2, 3, 4], {}, r"\(N, 4\)"),
        ([[0, 0, 1, 1]], {"labels": []}, "labels must be one for each of 1"),
        ([[0, 0, 1, 1]], {"scores": [1, 2]}, "scores must be one for each of 1"),
        ([[0, 0, 1, 1]], {"colours": ["red", "blue"]}, "colours must be one for each of 1"),
    ],
)
def test_boxes_that_cannot_be_drawn(ax, boxes, lists, message):
    with pytest.raises(ValueError, match=message):
        draw.boxes(ax, boxes, **lists)


# --- all -----------------------------------------------------------------------------------------


def test_no_figure_is_made_or_shown(ax, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("shown"))
    before = plt.get_fignums()
    draw.labelled_points(ax, [[0, 0], [1, 1]], [0, 1])
    draw.probability_map(ax, lambda X: np.full(len(X), 0.5))
    draw.decision_boundary(ax, [1, 1], -1)
    draw.confusion_table(ax, [[1]])
    draw.image(ax, np.zeros((3, 3)))
    draw.masks(ax, np.ones((3, 3), dtype=int))
    draw.boxes(ax, [[0, 0, 1, 1]])
    draw.tracks(ax, ROWS, 3)
    assert plt.get_fignums() == before


def test_every_function_says_what_it_does():
    functions = [getattr(draw, name) for name in draw.__all__]
    functions = [function for function in functions if inspect.isfunction(function)]
    assert len(functions) >= 10
    assert all(function.__doc__ for function in functions)


FORWARD = [("$x$", "features"), ("$z$", "logit"), (r"$\hat{y}$", "probability"), ("$J$", "loss")]
BACKWARD = [(r"$\nabla J$", "gradient"), ("$w$", "new weights")]


@pytest.mark.parametrize("backward", [BACKWARD, BACKWARD[:1]])
def test_the_words_of_a_pipeline_stay_in_their_boxes(backward):
    fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
    texts = draw.pipeline(ax, FORWARD, backward, changed=[1])
    fig.draw_without_rendering()
    boxes = [patch.get_window_extent() for patch in ax.patches if patch.get_zorder() == 2]
    assert len(texts) == 2 * len(boxes) == 2 * len(FORWARD + backward)
    for k, text in enumerate(texts):
        box = boxes[k // 2]
        words = text.get_window_extent()
        assert box.x0 < words.x0 < words.x1 < box.x1
        assert box.y0 < words.y0 < words.y1 < box.y1


def test_what_is_new_in_a_pipeline_looks_different():
    _, ax = plt.subplots()
    draw.pipeline(ax, FORWARD, BACKWARD, changed=[4])
    colours = [patch.get_facecolor() for patch in ax.patches if patch.get_zorder() == 2]
    assert [k for k, colour in enumerate(colours) if colour != colours[0]] == [4]


@pytest.mark.parametrize(
    ("forward", "backward", "changed", "message"),
    [
        (FORWARD[:1], BACKWARD, [], "forward must have at least 2 boxes"),
        (FORWARD, [], [], "backward 1 to one less than forward, got 4 and 0"),
        (FORWARD[:2], BACKWARD, [], "got 2 and 2"),
        (FORWARD, BACKWARD, [6], "changed must name boxes that are there, got 6"),
    ],
)
def test_a_pipeline_that_cannot_be_drawn(forward, backward, changed, message):
    with pytest.raises(ValueError, match=message):
        draw.pipeline(plt.figure().subplots(), forward, backward, changed=changed)


ROWS = np.array(
    [  # frame, identity, x, y, width, height
        [1, 7, 0, 0, 4, 2],
        [3, 7, 6, 4, 4, 2],
        [2, 7, 2, 2, 4, 2],
        [3, 2, 10, 10, 2, 2],
        [2, 9, 5, 5, 2, 2],
        [4, 7, 9, 9, 4, 2],
    ]
)


def test_a_track_goes_through_the_centres_of_its_boxes_up_to_the_frame(ax):
    draw.image(ax, np.zeros((20, 30)))
    first, second = draw.tracks(ax, ROWS, 3)
    assert first.get_xydata().tolist() == [[2, 1], [4, 3], [8, 5]]
    assert second.get_xydata().tolist() == [[11, 11]]
    assert [box.get_xy() for box in ax.patches] == [(6, 4), (10, 10)]
    assert [text.get_text() for text in ax.texts] == ["7", "2"]
    assert ax.get_xlim() == (0, 30) and ax.get_ylim() == (20, 0)


def test_a_track_goes_back_as_far_as_told_and_keeps_its_colour(ax):
    draw.image(ax, np.zeros((20, 30)))
    [short, _], [alone] = draw.tracks(ax, ROWS, 3, length=2), draw.tracks(ax, ROWS, 4, length=1)
    assert short.get_xydata().tolist() == [[4, 3], [8, 5]]
    assert alone.get_xydata().tolist() == [[11, 10]]
    assert short.get_color() == alone.get_color() == draw.COLOURS[0]


def test_no_track(ax):
    assert draw.tracks(ax, [], 1) == draw.tracks(ax, ROWS, 99) == []


def test_rows_that_are_no_tracks(ax):
    with pytest.raises(ValueError, match=r"rows must have shape \(R, 6\) .* got \(2, 4\)"):
        draw.tracks(ax, np.zeros((2, 4)), 1)

"""What an import brings along: pages that use NumPy alone must not wait for Torch."""

import subprocess
import sys
from importlib import import_module

import pytest

HEAVY = ["torch", "matplotlib", "sklearn", "scipy"]


def run(program: str) -> str:
    """What a program prints in a new interpreter in which warnings are errors."""
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "module", ["visioncourse", "visioncourse.logistic", "visioncourse.training"]
)
def test_an_import_loads_nothing_heavy(module):
    loaded = run(f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]\n"


def test_a_bare_import_loads_no_numpy():
    assert run("import sys, visioncourse; print('numpy' in sys.modules)") == "False\n"


WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] == 'torch':
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch)
import numpy as np
from visioncourse import datasets, draw, formats, scenes
from visioncourse import detection, logistic, segmentation, tracking

boxes, scores = np.array([[0.0, 0, 2, 2], [0, 0, 2, 1]]), np.array([0.9, 0.8])
truth = [dict(boxes=boxes, labels=[1, 1])]
found = [dict(boxes=boxes, labels=[1, 1], scores=scores)]
rows = [[1, 1, 0, 0, 2, 2], [2, 1, 0, 0, 2, 2]]
"""


STATEMENTS = [
    "round(float(logistic.predict_proba([1.5, 2.0], [0.3, 0.5], -1.0)), 4) == 0.6106",
    "logistic.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]).converged",
    "logistic.is_separable([[0.0], [1.0]], [0, 1])",
    "round(float(segmentation.cross_entropy([[2.0, 1.0, 0.0]], [0])), 4) == 0.4076",
    "segmentation.dice_loss([1.0, 0.0], [1.0, 0.0]) == 0",
    "segmentation.mean_iou([0, 1], [0, 1], 2) == 1",
    "detection.box_iou(boxes, boxes)[0, 1] == 0.5",
    "detection.nms(boxes, scores, iou_threshold=0.4).tolist() == [0]",
    "detection.mean_average_precision(found, truth)['map'] > 0.99",
    "detection.focal_loss([20.0], [1.0]) < 1e-9",
    "tracking.evaluate(rows, rows).hota == 1",
    "tracking.Sort().update([[0, 0, 2, 2, 0.9]]).tolist() == [[0, 0, 2, 2, 1]]",
    "tracking.triplet_loss([[1.0]], [[1.0]], [[0.0]], margin=0.2) == 0",
    "tracking.lucas_kanade(np.zeros((16, 16)), np.zeros((16, 16))) is not None",
    "scenes.make_scene(0).image.shape == (96, 128, 3)",
]


def test_everything_works_without_torch():
    """One interpreter for the whole list: a start takes longer than the statements."""
    wrong = f"[s for s in {STATEMENTS} if not eval(s)]"
    assert run(f"{WITHOUT_TORCH}\nprint({wrong}, 'torch' in sys.modules)") == "[] False\n"


def test_the_package_knows_its_version():
    from importlib.metadata import version

    import visioncourse

    assert visioncourse.__version__ == version("pixels-to-tracks")


@pytest.mark.parametrize(
    "name", ["logistic", "segmentation", "detection", "tracking", "plain", "formats"]
)
def test_every_public_name_exists(name):
    module = import_module(f"visioncourse.{name}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert sorted(module.__all__) == sorted(set(module.__all__))

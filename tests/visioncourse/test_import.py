"""What an import brings along: pages that use NumPy alone must not wait for Torch."""

import subprocess
import sys

import pytest

HEAVY = ["torch", "matplotlib", "sklearn", "scipy"]


def run(program: str) -> str:
    """What a program prints in a new interpreter in which warnings are errors."""
    command = [sys.executable, "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("module", ["visioncourse", "visioncourse.logistic"])
def test_an_import_loads_nothing_heavy(module):
    loaded = run(f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]\n"


def test_a_bare_import_loads_no_numpy():
    assert run("import sys, visioncourse; print('numpy' in sys.modules)") == "False\n"


def test_everything_works_without_torch():
    printed = run(
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoTorch)\n"
        "import visioncourse, visioncourse.logistic as logistic\n"
        "print(f'{logistic.predict_proba([1.5, 2.0], [0.3, 0.5], -1.0):.4f}')\n"
        "print(logistic.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]).converged)\n"
        "print(logistic.is_separable([[0.0], [1.0]], [0, 1]))\n"
    )
    assert printed == "0.6106\nTrue\nTrue\n"


def test_the_package_knows_its_version():
    from importlib.metadata import version

    import visioncourse

    assert visioncourse.__version__ == version("pixels-to-tracks")


def test_every_public_name_exists():
    from visioncourse import logistic

    missing = [name for name in logistic.__all__ if not hasattr(logistic, name)]
    assert missing == []
    assert sorted(logistic.__all__) == sorted(set(logistic.__all__))

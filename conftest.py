"""Loads the plugin that makes nbval strict: it must know every notebook, wherever it lies."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent
# The plugin compares outputs as the program behind `make notebooks` does.
sys.path[:0] = [str(ROOT / "tests" / "notebooks"), str(ROOT / "tools" / "notebooks")]
pytest_plugins = ["strict_nbval"]

"""Loads the plugin that makes nbval strict: it must know every notebook, wherever it lies."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tests" / "notebooks"))
pytest_plugins = ["strict_nbval"]

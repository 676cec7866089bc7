"""A notebook that keeps every rule: the guards break one thing at a time."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image
from prose import SECTIONS

EXECUTE = Path(__file__).parents[2] / "tools" / "notebooks" / "execute.py"

_BODIES = {
    "The mathematics": """
```{math}
:label: eq-sample-line
y = 2 x
```

{eq}`eq-sample-line` is a line; the slope in code is {glue:text}`slope`.
""",
    "Check yourself": "\n\n".join(
        f"""
**Question {number}.** What is the slope?

:::{{dropdown}} A. Two.
**Correct.** It is the factor of x in the equation above.
:::

:::{{dropdown}} B. One.
**No.** That would be the diagonal of the first quadrant.
:::

:::{{dropdown}} C. None.
**No.** A line that is not vertical always has a slope.
:::
"""
        for number in (1, 2, 3)
    ),
    "Exercises": """
```{exercise} By hand
:label: ex-sample-hand
What is y for x = 3?
```

```{solution} ex-sample-hand
:class: dropdown
It is 6.
```

```{exercise-start} By code
:label: ex-sample-code
```
Take the root of y for x = 8.
```{exercise-end}
```

```{solution-start} ex-sample-code
:class: dropdown
```
""",
}


def _code(source: str, cell_id: str, **metadata: object) -> NotebookNode:
    return new_code_cell(source, metadata=metadata, id=cell_id)


_CODE = {
    "The mathematics": [
        _code('glue("slope", f"{2:.2f}", display=False)', "slope", tags=["remove-cell"]),
    ],
    "Experiment": [
        _code(
            "x = np.linspace(-4, 4, 50)\nfig, ax = plt.subplots(figsize=(4, 3))\n"
            '_ = ax.plot(x, np.sin(x), lw=1, color="0.8")\n_ = ax.plot(x, np.tanh(x))',
            "figure",
            mystnb={
                "image": {"alt": "A pale sine wave crosses the steep middle of a tanh curve."},
                "figure": {"caption": "Two curves.", "name": "fig-sample-curves"},
            },
        ),
        _code('print("two")\nprint("lines")', "text"),
        _code("x[:2].round(2)", "result"),
    ],
    "What goes wrong": [_code('raise ValueError("x: got 3")', "error", tags=["raises-exception"])],
    "Exercises": [_code("import math\n\nmath.sqrt(16)", "solution")],
}


def sample_notebook() -> NotebookNode:
    """The good notebook, not yet executed."""
    cells = [
        new_markdown_cell("# A line\n\nWhat a slope is.", id="title"),
        _code(
            "import matplotlib.pyplot as plt\nimport numpy as np\nfrom myst_nb import glue",
            "imports",
        ),
    ]
    for position, name in enumerate(SECTIONS):
        body = _BODIES.get(name, "One thought.").strip("\n")
        cells.append(new_markdown_cell(f"## {name}\n\n{body}", id=f"section-{position}"))
        cells += _CODE.get(name, [])
        if name == "Exercises":
            cells.append(new_markdown_cell("```{solution-end}\n```", id="solution-end"))
    return new_notebook(cells=cells)


def cell(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.id == cell_id)


def run_execute(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Execute notebooks in place, as `make notebooks` does."""
    command = [sys.executable, "-W", "error", EXECUTE, *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def noisy(png: bytes, levels: int = 3) -> bytes:
    """Change each pixel by up to so many grey levels."""
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.asarray(image.convert("RGBA")).astype(int)
    noise = np.random.default_rng(0).integers(-levels, levels + 1, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(file, "png")
    return file.getvalue()


def add_noise(code_cell: NotebookNode) -> None:
    """Store the cell's figure as another machine might have rendered it."""
    data = code_cell.outputs[0].data
    data["image/png"] = base64.b64encode(noisy(base64.b64decode(data["image/png"]))).decode()

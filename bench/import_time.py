"""How long `import visioncourse` takes in a new interpreter, against its budget."""

import subprocess
import sys

from harness import table

BUDGET = 0.3  # seconds
REPEATS = 5
MODULES = ("visioncourse", "visioncourse.logistic", "numpy")


def import_time(module: str) -> float:
    """The shortest import of several, in seconds, without the start of the interpreter."""
    program = (
        "import time; start = time.perf_counter()\n"
        f"import {module}\n"
        "print(time.perf_counter() - start)"
    )
    return min(
        float(subprocess.run([sys.executable, "-c", program], stdout=-1, check=True).stdout)
        for _ in range(REPEATS)
    )


def main() -> None:
    seconds = {module: import_time(module) for module in MODULES}
    rows = [
        (f"`import {module}`", f"{took * 1e3:.0f}" if took > 0.01 else f"{took * 1e3:.1f}")
        for module, took in seconds.items()
    ]
    kept = "is kept" if seconds["visioncourse"] <= BUDGET else "IS EXCEEDED"
    print("## Import\n")
    print(f"The budget of `import visioncourse` is {BUDGET * 1e3:.0f} ms; it {kept}.")
    print(f"Shortest of {REPEATS} new interpreters.\n")
    print(table(("import", "ms"), rows))


if __name__ == "__main__":
    main()

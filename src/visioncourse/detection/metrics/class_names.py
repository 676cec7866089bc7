"""Names for labels, which may have gaps."""

from collections.abc import Mapping, Sequence

import numpy as np


def names_of_labels(
    class_names: Mapping[int, str] | Sequence[str] | None, labels: np.ndarray
) -> tuple[str, ...]:
    """The name of each label: from a mapping, or from a list counted from 0; None shows labels."""
    if class_names is None:
        return tuple(map(str, labels.tolist()))
    if isinstance(class_names, Mapping):
        known = dict(class_names)
    elif isinstance(class_names, Sequence) and not isinstance(class_names, str):
        known = dict(enumerate(class_names))
    else:
        raise ValueError(f"class_names must map labels to names, got {class_names!r:.80}")
    for label in labels.tolist():
        if not isinstance(known.get(label), str):
            raise ValueError(f"class_names must name every label, got no name for {label}")
    return tuple(known[label] for label in labels.tolist())

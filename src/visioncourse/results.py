"""The shape of a result: what was counted, and scores that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class Result(Mapping[str, Any]):
    """Counts as attributes, scores as properties; the `keys_` among them also as a mapping."""

    keys_: ClassVar[tuple[str, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Every score under its usual name."""
        return {key: self[key] for key in self.keys_}

    def __getitem__(self, key: str) -> Any:
        if key not in self.keys_:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys_)

    def __len__(self) -> int:
        return len(self.keys_)

    def __repr__(self) -> str:
        scores = {key: value for key, value in self.items() if isinstance(value, float)}
        shown = ", ".join(f"{key}={value:.4g}" for key, value in scores.items())
        return f"{type(self).__name__}({shown})"

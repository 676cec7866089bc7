"""A feature pyramid: maps of every stride that all know what the coarsest one knows."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from ..._validation import check_whole


class FeaturePyramid(nn.Module):
    """Maps of equal width at every stride; each is given what the coarser ones have seen.

    With strides 4, 8, 16 and width D::

        features[16] ── 1 × 1 ──▶ (N, D, H/16, W/16) ── 3 × 3 ──▶ pyramid[16]
                                    │ enlarge
                                    ▼
        features[8] ─── 1 × 1 ──▶   +  (N, D, H/8, W/8) ─ 3 × 3 ─▶ pyramid[8]
                                    │ enlarge
                                    ▼
        features[4] ─── 1 × 1 ──▶   +  (N, D, H/4, W/4) ─ 3 × 3 ─▶ pyramid[4]

    Lin et al., "Feature Pyramid Networks for Object Detection", 2017. A map is
    enlarged by repeating its entries. Without the way from top to bottom each stride keeps to its
    own features; the number of weights is the same.

    Args:
        channels: of the features, by stride, as an encoder has them.
        width: D >= 1.
        strides: those of `channels` that take part; None for all.
        outputs: those of `strides` that have a map; None for all.
        top_down: whether coarser maps are enlarged and added to finer ones.

    Raises:
        ValueError: no stride or output, one that has no features, or a width below 1.
    """

    def __init__(
        self,
        channels: Mapping[int, int],
        width: int,
        strides: Sequence[int] | None = None,
        *,
        outputs: Sequence[int] | None = None,
        top_down: bool = True,
    ) -> None:
        super().__init__()
        self.strides = sorted(channels if strides is None else strides)
        if not self.strides or not set(self.strides) <= set(channels):
            raise ValueError(f"strides must be some of {list(channels)}, got {strides!r}")
        self.outputs = sorted(self.strides if outputs is None else outputs)
        if not self.outputs or not set(self.outputs) <= set(self.strides):
            raise ValueError(f"outputs must be some of {self.strides}, got {outputs!r}")
        check_whole(1, width=width)
        self.top_down = top_down
        self.lateral = nn.ModuleDict(
            {str(stride): nn.Conv2d(channels[stride], width, 1) for stride in self.strides}
        )
        self.smooth = nn.ModuleDict(
            {str(stride): nn.Conv2d(width, width, 3, padding=1) for stride in self.outputs}
        )

    def forward(self, features: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """`features[stride]` (N, channels[stride], H/s, W/s) to maps (N, D, H/s, W/s)."""
        pyramid: dict[int, Tensor] = {}
        above = None
        for stride in reversed(self.strides):
            x = self.lateral[str(stride)](features[stride])
            if self.top_down and above is not None:
                # To the size of x, which need not be twice that above: sizes may be odd.
                x = x + functional.interpolate(above, x.shape[-2:], mode="nearest")
            above = x
            pyramid[stride] = x
        return {stride: self.smooth[str(stride)](pyramid[stride]) for stride in self.outputs}

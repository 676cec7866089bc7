"""Self-attention over the places of a map, and the block of SegFormer that is built of it.

A place of a map (N, C, H, W) is one token of C numbers. A linear layer that works on each token
alone is a 1 × 1 convolution.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..._validation import check_whole


def attention(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted means of values: softmax(Q Kᵀ / √d) V, :eq:`eq-attention`, and the weights.

    Vaswani et al., "Attention Is All You Need", 2017.

    Args:
        query: (..., L, d), one row for each token that asks.
        key: (..., M, d), one row for each token that is asked.
        value: (..., M, e), what these tokens give.

    Returns:
        The output (..., L, e), and the weights (..., L, M), which are >= 0 and sum to 1 over M.
    """
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    weights = scores.softmax(dim=-1)
    return weights @ value, weights


def linear(in_channels: int, out_channels: int) -> nn.Conv2d:
    """A linear layer for each token alone, as a 1 × 1 convolution."""
    # One weight has no gaps to widen: dilation changes nothing but makes Torch take oneDNN's
    # code, several times as fast on one thread as the matrix product that it takes without.
    return nn.Conv2d(in_channels, out_channels, 1, dilation=2)


class SelfAttention(nn.Module):
    """Each place of a map takes in what others have, in several heads::

        x (N, C, H, W) ───────────────────────────────── query ─┐
                └─ mean of r × r places: (N, C, h, w) ─┬─ key ──┤ attention, head by head
                                                       └─ value ┘   └─ output (N, C, H, W)

    with h = H / r and w = W / r, rounded up: the cost falls by r² ("efficient self-attention" of
    Xie et al., "SegFormer", 2021, who learn the reduction where this one takes the mean). Each
    head has its own C / heads channels of query, key and value.

    Args:
        channels: C.
        heads: >= 1, a divisor of C.
        reduction: r >= 1; with 1 every place is asked.
        between_places: if False, each place attends to itself alone: its softmax is over one
            number, hence 1, its output that of its own value, and queries and keys do not matter.

    Raises:
        ValueError: a number below 1, or heads that do not divide the channels.
    """

    def __init__(
        self, channels: int, *, heads: int = 1, reduction: int = 1, between_places: bool = True
    ) -> None:
        super().__init__()
        check_whole(1, channels=channels, heads=heads, reduction=reduction)
        if channels % heads:
            raise ValueError(f"heads must divide the {channels} channels, got {heads}")
        self.heads, self.reduction, self.between_places = heads, reduction, between_places
        if between_places:
            self.query = linear(channels, channels)
            self.key = linear(channels, channels)
        self.value = linear(channels, channels)
        self.output = linear(channels, channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """(N, C, H, W) to the same shape, and the weights (N, heads, H, W, h, w)."""
        if not self.between_places:
            return self.output(self.value(x)), None
        asked = x
        if self.reduction > 1:
            asked = functional.avg_pool2d(x, self.reduction, ceil_mode=True)
        each = (self.query(x), self.key(asked), self.value(asked))
        mixed, weights = attention(*(self._by_head(tokens) for tokens in each))
        # The heads' channels side by side, and the tokens back in their places.
        mixed = mixed.transpose(1, 2).flatten(2).mT.unflatten(2, x.shape[2:])
        weights = weights.unflatten(3, asked.shape[2:]).unflatten(2, x.shape[2:])
        return self.output(mixed), weights

    def _by_head(self, tokens: Tensor) -> Tensor:
        """(N, C, H, W) to (N, heads, H W, C / heads)."""
        return tokens.flatten(2).unflatten(1, (self.heads, -1)).mT


class MixFFN(nn.Sequential):
    """Two linear layers for each token, and between them a look at its eight neighbours::

        (N, C, H, W) ─ linear ─ (N, e C, H, W) ─ depth-wise 3×3 ─ GELU ─ linear ─ (N, C, H, W)

    The depth-wise convolution has one 3 × 3 kernel for each channel. Attention knows no places;
    this layer does, by its neighbours and by the zeros beyond the border (Xie et al., 2021).
    """

    def __init__(self, channels: int, *, expansion: int = 4) -> None:
        check_whole(1, channels=channels, expansion=expansion)
        hidden = expansion * channels
        super().__init__(
            linear(channels, hidden),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden),
            nn.GELU(),
            linear(hidden, channels),
        )


class TokenNorm(nn.LayerNorm):
    """Layer normalisation of each token: (N, C, H, W) with mean 0 and variance 1 over C, scaled."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TransformerBlock(nn.Module):
    """x ← x + attention(norm(x)), then x ← x + MixFFN(norm(x)); norm is layer normalisation."""

    def __init__(
        self, channels: int, *, heads: int, reduction: int, expansion: int, between_places: bool
    ) -> None:
        super().__init__()
        self.attention_norm = TokenNorm(channels)
        self.attention = SelfAttention(
            channels, heads=heads, reduction=reduction, between_places=between_places
        )
        self.ffn_norm = TokenNorm(channels)
        self.ffn = MixFFN(channels, expansion=expansion)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """(N, C, H, W) to the same shape, and the weights of the attention."""
        attended, weights = self.attention(self.attention_norm(x))
        x = x + attended
        return x + self.ffn(self.ffn_norm(x)), weights

    @torch.no_grad()
    def calm(self) -> None:
        """Begin near x ← x, with every place asking all others nearly alike.

        Weights of variance 2 / fan-in are made for layers with ReLU: here they would make the
        branches louder than x, and the softmax nearly one-hot before anything is learnt.
        """
        for branch in (self.attention.output, self.ffn[-1]):
            branch.weight *= 0.2
        if self.attention.between_places:
            self.attention.query.weight *= 0.5
            self.attention.key.weight *= 0.5

"""Association and mining, one pair at a time."""

import math
from collections.abc import Sequence


def batch_hard_triplets(
    embeddings: Sequence[Sequence[float]], identities: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Anchor, farthest positive and nearest negative, for each anchor that has both.

    The definition behind :py:func:`visioncourse.tracking.batch_hard_triplets`.
    """
    triplets = []
    for a, anchor in enumerate(embeddings):
        distance = [math.dist(anchor, other) for other in embeddings]
        others = [i for i in range(len(embeddings)) if i != a]
        positives = [i for i in others if identities[i] == identities[a]]
        negatives = [i for i in others if identities[i] != identities[a]]
        if positives and negatives:
            farthest = max(positives, key=distance.__getitem__)
            triplets.append((a, farthest, min(negatives, key=distance.__getitem__)))
    return triplets


def greedy_associate(cost: Sequence[Sequence[float]], max_cost: float) -> list[tuple[int, int]]:
    """The cheapest pair of those left, again and again, as long as it costs at most `max_cost`.

    The definition behind :py:func:`visioncourse.tracking.greedy_associate`.
    """
    rows, columns = set(range(len(cost))), set(range(len(cost[0]) if len(cost) else 0))
    pairs = []
    while rows and columns:
        row, column = min(
            ((r, c) for r in sorted(rows) for c in sorted(columns)), key=lambda p: cost[p[0]][p[1]]
        )
        if not (cost[row][column] <= max_cost and cost[row][column] < math.inf):
            break
        pairs.append((row, column))
        rows.remove(row)
        columns.remove(column)
    return sorted(pairs)

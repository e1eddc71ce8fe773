"""Least squares with coefficients that are not negative: a cost below nothing would be noise."""

from collections.abc import Sequence

_ROUNDS = 20_000


def fitted(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Return the coefficients, none negative, that fit `rows @ coefficients = values` with the least relative error.

    Args:
        rows: One row of regressors for each value.
        values: Positive; errors are relative to them, so that a long run does not outweigh a short one.

    """
    scaled = [[cell / value for cell in row] for row, value in zip(rows, values, strict=True)]
    width = len(scaled[0])
    gram = [[sum(row[i] * row[j] for row in scaled) for j in range(width)] for i in range(width)]
    target = [sum(row[i] for row in scaled) for i in range(width)]
    found = [0.0] * width
    for _ in range(_ROUNDS):  # coordinate descent: exact for each coefficient in turn
        for i in range(width):
            if gram[i][i]:
                others = sum(gram[i][j] * found[j] for j in range(width) if j != i)
                found[i] = max(0.0, (target[i] - others) / gram[i][i])
    return found

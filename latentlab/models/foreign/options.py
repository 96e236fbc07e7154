"""What a layer of a given kernel is likely to be, as costs: 0 what everyone writes, 1 seen now and then, 3 rare."""

from __future__ import annotations

from typing import NamedTuple


class Stepping(NamedTuple):
    """How a convolution moves: out of side h, transposed, come (h - 1) stride - 2 padding + kernel + output padding."""

    stride: int
    padding: int
    output_padding: int
    cost: float


_TRANSPOSED: dict[int, tuple[Stepping, ...]] = {
    1: (Stepping(1, 0, 0, 0.0), Stepping(1, 2, 0, 0.3), Stepping(1, 1, 0, 1.5)),
    2: (Stepping(2, 0, 0, 0.0),),
    3: (
        Stepping(2, 1, 1, 0.3),
        Stepping(2, 0, 0, 0.6),
        Stepping(1, 1, 0, 0.8),
        Stepping(2, 1, 0, 1.2),
        Stepping(1, 0, 0, 1.5),
    ),
    4: (
        Stepping(2, 1, 0, 0.0),
        Stepping(1, 0, 0, 2.0),
        Stepping(2, 0, 0, 2.0),
        Stepping(1, 1, 0, 3.0),
        Stepping(1, 2, 0, 3.0),
        Stepping(2, 2, 0, 3.0),
        Stepping(4, 0, 0, 3.0),
    ),
    5: (
        Stepping(2, 2, 1, 0.0),
        Stepping(1, 2, 0, 1.0),
        Stepping(2, 2, 0, 1.5),
        Stepping(1, 0, 0, 2.0),
        Stepping(2, 1, 0, 2.5),
        Stepping(2, 1, 1, 2.5),
        Stepping(2, 0, 0, 3.0),
    ),
    6: (Stepping(2, 2, 0, 0.0), Stepping(2, 1, 0, 2.5), Stepping(2, 0, 0, 3.0), Stepping(1, 0, 0, 3.0)),
    7: (Stepping(2, 3, 1, 0.3), Stepping(1, 3, 0, 0.5), Stepping(1, 0, 0, 1.5), Stepping(2, 0, 0, 3.0)),
    8: (Stepping(2, 3, 0, 0.3), Stepping(4, 2, 0, 0.5), Stepping(2, 0, 0, 1.5), Stepping(1, 0, 0, 2.5)),
}
_STRIDED: dict[int, tuple[Stepping, ...]] = {
    1: (Stepping(1, 0, 0, 0.0),),
    2: (Stepping(2, 0, 0, 0.0),),
    3: (Stepping(2, 1, 0, 0.0), Stepping(1, 1, 0, 0.3), Stepping(2, 0, 0, 1.5), Stepping(1, 0, 0, 1.0)),
    4: (Stepping(2, 1, 0, 0.0), Stepping(1, 0, 0, 0.5), Stepping(2, 0, 0, 0.7), Stepping(1, 1, 0, 2.0)),
    5: (Stepping(2, 2, 0, 0.0), Stepping(1, 2, 0, 0.5), Stepping(2, 1, 0, 1.5), Stepping(1, 0, 0, 1.0)),
    7: (Stepping(1, 0, 0, 0.5), Stepping(2, 3, 0, 0.5), Stepping(1, 3, 0, 0.7)),
}
_SIZES = {
    64: 0.0,
    32: 0.0,
    28: 0.0,
    128: 0.3,
    256: 0.6,
    512: 1.0,
    96: 1.0,
    48: 1.0,
    16: 1.5,
    56: 2.0,
    80: 2.0,
    112: 2.0,
}
_SIZES |= {1024: 2.0, 160: 2.5, 192: 1.5, 224: 1.5, 24: 2.0, 36: 3.0, 40: 3.0, 100: 2.0, 120: 2.5, 8: 3.0}


def transposed(kernel: int, side: int) -> tuple[Stepping, ...]:
    """List how a transposed convolution may move over maps of a side."""
    if side == 1:
        # The stride makes no difference on a single place.
        return (Stepping(1, 0, 0, 0.0), *(Stepping(1, p, 0, 3.0) for p in (1, 2) if kernel > 2 * p))
    found = _TRANSPOSED.get(kernel, (Stepping(2, (kernel - 1) // 2, kernel % 2, 1.0), Stepping(1, 0, 0, 2.0)))
    if side % 2 and side != 7:
        # Without padding sides run 3, 7, 15, 31, and 2 (h + 1) brings them back to powers of two.
        return tuple(
            each._replace(cost=each.cost / 3) if each[:3] == (2, 0, 0) and kernel in (3, 4) else each for each in found
        )
    return found


def keeping_size(kernel: int) -> tuple[Stepping, ...]:
    """List how a plain convolution within a generator may move: not at all, or losing its border."""
    if kernel % 2 == 0:
        return ()
    same = Stepping(1, kernel // 2, 0, 0.0)
    return (same,) if kernel == 1 else (same, Stepping(1, 0, 0, 2.5))


def strided(kernel: int) -> tuple[Stepping, ...]:
    """List how a convolution of a discriminator may move."""
    return _STRIDED.get(kernel, (Stepping(2, (kernel - 1) // 2, 0, 1.0),))


def size_cost(side: int, channels: int) -> float | None:
    """Say how unusual pictures of a size are; None where nobody makes such."""
    cost = _SIZES.get(side)
    if cost is None:
        return None
    if side == 28 and channels == 3:
        return cost + 2.0
    return cost + 0.5 if side == 32 and channels == 1 else cost

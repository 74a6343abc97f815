"""Pure arithmetic and layout of the results."""

import math
from collections.abc import Sequence

_QUIET = 0.7


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 < share ≤ 1) of the values does not exceed.

    The nearest-rank definition: always one of the values, never between two. Raises ValueError
    when there are no values or the share is out of range.
    """
    if not values:
        raise ValueError("no values")
    if not 0 < share <= 1:
        raise ValueError(f"a share between 0 and 1 is needed, not {share}")
    ordered = sorted(values)
    # 0.07 * 100 is 7.000000000000001 to a computer, and would be rounded up to 8.
    rank = math.ceil(round(share * len(ordered), 6))
    return ordered[max(rank, 1) - 1]


def ratio(value: float, base: float | None, decimals: int = 2) -> str:
    """`value` as a multiple of `base`, for people; a dash without a base."""
    return f"{value / base:.{decimals}f}" if base else "-"


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """By least squares: how much the second figure grows a minute, the first being seconds.

    0 for fewer than two moments.
    """
    if len(samples) < 2:
        return 0.0
    middle_x = sum(x for x, _ in samples) / len(samples)
    middle_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - middle_x) ** 2 for x, _ in samples)
    if not spread:
        return 0.0
    return 60 * sum((x - middle_x) * (y - middle_y) for x, y in samples) / spread


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """The rows in aligned columns: the first `words` columns to the left, the others to the right.

    In the form of Markdown, so that it can be pasted into a note.
    """
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    rule = [
        "-" * width if column < words else f"{'-' * (width - 1)}:"
        for column, width in enumerate(widths)
    ]
    return "\n".join(_line(row, widths, words) for row in (headers, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int], words: int) -> str:
    aligned = (
        cell.ljust(width) if column < words else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(aligned)} |"


def busy(load: float, cores: int) -> str | None:
    """A warning when others were at work before the measurement (load average of a minute)."""
    if load <= _QUIET:
        return None
    return (
        f"Not to be quoted: the machine was busy before this began (load {load:.1f} on {cores} "
        "cores). That slows a JVM, which compiles while it runs, more than the others."
    )

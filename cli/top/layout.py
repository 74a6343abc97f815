"""How `top` divides the lines of a screen among its sections."""

from typing import Final, NamedTuple

#: Lines of the totals, and of a blank line with a table's head.
TOTALS: Final = 3
HEADED: Final = 2

# Where no screen limits the picture.
_VERDICTS: Final = 10
# Shorter screens, in lines, drop sections.
_LOW: Final = 20
_VERY_LOW: Final = 15
# Taller ones keep lines for the verdicts, however many partitions there are.
_HIGH: Final = 26


class TableLines(NamedTuple):
    """Lines for each table besides its head: None for as many as it has, 0 for no table."""

    partitions: int | None
    verdicts: int


def is_low(height: int | None) -> bool:
    """Whether the state is one line, and the rates over time are dropped."""
    return height is not None and height < _LOW


def causes_lines(height: int | None) -> int | None:
    """Lines for reasons and codes: a quarter of the screen, none below 15 lines."""
    if height is None:
        return None
    return 0 if height < _VERY_LOW else max(3, height // 4)


def table_lines(height: int | None, taken: int, partitions: int) -> TableLines:
    """Divide what is left of `height` lines when other sections take `taken`.

    Verdicts get what the partitions leave, at least a sixth of a tall screen.
    """
    if height is None:
        return TableLines(None, _VERDICTS)
    left = height - taken - HEADED
    kept = height // 6 + HEADED if height >= _HIGH else 0
    rows = min(max(1, partitions), max(1, left - kept))
    return TableLines(rows, max(0, left - rows - HEADED))

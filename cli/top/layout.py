"""How the lines of a screen are shared out in the picture that `top` draws."""

from typing import Final, NamedTuple

#: Lines of the totals, and of a blank line with a table's head.
TOTALS: Final = 3
HEADED: Final = 2

# Of a picture that no screen bounds.
_VERDICTS: Final = 10
# On screens that are lower, in lines, something is left out.
_LOW: Final = 20
_VERY_LOW: Final = 15
# On one that is higher, the verdicts have their part of it whatever the partitions need.
_HIGH: Final = 26


class Room(NamedTuple):
    """Lines for a table besides its head: None for as many as it has, 0 for no such table."""

    partitions: int | None
    verdicts: int


def is_low(height: int | None) -> bool:
    """Whether the state is one line, and the rates over time have none."""
    return height is not None and height < _LOW


def causes_room(height: int | None) -> int | None:
    """For the reasons and codes: a fourth of the screen, nothing on one of less than 15 lines."""
    if height is None:
        return None
    return 0 if height < _VERY_LOW else max(3, height // 4)


def share_out(height: int | None, taken: int, partitions: int) -> Room:
    """The room that is left of a screen of `height` lines, of which `taken` are others'.

    Verdicts give way first: they get what the partitions leave, but a sixth of a high screen.
    """
    if height is None:
        return Room(None, _VERDICTS)
    left = height - taken - HEADED
    kept = height // 6 + HEADED if height >= _HIGH else 0
    rows = min(max(1, partitions), max(1, left - kept))
    return Room(rows, max(0, left - rows - HEADED))

"""How log lines name many partitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from faust.types import TP

__all__ = ["partition_names"]


def partition_names(partitions: Iterable[TP]) -> str:
    """Each topic and the numbers of its partitions, such as ``accounts 0-2, 5; orders 1``."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for tp in sorted(partitions):
        numbers[tp.topic].append(tp.partition)
    return "; ".join(f"{topic} {_spans(found)}" for topic, found in numbers.items())


def _spans(numbers: Iterable[int]) -> str:
    """Sorted numbers, those that follow each other as one span."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)

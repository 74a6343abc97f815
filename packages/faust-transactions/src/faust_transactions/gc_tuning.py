"""Python's collector of cyclic garbage, set up for batches."""

from __future__ import annotations

import gc

__all__ = ["tune_gc"]

#: A collection begins after this many new objects (Python 3.11: after 700), and those that survived
#: are looked at again after this many of the collections before.
THRESHOLDS = (50_000, 20, 100)


async def tune_gc() -> None:
    """Let the collector of this process look more rarely, and never at what is there already.

    For a worker that handles tens of thousands of records a second: ``app.task(tune_gc)``,
    so that it runs once the app is set up. Records hold no cycles, so they go by their reference
    counts; the collector would run some dozen times a batch and find nothing, and now and then go
    through all that Faust has loaded. The stream judges a third more accounts a second without
    (bench, medians of three rounds in turn). Cycles are still collected, only later: the objects of
    a few batches may wait for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

"""What the metrics cost at full speed: the worker as it is, and the same without them.

As in `throughput`, our worker with its web and a topic that is already full, in turn:

- *bare*: `bench.bare_app`, the same app with metrics that count nothing;
- *metered*: the worker as it is, at whose `/metrics` nobody looks;
- *scraped*: the same, and somebody looks every second, 15 times as often as in `deploy/`.
"""

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tools.bench import throughput
from tools.bench.support.programs import with_web
from tools.bench.support.proof import WorkNotDone
from tools.devbroker import free_port

BARE, METERED, SCRAPED = "bare", "metered", "scraped"
_EVERY = 1.0


def compare(broker: str, accounts_: int, partitions: int, rounds: int) -> list[throughput.Measured]:
    """Drain a full topic `rounds` times in each of the three ways.

    Prints and raises what `throughput.in_turn` does; WorkNotDone when `/metrics` never answered.
    """
    port = free_port()
    ways: list[throughput.Way] = [
        (with_web(BARE, port, "tools.bench.apps.bare_app"), nullcontext),
        (with_web(METERED, port), nullcontext),
        (with_web(SCRAPED, port), lambda: scraping(f"http://127.0.0.1:{port}/metrics")),
    ]
    return throughput.in_turn(broker, ways, accounts_, partitions, rounds)


@contextmanager
def scraping(url: str, every: float = _EVERY) -> Iterator[None]:
    """Look at `url` every so many seconds inside the block, as soon as it answers.

    Raises WorkNotDone at the block's end when it has never answered.
    """
    over = threading.Event()
    answers: list[int] = []

    def look() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - http
                    answers.append(len(answer.read()))
            except OSError:
                pass  # not up yet
            over.wait(max(0.0, began + every - time.monotonic()))

    thread = threading.Thread(target=look, name="scraping")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if not any(answers):
        raise WorkNotDone(f"{url} never answered")

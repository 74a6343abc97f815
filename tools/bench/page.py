"""What an open page costs: the browser's memory over time, and the worker's throughput.

Memory: a sender in a process of its own sends accounts at a steady rate, the worker with its web
judges them, and a page is open in Chromium. Every ten seconds all garbage is collected, and a line
has the page's JavaScript heap, its DOM nodes, the memory of its process (RSS), and the worker's lag
and accounts committed a second since the last line. A page that stands still ends the measurement:
its memory would say nothing.

Throughput: as in `throughput`, the worker with its web and a topic that is already full, in turn
with a page open in the browser and without one. The browser runs in both cases.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tools.bench import throughput
from tools.bench.browser import Memory, Visit
from tools.bench.load.feeder import Feeder
from tools.bench.load.topics import Group, Topics
from tools.bench.support.process import Running
from tools.bench.support.programs import with_web
from tools.bench.support.proof import WorkNotDone
from tools.bench.support.topology import Topology
from tools.devbroker import free_port

ALONE, WATCHED = "alone", "watched"
_EVERY = 10.0


@dataclass(frozen=True)
class Sample:
    """A look: seconds since the warming up, the page's memory, and how the worker did since."""

    at: float
    memory: Memory
    rate: float
    lag: int


def watch(
    browser: Browser, broker: str, rate: int, seconds: float, warm_up: float, partitions: int
) -> list[Sample]:
    """Leave the page open for `seconds` under load, after `warm_up` seconds of the same.

    Prints a line for each look. Raises ProgramDied, RuntimeError when the sender ends, and
    WorkNotDone when the page or the worker stands still.
    """
    topics = Topics(broker, partitions)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        run = Topology.fresh("bench-page", topics, Path(folder))
        program = with_web("page", port)
        with (
            Running(program, run) as running,
            Visit(browser, _url(port)) as visit,
            Feeder(broker, run.accounts, partitions, rate) as feeder,
            closing(Group(broker, run.group, run.accounts, partitions)) as group,
        ):
            looks = _Looks(visit, topics, group, run.accounts)
            _wait(warm_up, running, feeder)
            looks.begin()
            found: list[Sample] = []
            while not found or found[-1].at < seconds:
                _wait(min(_EVERY, seconds), running, feeder)
                found.append(looks.look())
                print(_summary(found[-1]), flush=True)
    return found


class _Looks:
    def __init__(self, visit: Visit, topics: Topics, group: Group, source: str) -> None:
        self._visit, self._topics, self._group, self._source = visit, topics, group, source
        self._shown = ""

    def begin(self) -> None:
        self._began = time.monotonic()
        self._before = (self._began, sum(self._group.committed()))

    def look(self) -> Sample:
        shown = self._visit.total()
        if shown == self._shown:
            raise WorkNotDone(f"the page stands still at {shown} accounts")
        self._shown = shown
        memory = self._visit.memory()
        now, done = time.monotonic(), sum(self._group.committed())
        then, before = self._before
        self._before = (now, done)
        lag = max(0, sum(self._topics.committed_ends(self._source)) - done)
        return Sample(now - self._began, memory, (done - before) / (now - then), lag)


def compare(
    browser: Browser, broker: str, accounts_: int, partitions: int, rounds: int
) -> list[throughput.Measured]:
    """Drain a full topic `rounds` times with a page open and as often without, in turn.

    Prints and raises what `throughput.in_turn` does.
    """
    port = free_port()
    ways: list[throughput.Way] = [
        (with_web(ALONE, port), nullcontext),
        (with_web(WATCHED, port), lambda: _seen(browser, port)),
    ]
    return throughput.in_turn(broker, ways, accounts_, partitions, rounds)


@contextmanager
def _seen(browser: Browser, port: int) -> Iterator[None]:
    with Visit(browser, _url(port)) as visit:
        yield
        # What is not shown costs nothing. Not waited for: it would be in the time.
        if not any(each.isdigit() for each in visit.total()):
            raise WorkNotDone("the page showed nothing")


def _wait(seconds: float, running: Running, feeder: Feeder) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        running.check()
        feeder.check()
        time.sleep(min(1.0, left))


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


def _summary(one: Sample) -> str:
    memory = one.memory
    return (
        f"{one.at:5.0f} s: heap {memory.heap / 1e6:.2f} MB, {memory.nodes} nodes, "
        f"RSS {memory.resident / 1e6:.1f} MB; {one.rate:,.0f} accounts/s, lag {one.lag:,}"
    )

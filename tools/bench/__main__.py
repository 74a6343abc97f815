"""`python -m tools.bench [WHAT]`: throughput and latency of this app and its peers without a word.

On a Kafka that it starts itself; `rules` and `report` need none.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaException
from playwright.sync_api import Error as PlaywrightError

from tools.bench import compare, metrics, metrics_calls, options, page, rules
from tools.bench.browser import NoBrowser, chromium
from tools.bench.options import Options
from tools.bench.results import document
from tools.bench.support import report
from tools.bench.support.figures import busy
from tools.bench.support.process import ProgramDied
from tools.bench.support.proof import WorkNotDone
from tools.devbroker import BrokerError, KafkaServer

# The development server takes a broker for dead after 3 s, which full load can make it miss.
_STEADY = {"broker.session.timeout.ms": "18000"}
_PAGE_RATE = 20_000
_FAILURES = (
    *(BrokerError, KafkaException, NoBrowser, PlaywrightError),
    *(ProgramDied, RuntimeError, TimeoutError, WorkNotDone),
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a program could not be run or did not do its work."""
    chosen = options.read(arguments)
    load = os.getloadavg()[0]
    warning = busy(load, os.cpu_count() or 1) if chosen.what != "report" else None
    try:
        _measure(chosen, load)
    except _FAILURES as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if warning:
            print(f"\n{warning}", file=sys.stderr)
    return 0


def _measure(chosen: Options, load: float) -> None:
    if chosen.what == "rules":
        print(rules.report(rules.measure()), flush=True)
        return
    if chosen.what != "report":
        with _broker(chosen.broker) as broker:
            _with_a_broker(broker, chosen, load)
    if chosen.what not in ("page", "metrics"):
        _write(chosen.into)


def _with_a_broker(broker: str, chosen: Options, load: float) -> None:
    if chosen.what == "page":
        _page(broker, chosen)
    elif chosen.what == "metrics":
        costs = metrics.compare(broker, chosen.accounts, chosen.partitions, chosen.rounds)
        print("\n" + report.metrics_cost(costs, metrics_calls.measure()), flush=True)
    else:
        for part in options.PARTS.get(chosen.what, (chosen.what,)):
            compare.PARTS[part](broker, chosen, load)
            print("\n" + document.table_of(part) + "\n", flush=True)


def _page(broker: str, chosen: Options) -> None:
    rate = chosen.rate or _PAGE_RATE
    with chromium() as browser:
        samples = page.watch(
            browser, broker, rate, chosen.seconds, chosen.warm_up, chosen.partitions
        )
        print("\n" + report.page_memory(samples) + "\n", flush=True)
        runs = page.compare(browser, broker, chosen.accounts, chosen.partitions, chosen.rounds)
        print("\n" + report.page_cost(runs), flush=True)


def _write(into: Path | None) -> None:
    """The tables and plots of all that was measured until now; a copy in the folder `into`."""
    for file in document.write():
        if into:
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, into)
        print(f"written: {into / file.name if into else file}")


@contextlib.contextmanager
def _broker(given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="bench-kafka-") as folder,
        KafkaServer(Path(folder), properties=_STEADY) as server,
    ):
        yield server.bootstrap


if __name__ == "__main__":
    sys.exit(main())

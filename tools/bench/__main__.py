"""`python -m tools.bench [throughput|latency|page|metrics|rules]`: the first two without a word.

On a Kafka that it starts itself; `rules` needs none.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaException
from playwright.sync_api import Error as PlaywrightError

from tools.bench import latency, metrics, metrics_calls, page, rules, throughput
from tools.bench.browser import NoBrowser, chromium
from tools.bench.support import report
from tools.bench.support.process import ProgramDied
from tools.bench.support.programs import PROGRAMS, Program
from tools.bench.support.proof import WorkNotDone
from tools.devbroker import BrokerError, KafkaServer

# The development server takes a broker for dead after 3 s, which full load can make it miss.
_STEADY = {"broker.session.timeout.ms": "18000"}
_WHAT = ("all", "throughput", "latency", "page", "metrics", "rules")
_LATENCY_RATE, _LATENCY_SECONDS = 1_000, 30
_PAGE_RATE, _PAGE_SECONDS = 20_000, 600
_FAILURES = (
    *(BrokerError, KafkaException, NoBrowser, PlaywrightError),
    *(ProgramDied, RuntimeError, TimeoutError, WorkNotDone),
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a program could not be run or did not do its work."""
    options = _options(arguments)
    warning = report.busy(os.getloadavg()[0], os.cpu_count() or 1)
    try:
        if options.what == "rules":
            print(rules.report(rules.measure()), flush=True)
        else:
            _with_a_broker(options)
    except _FAILURES as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if warning:
            print(f"\n{warning}", file=sys.stderr)
    return 0


def _with_a_broker(options: argparse.Namespace) -> None:
    with _broker(options.broker) as broker:
        if options.what in ("all", "throughput"):
            runs = throughput.measure(
                broker,
                _programs(options.programs),
                options.accounts,
                options.partitions,
                options.rounds,
            )
            print("\n" + report.throughput(runs) + "\n", flush=True)
        if options.what in ("all", "latency"):
            delays = [
                latency.measure(
                    broker,
                    program,
                    options.rate or _LATENCY_RATE,
                    options.seconds or _LATENCY_SECONDS,
                    options.warm_up,
                    options.partitions,
                )
                for program in _programs(options.latency_of)
            ]
            rate = options.rate or _LATENCY_RATE
            print("\n" + report.latency(delays, rate), flush=True)
        if options.what == "page":
            _page(broker, options)
        if options.what == "metrics":
            costs = metrics.compare(broker, options.accounts, options.partitions, options.rounds)
            print("\n" + report.metrics_cost(costs, metrics_calls.measure()), flush=True)


def _page(broker: str, options: argparse.Namespace) -> None:
    seconds, rate = options.seconds or _PAGE_SECONDS, options.rate or _PAGE_RATE
    with chromium() as browser:
        samples = page.watch(browser, broker, rate, seconds, options.warm_up, options.partitions)
        print("\n" + report.page_memory(samples) + "\n", flush=True)
        runs = page.compare(browser, broker, options.accounts, options.partitions, options.rounds)
        print("\n" + report.page_cost(runs), flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    known = ",".join(PROGRAMS)
    add = parser.add_argument
    add("what", nargs="?", choices=_WHAT, default="all", help="measure")
    add("--broker", metavar="HOST:PORT", help="a Kafka to use; without it one is started")
    add("--partitions", type=_positive, default=4, help="of every topic")
    add("--programs", default=known, help=f"throughput: which of {known}, in this order")
    waiting = "throughput, page, metrics: waiting in the topic"
    add("--accounts", type=_positive, default=500_000, help=waiting)
    add("--rounds", type=_positive, default=3, help="throughput, page, metrics: runs of each kind")
    add("--latency-of", default="ours", help=f"latency: which of {known}")
    rates = f"accounts a second; latency {_LATENCY_RATE:,}, page {_PAGE_RATE:,} where not given"
    add("--rate", type=_positive, help=rates)
    seconds = f"measured; latency {_LATENCY_SECONDS}, page {_PAGE_SECONDS} where not given"
    add("--seconds", type=_positive, help=seconds)
    add("--warm-up", type=int, default=45, help="latency, page: seconds at the rate before that")
    options = parser.parse_args(arguments)
    for name in f"{options.programs},{options.latency_of}".split(","):
        if name not in PROGRAMS:
            parser.error(f"there is no program {name!r}, only {known}")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return number


def _programs(names: str) -> list[Program]:
    return [PROGRAMS[name] for name in names.split(",")]


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

"""`python -m bench [throughput|latency]`: both without a word, on a Kafka that it starts itself."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import KafkaException

from bench import latency, report, throughput
from bench.process import ProgramDied
from bench.programs import PROGRAMS, Program
from bench.proof import WorkNotDone
from devbroker import BrokerError, KafkaServer

# The development server takes a broker for dead after 3 s, which full load can make it miss.
_STEADY = {"broker.session.timeout.ms": "18000"}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a program could not be run or did not do its work."""
    options = _options(arguments)
    warning = report.busy(os.getloadavg()[0], os.cpu_count() or 1)
    try:
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
                        options.rate,
                        options.seconds,
                        options.warm_up,
                        options.partitions,
                    )
                    for program in _programs(options.latency_of)
                ]
                print("\n" + report.latency(delays, options.rate), flush=True)
    except (BrokerError, KafkaException, ProgramDied, RuntimeError, TimeoutError, WorkNotDone) as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if warning:
            print(f"\n{warning}", file=sys.stderr)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    known = ",".join(PROGRAMS)
    add = parser.add_argument
    add("what", nargs="?", choices=("all", "throughput", "latency"), default="all", help="measure")
    add("--broker", metavar="HOST:PORT", help="a Kafka to use; without it one is started")
    add("--partitions", type=_positive, default=4, help="of every topic")
    add("--programs", default=known, help=f"throughput: which of {known}, in this order")
    add("--accounts", type=_positive, default=500_000, help="throughput: waiting in the topic")
    add("--rounds", type=_positive, default=3, help="throughput: runs of each program")
    add("--latency-of", default="ours", help=f"latency: which of {known}")
    add("--rate", type=_positive, default=1_000, help="latency: accounts a second")
    add("--seconds", type=_positive, default=30, help="latency: measured")
    add("--warm-up", type=int, default=45, help="latency: seconds at the rate before that")
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

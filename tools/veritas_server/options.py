"""The command line of the reference server."""

import argparse

from tools.veritas_server.faults import DISTRIBUTIONS, Faults, Window


def share(text: str) -> float:
    """A number from 0 to 1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def seconds(text: str) -> float:
    """A time of at least 0, for argparse."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError
    return value


def window(text: str) -> Window:
    """START:LENGTH in seconds, for argparse."""
    start, length = text.split(":")
    return seconds(start), seconds(length)


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.veritas_server",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=8080, help="(%(default)s)")
    add("--approval-rate", type=share, default=0.5, help="share authorized (%(default)s)")
    add("--seed", type=int, default=0, help="of answers and faults (%(default)s)")
    add("--latency", type=seconds, default=0.0, metavar="MEAN", help="seconds an answer takes")
    add(
        "--latency-distribution",
        choices=DISTRIBUTIONS,
        default="exponential",
        help="around that mean (%(default)s)",
    )
    add("--error-share", type=share, default=0.0, help="share of requests answered 500")
    add("--reject-share", type=share, default=0.0, help="share of requests answered 422")
    add("--throttle-share", type=share, default=0.0, help="share of requests answered 429")
    add(
        "--faults-during",
        type=window,
        action="append",
        default=[],
        metavar="START:LENGTH",
        help="latency and shares only from START s after the server's start for LENGTH s; "
        "may be repeated",
    )
    add(
        "--outage",
        type=window,
        action="append",
        default=[],
        metavar="START:LENGTH",
        help="answer 503 from START s after the server's start for LENGTH s; may be repeated",
    )
    add(
        "--broken",
        action="append",
        default=[],
        metavar="LAST_NAME",
        help="always answer 500 about accounts of this last name; may be repeated",
    )
    return parser


def faults(options: argparse.Namespace) -> Faults:
    """The faults that the options ask for."""
    return Faults(
        latency=options.latency,
        distribution=options.latency_distribution,
        errors=options.error_share,
        rejects=options.reject_share,
        throttles=options.throttle_share,
        outages=tuple(options.outage),
        during=tuple(options.faults_during),
        broken=frozenset(options.broken),
    )

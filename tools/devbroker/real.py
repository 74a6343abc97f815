"""A real single-node Apache Kafka on this machine: `python -m tools.devbroker.real`."""

import argparse
import sys
from pathlib import Path

from tools.devbroker.errors import BrokerError, BrokerFailedError
from tools.devbroker.here import faust
from tools.devbroker.libraries import CACHE
from tools.devbroker.output import OutputError, fail, prepare, say
from tools.devbroker.server import KafkaServer
from tools.devbroker.signals import StopRequested, stop_raises, wait_for_stop


def main(arguments: list[str] | None = None) -> int:
    """Run Kafka until Ctrl-C or SIGTERM; the exit code."""
    prepare()
    options = _options(arguments)
    server = KafkaServer(options.data, port=options.port)
    try:
        with stop_raises(), server:
            say(f"Apache Kafka on {server.bootstrap}, its data and log in {server.directory}")
            say(f"workers: FRAUD_BROKER={server.url} {faust()} -A fraud_app worker -l info")
            say("Ctrl-C stops it")
            wait_for_stop(goes_on=lambda: server.is_running)
            if not server.is_running:
                raise BrokerFailedError(f"Kafka has ended by itself, see {server.log_file}")
            say("stopping Kafka ...")
    except (BrokerError, OutputError) as error:
        return fail(str(error))
    except StopRequested as request:  # while it started
        return 128 + request.signal
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.devbroker.real", description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="port to listen on (9092)")
    parser.add_argument(
        "--data", type=Path, default=CACHE / "server", help="folder of data and log (.kafka/server)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""A real single-node Apache Kafka on this machine: `python -m devbroker.real`."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from devbroker.errors import BrokerError
from devbroker.libraries import CACHE
from devbroker.server import KafkaServer


def main(arguments: list[str] | None = None) -> int:
    """Run Kafka until Ctrl-C or SIGTERM; the exit code."""
    options = _options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    server = KafkaServer(options.data, port=options.port)
    try:
        server.start()
        print(f"Apache Kafka on {server.bootstrap}, data in {options.data}, log {server.log_file}")
        print(f"Workers: FRAUD_BROKER={server.url} faust -A fraud_app worker -l info")
        print("Ctrl-C stops it.", flush=True)
        code = server.wait()
    except KeyboardInterrupt:
        print("stopping Kafka …", flush=True)
        return 0
    except BrokerError as error:
        print(error, file=sys.stderr)
        return 1
    else:
        print(f"Kafka ended with exit code {code}, see {server.log_file}", file=sys.stderr)
        return 1
    finally:
        server.stop()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devbroker.real", description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="port to listen on (9092)")
    parser.add_argument(
        "--data", type=Path, default=CACHE / "server", help="folder of data and log (.kafka/server)"
    )
    return parser.parse_args(arguments)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

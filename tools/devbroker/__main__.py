"""The embedded broker and, on it, a worker: `python -m tools.devbroker [-- command …]`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaException

from config import Settings, SettingsError
from tools.devbroker.child import run
from tools.devbroker.embedded import EmbeddedBroker
from tools.devbroker.here import faust
from tools.devbroker.output import OutputError, fail, prepare, say
from tools.devbroker.ports import answers, is_taken
from tools.devbroker.signals import StopRequested, stop_raises, wait_for_stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the broker until the command ends, or until a signal without one; the exit code."""
    prepare()
    options = _options(arguments)
    if not options.broker_only and not options.command and is_taken(options.web_port):
        port = options.web_port
        return _fail(
            f"port {port} is taken, by another worker perhaps: stop that, or take another "
            f"port for the dashboard: make run WEB_PORT={port + 1}"
        )
    try:
        with stop_raises(), EmbeddedBroker() as broker:
            return _run_on(broker, options)
    except KafkaException as error:
        return _fail(f"the embedded broker does not start: {error}")
    except FileNotFoundError as error:
        return _fail(f"no such program: {error.filename}")
    except OutputError as error:
        return _fail(str(error))
    except StopRequested as request:
        return 128 + request.signal


def _run_on(broker: EmbeddedBroker, options: argparse.Namespace) -> int:
    settings = {
        "FRAUD_BROKER": broker.url,
        "FRAUD_CREATE_TOPICS": "false",
        "FRAUD_PARTITIONS": str(broker.partitions),
    }
    not_used = os.environ.get("FRAUD_BROKER")
    os.environ.update(settings)
    if not options.broker_only and not options.command:
        # The worker would say so itself, but below lines about a broker that runs.
        try:
            Settings.load()
        except SettingsError as error:
            return _fail(str(error))
    _explain(broker, settings, not_used)
    if options.broker_only:
        wait_for_stop()
        return 0
    env = dict(os.environ)
    if options.command:
        return run(options.command, env)
    # The data of an earlier run belongs to that run's broker, which is gone.
    with tempfile.TemporaryDirectory(prefix="fraud-worker-") as data:
        command = [sys.executable, "-m", "faust", "-A", "fraud_app", "--datadir", data]
        command += ["worker", "-l", "info", "--web-port", str(options.web_port)]
        return run(command, env, on_tick=_say_once_it_answers(options.web_port))


def _explain(broker: EmbeddedBroker, settings: dict[str, str], not_used: str | None) -> None:
    _say(f"embedded broker on {broker.address}, in memory, for one worker")
    variables = " ".join(f"{name}={value}" for name, value in settings.items())
    _say(f"in another terminal: {variables} {faust()} -A fraud_app produce 1000")
    _say("this broker serves one worker; for more run `make kafka`")
    if not_used:
        _say(
            f"FRAUD_BROKER is not used here; for that broker: {faust()} -A fraud_app worker -l info"
        )


def _say_once_it_answers(web_port: int) -> Callable[[], None]:
    said = False

    def tick() -> None:
        nonlocal said
        if not said and answers(web_port):
            said = True
            _say(f"dashboard: http://127.0.0.1:{web_port}/ (Ctrl-C stops everything)")

    return tick


def _say(line: str) -> None:
    say(f"devbroker: {line}")


def _fail(line: str) -> int:
    return fail(f"devbroker: {line}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.devbroker", description=__doc__)
    parser.add_argument("--broker-only", action="store_true", help="no worker, only the broker")
    parser.add_argument("--web-port", type=int, default=6066, help="the worker's web port (6066)")
    parser.add_argument("command", nargs="*", help="run this instead of the worker")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""A real Apache Kafka server as a child process, without Docker."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tools.devbroker.errors import BrokerFailedError, BrokerUnavailableError
from tools.devbroker.java import java
from tools.devbroker.libraries import KAFKA_FILES, libraries
from tools.devbroker.ports import LOOPBACK, free_port, is_taken
from tools.devbroker.properties import Properties, as_text, sasl_properties, server_properties
from tools.devbroker.storage import format_storage

_HEAP = ("-Xms256m", "-Xmx512m")


class KafkaServer:
    """A single Kafka server on the loopback interface: broker and controller in one.

    As a context manager it runs inside the block. It can be started again after `stop` or `kill`,
    on the same ports and data; where `directory` holds the data of an earlier server, that is
    used. Everything it writes is in `directory`: data/, server.properties and server.log.

    PLAINTEXT is always listened on, without authentication. `protocols` names more:
    SASL_PLAINTEXT, SSL or SASL_SSL. `users` (name to password) can log in on the SASL ones by
    PLAIN and SCRAM; they are written into new data only. TLS needs its `ssl.` properties, which
    go into `properties` like whatever else is to differ.

    All methods block. Not for use from several threads at once.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        protocols: Sequence[str] = (),
        users: Mapping[str, str] | None = None,
        properties: Properties | None = None,
    ) -> None:
        self.directory = directory.resolve()
        self.data = self.directory / "data"
        self.log_file = self.directory / "server.log"
        self._ports = {"PLAINTEXT": port or free_port()}
        self._ports |= {protocol: free_port() for protocol in protocols}
        self._controller_port = free_port()
        self._users = dict(users or {})
        self._properties = dict(properties or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        except BaseException:  # a second Ctrl-C among others
            self.kill()
            raise

    @property
    def bootstrap(self) -> str:
        """host:port of the PLAINTEXT listener."""
        return self.bootstrap_of("PLAINTEXT")

    @property
    def url(self) -> str:
        """The same as FRAUD_BROKER takes it."""
        return f"kafka://{self.bootstrap}"

    def bootstrap_of(self, protocol: str) -> str:
        """host:port of the listener of this protocol."""
        return f"{LOOPBACK}:{self._ports[protocol]}"

    @property
    def is_running(self) -> bool:
        """Whether its process is there (it may be paused)."""
        return self._process is not None and self._process.poll() is None

    def start(self, timeout: float = 120.0) -> None:
        """Start it and wait until it answers a metadata request: 3 s as a rule.

        Raises BrokerUnavailableError when this machine cannot run it or a port is taken, and
        BrokerFailedError when it ends or does not answer within `timeout` seconds.
        """
        if self.is_running:
            return
        java_program, jars = java(), libraries()
        for port in self._ports.values():
            if is_taken(port):
                raise BrokerUnavailableError(f"port {port} is taken by another program")
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self._write_properties()
        # Jars only on the class path: with a folder there, Java would take no archive of classes.
        logging = f"-Dlog4j2.configurationFile={KAFKA_FILES / 'log4j2.properties'}"
        command = [java_program, *_HEAP, logging, "-cp", f"{jars}/*"]
        with self.log_file.open("ab") as log:
            if not (self.data / "meta.properties").exists():
                format_storage(command, config, self._users, log)
            # A session of its own: a Ctrl-C is for the program that started it, which stops it.
            self._process = subprocess.Popen(
                [*command, "kafka.Kafka", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_ready(timeout)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 30.0) -> None:
        """Shut it down in order (SIGTERM) and wait; killed after `timeout` seconds."""
        if self._process is None:
            return
        self.resume()
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power failure would; what it wrote stays."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Stop its process in its tracks (SIGSTOP) until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _write_properties(self) -> Path:
        more: dict[str, str] = {}
        for protocol in self._ports:
            if protocol.startswith("SASL"):
                more |= sasl_properties(protocol, self._users)
        properties = server_properties(
            self.data, self._ports, self._controller_port, more | self._properties
        )
        config = self.directory / "server.properties"
        config.write_text(as_text(properties), encoding="utf-8")
        return config

    def _wait_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        # Quiet: refused connections are what is expected in the first seconds.
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        while time.monotonic() < deadline:
            if not self.is_running:
                raise BrokerFailedError(f"Kafka ended while it started, see {self.log_file}")
            with contextlib.suppress(KafkaException):
                if client.list_topics(timeout=1.0).brokers:
                    return
            time.sleep(0.1)
        raise BrokerFailedError(f"Kafka did not answer within {timeout:g} s, see {self.log_file}")

"""Passwords, TLS and client certificates, against a real Kafka that also checks rights.

The user may do what docs/kafka.md says that the worker needs, and nothing else.
"""

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from cluster.startup import StartupError, check
from config import Settings
from tests import forked
from tests.integration.stream.test_stream import total, wait_for
from tests.integration.worker import rights, tls
from tests.integration.worker.test_startup import named
from tests.topics import produce
from tests.worker import Worker
from tools.devbroker import KafkaServer

PASSWORD = "in-wonderland"
LOGIN = {"kafka_sasl_username": "fraud", "kafka_sasl_password": PASSWORD}
CHECKS_RIGHTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # The plain listener is the tests' own, and the server's.
    "super.users": "User:ANONYMOUS",
}


class Secured:
    """The server, its CA, and the settings to reach each of its listeners."""

    def __init__(self, server: KafkaServer, ca: trustme.CA, directory: Path) -> None:
        self.server = server
        ours = {"kafka_ssl_ca": tls.ca_file(ca, directory / "ca.pem")}
        certificate = tls.client_files(ca, directory, "fraud")
        self.ways: dict[str, dict[str, Any]] = {
            "SASL_PLAINTEXT": {"kafka_sasl_mechanism": "SCRAM-SHA-256", **LOGIN},
            "SASL_SSL": {"kafka_sasl_mechanism": "SCRAM-SHA-512", **LOGIN, **ours},
            "SSL": {**ours, **certificate},
        }

    def settings(self, protocol: str, prefix: str, **changes: Any) -> Settings:
        broker = f"kafka://{self.server.bootstrap_of(protocol)}"
        fields = {"kafka_security_protocol": protocol, **self.ways[protocol], **changes}
        given = {name: value for name, value in fields.items() if value is not None}
        return named(prefix, given.pop("broker", broker), **given)


@pytest.fixture(scope="module")
def secured(can_run_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory, ca = tmp_path_factory.mktemp("secured"), trustme.CA()
    with KafkaServer(
        directory,
        protocols=["SASL_PLAINTEXT", "SSL", "SASL_SSL"],
        users={"fraud": PASSWORD},
        properties=tls.server_properties(ca, directory)
        | tls.client_certificates_required(ca, directory)
        | CHECKS_RIGHTS,
    ) as server:
        yield Secured(server, ca, directory)


def environment(settings: Settings) -> dict[str, str]:
    """The variables that say what these settings do."""
    said = settings.model_dump(exclude_unset=True) | {"produce_size": 0}
    secret = settings.kafka_sasl_password
    if secret is not None:
        said["kafka_sasl_password"] = secret.get_secret_value()
    return {Settings.env_name(name): str(value) for name, value in said.items()}


def faust(worker: Worker, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["-A", "fraud_app", "--datadir", str(worker.datadir), *words]
    return forked.run(command, worker.env, timeout=120)


def page_of(worker: Worker) -> bytes:
    """The page's events, until the last verdicts are among them."""
    seen = b""
    with urllib.request.urlopen(
        f"{worker.url}/verdicts/stream?events=dashboard", timeout=30
    ) as page:
        while b'"recent":[{' not in seen:
            seen += page.read1()
    return seen


PROTOCOLS = ["SASL_PLAINTEXT", "SSL", "SASL_SSL"]


@pytest.fixture(scope="module")
def workers(
    secured: Secured, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Worker]]:
    """One for each protocol, with topics of its own; they are started together."""
    with contextlib.ExitStack() as running:
        started = {}
        for protocol in PROTOCOLS:
            settings = secured.settings(protocol, f"rights-{protocol}")
            rights.grant(secured.server.bootstrap, "fraud", rights.of_a_worker(settings))
            rights.grant(secured.server.bootstrap, "fraud", rights.of_an_operator(settings))
            worker = Worker(tmp_path_factory.mktemp(protocol), environment(settings), forked=True)
            started[protocol] = running.enter_context(worker)
        yield started


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_worker_and_commands_work_with_the_rights_of_the_readme(
    secured: Secured, workers: dict[str, Worker], protocol: str
) -> None:
    worker = workers[protocol]
    worker.wait_ready()
    sent = faust(worker, "produce", "200")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    wait_for(lambda: total(worker), 200)
    assert b'"card":"************' in page_of(worker)
    produce(
        secured.server.bootstrap,
        f"rights-{protocol}-accounts_topic",
        [b"garbage"] * 501,
        partition=0,
    )
    wait_for(lambda: "held" in worker.get("/verdicts/")[1]["partitions"]["0"], True)
    released = faust(worker, "partitions", "release", "0")
    assert released.returncode == 0, released.stdout + released.stderr
    with ThreadPoolExecutor(2) as pool:
        counting = pool.submit(faust, worker, "counts", "--json")
        proving = pool.submit(faust, worker, "reconcile")
    assert json.loads(counting.result().stdout) == worker.get("/verdicts/")[1]
    proof = proving.result()
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert worker.stop() == 0
    assert "not readable" not in worker.log
    assert "cannot read" not in worker.log
    # Limits of topics are compared where that may be asked; else there is nothing to say.
    assert "max.message.bytes" not in worker.log
    assert PASSWORD not in worker.log


def is_unready(worker: Worker, reason: str) -> bool:
    return reason in str(worker.get("/health/ready"))


def test_a_right_that_is_taken_away_is_named_until_it_is_given_back(
    secured: Secured, tmp_path: Path
) -> None:
    settings = secured.settings("SASL_PLAINTEXT", "revoked")
    bootstrap = secured.server.bootstrap
    for given in (rights.of_a_worker(settings), rights.of_an_operator(settings)):
        rights.grant(bootstrap, "fraud", given)
    verdicts = settings.verdicts_topic
    ids = f"{settings.app_id}:"
    lines: dict[str, rights.Right] = {
        f"no right to write to topic {verdicts}": (
            rights.TOPIC,
            verdicts,
            rights.LITERAL,
            rights.WRITE,
        ),
        f'no right to use transactional ids that begin with "{ids}"': (
            rights.TRANSACTIONAL_ID,
            ids,
            rights.PREFIXED,
            rights.WRITE,
        ),
    }
    with Worker(tmp_path / "worker", environment(settings), forked=True) as worker:
        worker.wait_ready()
        for number, (line, right) in enumerate(lines.items(), 1):
            rights.revoke(bootstrap, "fraud", right)
            assert faust(worker, "produce", "20").returncode == 0
            wait_for(partial(is_unready, worker, line), True)
            assert f"the brokers refuse its transactions: {line}" in worker.log
            rights.grant(bootstrap, "fraud", iter([right]))
            wait_for(lambda: total(worker), 20 * number)
            worker.wait_ready()
        assert worker.rebalances == 1
        assert worker.stop() == 0


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "password": (
        "SASL_PLAINTEXT",
        {"kafka_sasl_password": "of-queen"},
        "FRAUD_KAFKA_SASL_PASSWORD",
    ),
    "user": ("SASL_PLAINTEXT", {"kafka_sasl_username": "queen"}, "FRAUD_KAFKA_SASL_USERNAME"),
    "password over TLS": ("SASL_SSL", {"kafka_sasl_password": "x"}, "FRAUD_KAFKA_SASL_PASSWORD"),
    "CA": ("SASL_SSL", {"kafka_ssl_ca": "other-ca"}, "FRAUD_KAFKA_SSL_CA"),
    "CA of the system": ("SASL_SSL", {"kafka_ssl_ca": None}, "FRAUD_KAFKA_SSL_CA"),
    "host name": ("SASL_SSL", {"broker": "localhost"}, "FRAUD_BROKER"),
    "certificate": ("SSL", {"certificate": "other"}, "FRAUD_KAFKA_SSL_CERT"),
    "certificate left out": ("SSL", {"certificate": None}, "FRAUD_KAFKA_SSL_CERT"),
}


def wrong_settings(secured: Secured, what: str, directory: Path) -> Settings:
    protocol, changes, _ = WRONG[what]
    given = dict(changes)
    if given.get("kafka_ssl_ca"):
        given["kafka_ssl_ca"] = tls.ca_file(trustme.CA(), directory / "other-ca.pem")
    if "broker" in given:  # the same listener by a name that is not in its certificate
        address = secured.server.bootstrap_of(protocol)
        given["broker"] = f"kafka://localhost:{address.rpartition(':')[2]}"
    if "certificate" in given:
        none = dict.fromkeys(("kafka_ssl_cert", "kafka_ssl_key"))
        other = tls.client_files(trustme.CA(), directory, "fraud")
        given |= other if given.pop("certificate") else none
    return secured.settings(protocol, "nobody", **given)


@pytest.mark.parametrize("what", WRONG)
def test_what_no_waiting_can_mend_is_reported_at_once(
    secured: Secured,
    what: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = wrong_settings(secured, what, tmp_path)
    with pytest.raises(StartupError) as caught:
        check(settings, timeout=3600)
    line = str(caught.value)
    assert WRONG[what][2] in line
    assert "\n" not in line
    for secret in (PASSWORD, "of-queen"):
        assert secret not in line
    assert caplog.records == [], "it was tried again"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("what", ["password", "CA", "host name"])
def test_a_worker_ends_with_one_line_and_code_1(
    secured: Secured, what: str, tmp_path: Path, start_worker: Callable[..., Worker]
) -> None:
    worker = start_worker(environment(wrong_settings(secured, what, tmp_path)))
    assert worker.wait(timeout=40) == 1
    # Under Faust's banner.
    line = worker.log.splitlines()[-1]
    assert worker.log.count("\nfraud_app: ") == 1
    assert "Traceback" not in worker.log
    assert line.startswith("fraud_app: ")
    assert WRONG[what][2] in line

"""The Kafka of docker-compose.yml on the real server, and what the worker's image holds."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    ResourceType,
)

from tests.topics import read_topic, wait_ended
from tools.devbroker import KafkaServer, free_port
from tools.devbroker.java import java
from tools.devbroker.libraries import libraries

ROOT = Path(__file__).parents[3]

# What depends on where the server runs, and is replaced here.
PLACES = ("listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs")


def compose() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(re.sub(r"\$\{\w+:-(.*?)\}", r"\1", text))
    services: dict[str, Any] = document["services"]
    return services


def server_properties() -> dict[str, str]:
    """As the image makes them: KAFKA_A_B is a.b."""
    environment = compose()["kafka"]["environment"]
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
    }


@pytest.fixture(scope="module")
def server(can_run_kafka: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    properties = server_properties()
    ports = {port: free_port() for port in ("9092", "19092", "29093")}
    for name in PLACES[:3]:
        there = re.compile(r"(?:kafka|localhost|(?<=//)):(\d+)")
        properties[name] = there.sub(lambda m: f"127.0.0.1:{ports[m[1]]}", properties[name])
    del properties["log.dirs"]
    directory = tmp_path_factory.mktemp("compose")
    with KafkaServer(directory, port=ports["9092"], properties=properties) as server:
        yield server


def test_the_server_knows_every_variable_and_takes_its_value(server: KafkaServer) -> None:
    admin = AdminClient({"bootstrap.servers": server.bootstrap})
    broker = ConfigResource(ResourceType.BROKER, "1")
    known = admin.describe_configs([broker])[broker].result(30)
    expected = {name: v for name, v in server_properties().items() if name not in PLACES}
    assert {name: known[name].value for name in expected if name in known} == expected


def test_the_host_is_sent_to_its_own_listener(server: KafkaServer) -> None:
    (broker,) = AdminClient({"bootstrap.servers": server.bootstrap}).list_topics().brokers.values()
    assert f"{broker.host}:{broker.port}" == server.bootstrap


def test_transactions_work_with_one_broker(server: KafkaServer) -> None:
    producer = Producer({"bootstrap.servers": server.bootstrap, "transactional.id": "t"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("t", b"x")
    producer.commit_transaction(30)
    wait_ended(server.bootstrap, "t")
    assert [record.value for record in read_topic(server.bootstrap, "t")] == [b"x"]


def test_the_health_check_tells_a_living_broker_from_none(server: KafkaServer) -> None:
    script, *arguments = compose()["kafka"]["healthcheck"]["test"][1:]
    assert script == "/opt/kafka/bin/kafka-broker-api-versions.sh"
    # What that script runs.
    tool = [java(), "-cp", f"{libraries()}/*", "org.apache.kafka.tools.BrokerApiVersionsCommand"]
    # Docker's time-out counts as ill, too; a living broker may take longer here, beside tests.
    nowhere = f"127.0.0.1:{free_port()}"
    for address, healthy, timeout in ((server.bootstrap, True, 120), (nowhere, False, 10)):
        there = [address if argument == "kafka:19092" else argument for argument in arguments]
        assert address in there
        try:
            code = subprocess.run(
                [*tool, *there], capture_output=True, timeout=timeout, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            code = 1
        assert (code == 0) is healthy


def test_the_image_holds_all_that_the_worker_imports(tmp_path: Path) -> None:
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in patterns, "everything is left out but what is named"
    for source in (file for line in patterns if line[:1] == "!" for file in ROOT.glob(line[1:])):
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, tmp_path / source.name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path)
    command = [sys.executable, "-m", "faust", "-A", "fraud_app", "agents"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr

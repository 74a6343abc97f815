import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth
from pydantic import SecretStr, ValidationError

from cluster.clients import aiokafka_kwargs, faust_credentials, librdkafka
from config import Settings


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CA, and a client's certificate and key."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    client = ca.issue_cert("worker@example.org")
    paths = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    ca.cert_pem.write_to_path(paths["ca"])
    client.cert_chain_pems[0].write_to_path(paths["cert"])
    client.private_key_pem.write_to_path(paths["key"])
    return paths


def settings(**changes: Any) -> Settings:
    return Settings(**{"broker": "kafka://a:1;kafka://b:2"} | changes)


def sasl(protocol: str, **changes: Any) -> Settings:
    return settings(
        kafka_security_protocol=protocol,
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="worker",
        kafka_sasl_password=SecretStr("hunter2"),
        **changes,
    )


def all_kinds(files: dict[str, Path]) -> list[Settings]:
    tls = {
        "kafka_ssl_ca": files["ca"],
        "kafka_ssl_cert": files["cert"],
        "kafka_ssl_key": files["key"],
    }
    return [
        settings(),
        settings(kafka_security_protocol="SSL"),
        settings(kafka_security_protocol="SSL", **tls),
        sasl("SASL_PLAINTEXT"),
        sasl("SASL_SSL", **tls),
    ]


def test_a_plain_connection_needs_the_addresses_only() -> None:
    assert librdkafka(settings()) == {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "PLAINTEXT",
    }
    assert aiokafka_kwargs(settings()) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }
    assert faust_credentials(settings()) is None


def test_librdkafka_is_given_files_and_login(files: dict[str, Path]) -> None:
    assert librdkafka(all_kinds(files)[-1]) == {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(files["ca"]),
        "ssl.certificate.location": str(files["cert"]),
        "ssl.key.location": str(files["key"]),
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "worker",
        "sasl.password": "hunter2",
    }


def test_librdkafka_takes_all_kinds(files: dict[str, Path]) -> None:
    for each in all_kinds(files):
        # Refuses wrong names and values, and files that it cannot load. Connects later.
        Producer({**librdkafka(each), "bootstrap.servers": "127.0.0.1:1", "log_level": 0})


async def test_aiokafka_takes_all_kinds(files: dict[str, Path]) -> None:
    for each in all_kinds(files):
        producer = AIOKafkaProducer(**aiokafka_kwargs(each))  # checks them; connects at start()
        await producer.stop()


def test_faust_logs_in_the_way_aiokafka_does(files: dict[str, Path]) -> None:
    for each in all_kinds(files):
        by_faust = dict(credentials_to_aiokafka_auth(faust_credentials(each)))
        by_us = aiokafka_kwargs(each)
        del by_us["bootstrap_servers"]
        contexts = [kwargs.pop("ssl_context", None) for kwargs in (by_faust, by_us)]
        assert by_faust == by_us
        assert (contexts[0] is None) == (contexts[1] is None)
        assert (contexts[0] is not None) == each.kafka_security_protocol.endswith("SSL")


def test_certificate_and_host_name_of_the_broker_are_verified(files: dict[str, Path]) -> None:
    for each in all_kinds(files):
        context = aiokafka_kwargs(each).get("ssl_context")
        if context is not None:
            assert context.verify_mode is ssl.CERT_REQUIRED
            assert context.check_hostname


def test_only_the_given_ca_is_trusted(files: dict[str, Path]) -> None:
    context = aiokafka_kwargs(all_kinds(files)[2])["ssl_context"]
    (only,) = context.get_ca_certs()
    assert "trustme" in str(only["subject"])


def test_a_key_that_is_not_the_certificates_never_gets_here(
    files: dict[str, Path], tmp_path: Path
) -> None:
    others_key = tmp_path / "other.pem"
    trustme.CA().issue_cert("other@example.org").private_key_pem.write_to_path(others_key)
    tls = {"kafka_ssl_cert": files["cert"], "kafka_ssl_key": others_key}
    with pytest.raises(ValidationError, match="the private key of the certificate in"):
        settings(kafka_security_protocol="SSL", **tls)


def test_fausts_credentials_are_of_the_kind_of_the_protocol(files: dict[str, Path]) -> None:
    kinds = [type(faust_credentials(each)) for each in all_kinds(files)]
    assert kinds == [type(None), SSLCredentials, SSLCredentials, SASLCredentials, SASLCredentials]


def test_a_password_is_not_shown_with_fausts_credentials(files: dict[str, Path]) -> None:
    assert "hunter2" not in repr(faust_credentials(all_kinds(files)[-1]))

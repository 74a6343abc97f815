import os
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config import PREFIX, Settings, SettingsError, broker_addresses


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The paths of PEM files, good and bad, by what is in them."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    client = ca.issue_cert("worker@example.org", key_type=trustme.KeyType.ECDSA)
    other = ca.issue_cert("other@example.org", key_type=trustme.KeyType.ECDSA)
    other_kind = ca.issue_cert("third@example.org", key_type=trustme.KeyType.RSA)
    key = load_pem_private_key(client.private_key_pem.bytes(), password=None)
    locked = BestAvailableEncryption(b"a pass phrase")
    contents = {
        "ca": ca.cert_pem.bytes(),
        "cert": client.cert_chain_pems[0].bytes(),
        "key": client.private_key_pem.bytes(),
        "key of another": other.private_key_pem.bytes(),
        "key of another kind": other_kind.private_key_pem.bytes(),
        "key with a pass phrase": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "host name": b"localhost\n",
        "nothing": b"",
    }
    paths = {name: folder / f"{name}.pem" for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return {name: str(path) for name, path in paths.items()}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


def complaint(monkeypatch: pytest.MonkeyPatch, **environ: str) -> str:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    line = str(error.value)
    assert len(line.splitlines()) == 1
    assert len(line) < 250
    return line


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("FRAUD_BROKER", "kafka://localhost:9092"),
        ("FRAUD_APP_ID", "fraud-app"),
        ("FRAUD_ACCOUNTS_TOPIC", "bankaccount"),
        ("FRAUD_VERDICTS_TOPIC", "account_verdicts"),
        ("FRAUD_DEAD_LETTERS_TOPIC", "bankaccount_dead_letters"),
        ("FRAUD_RULES_TOPIC", "account_rules"),
        ("FRAUD_PARTITIONS", 4),
        ("FRAUD_VERDICTS_RETENTION", 7),
        ("FRAUD_PRODUCE_INTERVAL", 1.0),
        ("FRAUD_PRODUCE_SIZE", 1),
        ("FRAUD_SEED", None),
        ("FRAUD_VERITAS_URL", None),
        ("FRAUD_APPROVAL_RATE", 0.5),
        ("FRAUD_VERITAS_SEED", 0),
        ("FRAUD_STORE", "memory://"),
        ("FRAUD_WEB_HOST", "127.0.0.1"),
    ],
)
def test_the_defaults_are_the_published_ones(variable: str, expected: Any) -> None:
    (field,) = [each for each in Settings.model_fields if Settings.env_name(each) == variable]
    assert getattr(Settings.load(), field) == expected


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("FRAUD_BROKER", "kafka://a:1;kafka://b:2", "broker", "kafka://a:1;kafka://b:2"),
        ("FRAUD_BROKER", "aiokafka://a", "broker", "aiokafka://a"),
        ("FRAUD_PARTITIONS", "12", "partitions", 12),
        ("FRAUD_VERDICTS_RETENTION", "-1", "verdicts_retention", -1),
        ("FRAUD_PRODUCE_INTERVAL", "0.25", "produce_interval", 0.25),
        ("FRAUD_PRODUCE_SIZE", "0", "produce_size", 0),
        ("FRAUD_SEED", "-3", "seed", -3),
        ("FRAUD_SEED", "", "seed", None),
        ("FRAUD_VERITAS_URL", "", "veritas_url", None),
        ("FRAUD_VERITAS_URL", "https://veritas:8443/v1/", "veritas_url", "https://veritas:8443/v1"),
        ("FRAUD_APPROVAL_RATE", "1", "approval_rate", 1.0),
        ("FRAUD_STORE", "rocksdb://", "store", "rocksdb://"),
        ("FRAUD_VERITAS_SEND_CARD", "1", "veritas_send_card", True),
        ("FRAUD_CREATE_TOPICS", "no", "create_topics", False),
        ("FRAUD_WEB_HOST", "::", "web_host", "::"),
        ("FRAUD_LOG_FORMAT", "json", "log_format", "json"),
        ("FRAUD_MAX_INVALID_RATIO", "1.0", "max_invalid_ratio", 1.0),
        ("FRAUD_REPLAY_MAX_FAILED", "0.25", "replay_max_failed", 0.25),
    ],
)
def test_a_setting_is_read_from_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: Any
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(Settings.load(), field) == expected


@pytest.mark.parametrize(
    ("variable", "value", "accepts"),
    [
        ("FRAUD_PARTITIONS", "four", "a whole number from 1 to 10000"),
        ("FRAUD_PARTITIONS", "0", "a whole number from 1 to 10000"),
        ("FRAUD_PARTITIONS", "2.5", "a whole number from 1 to 10000"),
        ("FRAUD_REPLICATION_FACTOR", "0", "a whole number from 1 to 100"),
        ("FRAUD_VERDICTS_RETENTION", "0", "a whole number of days from 1 to 36500, or -1 for ever"),
        ("FRAUD_VERDICTS_RETENTION", "-2", "a whole number of days from 1 to 36500, or -1"),
        ("FRAUD_VERDICTS_RETENTION", "7d", "a whole number of days from 1 to 36500, or -1"),
        ("FRAUD_APPROVAL_RATE", "1.5", "a number from 0 to 1"),
        ("FRAUD_APPROVAL_RATE", "-0.1", "a number from 0 to 1"),
        ("FRAUD_APPROVAL_RATE", "nan", "a number from 0 to 1"),
        ("FRAUD_APPROVAL_RATE", "half", "a number from 0 to 1"),
        ("FRAUD_PRODUCE_INTERVAL", "-1", "a number of seconds above 0, at most 86400"),
        ("FRAUD_PRODUCE_INTERVAL", "0", "a number of seconds above 0, at most 86400"),
        ("FRAUD_PRODUCE_INTERVAL", "inf", "a number of seconds above 0, at most 86400"),
        ("FRAUD_HEARTBEAT_INTERVAL", "0.0001", "a number of seconds from 0.1 to 86400"),
        ("FRAUD_PRODUCE_SIZE", "-1", "a whole number from 0 to 1000000"),
        ("FRAUD_SEED", "lucky", "a whole number"),
        ("FRAUD_VERITAS_CONCURRENCY", "0", "a whole number from 1 to 1000000"),
        ("FRAUD_CREATE_TOPICS", "perhaps", "1 or 0 (also true/false, yes/no, on/off)"),
        ("FRAUD_STORE", "aerospike://", "memory:// or rocksdb://"),
        ("FRAUD_STORE", "memory", "memory:// or rocksdb://"),
        ("FRAUD_ACCOUNTS_TOPIC", "bank account", "1 to 249 letters, digits, '.', '_' or '-'"),
        ("FRAUD_ACCOUNTS_TOPIC", "..", "1 to 249 letters, digits, '.', '_' or '-'"),
        ("FRAUD_APP_ID", "a/b", "1 to 200 letters, digits, '.', '_' or '-'"),
        ("FRAUD_WEB_HOST", "http://x", "a host name or address"),
        ("FRAUD_VERITAS_URL", "veritas:80", "a URL such as https://host:port/path, "),
        ("FRAUD_VERITAS_URL", "ftp://veritas", "a URL such as https://host:port/path, "),
        ("FRAUD_VERITAS_URL", "http://a\nb", "a URL such as https://host:port/path, "),
        ("FRAUD_VERITAS_URL", "http://", "a URL such as https://host:port/path, "),
        ("FRAUD_LOG_FORMAT", "xml", "human or json"),
        ("FRAUD_KAFKA_SECURITY_PROTOCOL", "TLS", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
        ("FRAUD_KAFKA_SASL_MECHANISM", "GSSAPI", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
        ("FRAUD_KAFKA_SSL_CA", "/no/such/file", "the path of a PEM file with a certificate"),
        ("FRAUD_KAFKA_SSL_CA", "/", "the path of a PEM file with a certificate"),
        ("FRAUD_KAFKA_SSL_KEY", "/no/such/file", "the path of a file that can be read"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, accepts: str
) -> None:
    line = complaint(monkeypatch, **{variable: value})
    assert line.startswith(f"{variable} is {value!r}, but must be {accepts}")


@pytest.mark.parametrize("variable", ["FRAUD_ACCOUNTS_TOPIC", "FRAUD_APP_ID", "FRAUD_BROKER"])
def test_an_empty_setting_that_is_needed_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    assert complaint(monkeypatch, **{variable: ""}).startswith(f"{variable} is empty, but must be ")


@pytest.mark.parametrize(
    "broker",
    [
        "localhost:9092",
        "http://localhost:9092",
        "kafka://",
        "kafka://:9092",
        "kafka://host:port",
        "kafka://host:70000",
        "kafka://host:0",
        "kafka://a:1;",
        "kafka://a:1;;kafka://b:2",
        "kafka://a:1,b:2",
        "kafka://a:1;http://b:2",
        "kafka://a:1/topic",
        "kafka://a b:1",
        "kafka://[::1:9092",
        "kafka://a\nb",
        "kafka://a:1\n",
        "kafka://a:1;\tkafka://b:2",
        "kafka://a:1\x1b;b",
    ],
)
def test_a_broker_url_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, broker: str
) -> None:
    line = complaint(monkeypatch, FRAUD_BROKER=broker)
    assert line.startswith(f"FRAUD_BROKER is {broker!r}, but must be kafka://host:port")


@pytest.mark.parametrize(
    ("broker", "addresses"),
    [
        ("kafka://localhost", ("localhost:9092",)),
        ("kafka://a:1;kafka://b:2", ("a:1", "b:2")),
        ("aiokafka://a:1 ; b", ("a:1", "b:9092")),
        ("kafka://[::1]:9093", ("[::1]:9093",)),
        ("kafka://10.0.0.1:9093/", ("10.0.0.1:9093",)),
    ],
)
def test_brokers_are_read_as_hosts_and_ports(broker: str, addresses: tuple[str, ...]) -> None:
    assert broker_addresses(broker) == addresses


@given(st.text())
def test_no_broker_whatever_raises_anything_but_a_value_error(broker: str) -> None:
    try:
        addresses = broker_addresses(broker)
    except ValueError:
        return
    assert all(address.rpartition(":")[0] for address in addresses)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("FRAUD_BROKER", "kafka://user:hunter2@host:9092"),
        ("FRAUD_BROKER", "kafka://a:1;kafka://user:hunter2@host:9092"),
        ("FRAUD_VERITAS_URL", "https://user:hunter2@host"),
        ("FRAUD_VERITAS_URL", "https://user:hunt@er2@host"),
    ],
)
def test_credentials_in_a_url_are_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    line = complaint(monkeypatch, **{variable: url})
    assert "no credentials" in line
    assert "er2" not in line
    assert "user" not in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [("FRAUD_TOKEN_KEY", "hunter2" * 10), ("FRAUD_TOKEN_KEY", "ü" * 33)]
    + [(f"FRAUD_{name}", " ") for name in ("WEB_TOKEN", "VERITAS_TOKEN", "KAFKA_SASL_PASSWORD")],
)
def test_a_secret_is_masked_when_it_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    line = complaint(monkeypatch, **{variable: value})
    assert line.startswith(f"{variable} is ********, but must be ")
    assert value.strip() == "" or value not in line


def test_secrets_are_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        name: f"hunter2-{name}"
        for name in ("FRAUD_TOKEN_KEY", "FRAUD_WEB_TOKEN", "FRAUD_VERITAS_TOKEN")
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_plain_constructor_shows_no_values_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_TOKEN_KEY", "hunter2" * 10)
    with pytest.raises(ValidationError) as error:
        Settings()
    assert "hunter2" not in str(error.value)


def test_a_long_value_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "…, but must be" in complaint(monkeypatch, FRAUD_PARTITIONS="x\n" * 500)


@pytest.mark.parametrize(
    ("variable", "topic", "accepts"),
    [
        ("FRAUD_VERDICTS_TOPIC", "bankaccount", "another topic than FRAUD_ACCOUNTS_TOPIC"),
        ("FRAUD_DEAD_LETTERS_TOPIC", "bankaccount", "another topic than those of"),
        ("FRAUD_DEAD_LETTERS_TOPIC", "account_verdicts", "another topic than those of"),
        ("FRAUD_RULES_TOPIC", "bankaccount", "another topic than those of"),
    ],
)
def test_two_topics_cannot_be_the_same(
    monkeypatch: pytest.MonkeyPatch, variable: str, topic: str, accepts: str
) -> None:
    line = complaint(monkeypatch, **{variable: topic})
    assert line.startswith(f"{variable} is {topic!r}, but must be {accepts}")


@pytest.mark.parametrize("field", ["accounts", "verdicts", "dead_letters", "rules"])
def test_no_topic_is_an_internal_one(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    variable = f"FRAUD_{field.upper()}_TOPIC"
    monkeypatch.setenv("FRAUD_APP_ID", "pay")
    for end in ("verdict_counts-changelog", "workers", "control", "__assignor-__leader"):
        line = complaint(monkeypatch, **{variable: f"pay-{end}"})
        assert line == (
            f"{variable} is 'pay-{end}', but must be another topic than the internal ones of "
            "FRAUD_APP_ID (pay)"
        )
    monkeypatch.setenv(variable, "pay-own")
    Settings.load()


def test_the_session_timeout_leaves_room_for_two_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAUD_HEARTBEAT_INTERVAL", "3")
    assert complaint(monkeypatch, FRAUD_SESSION_TIMEOUT="6") == (
        "FRAUD_SESSION_TIMEOUT is '6', but must be more than twice FRAUD_HEARTBEAT_INTERVAL (3)"
    )
    monkeypatch.setenv("FRAUD_SESSION_TIMEOUT", "6.1")
    assert Settings.load().session_timeout == 6.1
    monkeypatch.delenv("FRAUD_SESSION_TIMEOUT")
    assert complaint(monkeypatch, FRAUD_HEARTBEAT_INTERVAL="5").startswith(
        "FRAUD_SESSION_TIMEOUT is 10.0 (the default), but must be more than twice"
    )


def test_connecting_takes_no_longer_than_the_whole_call(monkeypatch: pytest.MonkeyPatch) -> None:
    line = complaint(monkeypatch, FRAUD_VERITAS_TIMEOUT="0.5")
    assert line.startswith(
        "FRAUD_VERITAS_CONNECT_TIMEOUT is 1.0 (the default), but must be at most"
    )


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_USERNAME"),
        ({"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_USERNAME": "me"}, "SASL_PASSWORD"),
        ({"SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SASL_PASSWORD": "x"}, "SASL_USERNAME"),
        ({"SASL_USERNAME": "me"}, "SASL_USERNAME"),
        ({"SECURITY_PROTOCOL": "SSL", "SASL_PASSWORD": "x"}, "SASL_PASSWORD"),
        ({"SSL_CA": "ca"}, "SSL_CA"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CERT": "cert"}, "SSL_KEY"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY": "key"}, "SSL_CERT"),
    ],
)
def test_half_of_a_secure_connection_is_refused(
    monkeypatch: pytest.MonkeyPatch, tls: dict[str, str], environ: dict[str, str], variable: str
) -> None:
    given = {f"FRAUD_KAFKA_{name}": tls.get(value, value) for name, value in environ.items()}
    line = complaint(monkeypatch, **given)
    assert line.startswith(f"FRAUD_KAFKA_{variable} is ")
    assert ", as FRAUD_KAFKA_S" in line


@pytest.mark.parametrize(
    ("changes", "variable", "accepts"),
    [
        ({"CA": "host name"}, "CA", "the path of a PEM file with a certificate"),
        ({"CA": "nothing"}, "CA", "the path of a PEM file with a certificate"),
        ({"CERT": "key"}, "CERT", "the path of a PEM file with a certificate"),
        ({"KEY": "cert"}, "KEY", "the path of a PEM file with a private key without a pass phrase"),
        ({"KEY": "key with a pass phrase"}, "KEY", "the path of a PEM file with a private key"),
        ({"KEY": "key of another"}, "KEY", "the private key of the certificate in FRAUD_KAFKA_"),
        ({"KEY": "key of another kind"}, "KEY", "the private key of the certificate in FRAUD_"),
    ],
)
def test_a_tls_file_that_cannot_be_used_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
    tls: dict[str, str],
    changes: dict[str, str],
    variable: str,
    accepts: str,
) -> None:
    files = {"CA": "ca", "CERT": "cert", "KEY": "key", **changes}
    monkeypatch.setenv("FRAUD_KAFKA_SECURITY_PROTOCOL", "SSL")
    line = complaint(
        monkeypatch, **{f"FRAUD_KAFKA_SSL_{name}": tls[of] for name, of in files.items()}
    )
    assert line.startswith(f"FRAUD_KAFKA_SSL_{variable} is ")
    assert f", but must be {accepts}" in line


def test_tls_files_that_belong_together_are_taken(
    monkeypatch: pytest.MonkeyPatch, tls: dict[str, str]
) -> None:
    monkeypatch.setenv("FRAUD_KAFKA_SECURITY_PROTOCOL", "SSL")
    for name in ("ca", "cert", "key"):
        monkeypatch.setenv(f"FRAUD_KAFKA_SSL_{name.upper()}", tls[name])
    assert str(Settings.load().kafka_ssl_key) == tls["key"]


def test_only_the_first_of_several_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    line = complaint(monkeypatch, FRAUD_PARTITIONS="x", FRAUD_APPROVAL_RATE="2")
    assert line.startswith("FRAUD_PARTITIONS")
    assert "RATE" not in line


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().partitions = 5  # type: ignore[misc]


@pytest.mark.parametrize("field", list(Settings.model_fields))
def test_each_setting_has_a_description_and_says_what_it_accepts(
    monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    assert Settings.model_fields[field].description
    if field == "kafka_sasl_username":
        return  # any text will do
    # Nothing can be used that is blank, has a NUL or is this long.
    line = complaint(monkeypatch, **{Settings.env_name(field): " " * 300})
    assert line.startswith(f"{Settings.env_name(field)} is ")
    assert "must be" in line


def test_unknown_variables_with_our_prefix_are_named() -> None:
    environ = {
        "FRAUD_BROKR": "x",
        "FRAUD_APPROVALRATE": "x",
        "FRAUD_BROKER": "x",
        "FRAUD_TEST_BROKER": "the tests' own",
        "PATH": "x",
    }
    assert Settings.unknown(environ) == ["FRAUD_APPROVALRATE", "FRAUD_BROKR"]


def test_unknown_variables_are_those_of_the_process_when_no_others_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.unknown() == []
    monkeypatch.setenv("FRAUD_BROKR", "x")
    assert Settings.unknown() == ["FRAUD_BROKR"]


def test_the_development_key_is_known_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().token_key_is_default
    monkeypatch.setenv("FRAUD_TOKEN_KEY", "another")
    settings = Settings.load()
    assert not settings.token_key_is_default
    assert settings.token_key_bytes == b"another"


@pytest.mark.parametrize("key", ["k", "k" * 64, "ü" * 32])
def test_every_key_that_blake2b_takes_is_taken(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("FRAUD_TOKEN_KEY", key)
    assert Settings.load().token_key_bytes == key.encode()

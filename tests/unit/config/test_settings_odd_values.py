"""Secrets, addresses and bytes that somebody gave by mistake: one line, no secret in it."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import hypothesis
import pytest
from faust.transport.drivers.aiokafka import server_list
from faust.utils.urls import urllist
from hypothesis import example, given
from hypothesis import strategies as st

from cluster.clients import aiokafka_kwargs, faust_brokers, librdkafka
from config import PREFIX, Settings, SettingsError
from config.addresses import without_credentials

ROOT = Path(__file__).parents[3]
SECRETS = [
    *("FRAUD_TOKEN_KEY", "FRAUD_WEB_TOKEN", "FRAUD_VERITAS_TOKEN"),
    *("FRAUD_KAFKA_SASL_PASSWORD", "FRAUD_KAFKA_SASL_USERNAME"),
]
SASL = {
    "FRAUD_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "FRAUD_KAFKA_SASL_USERNAME": "me",
    "FRAUD_KAFKA_SASL_PASSWORD": "hunter2",
}
VARIABLES = sorted(Settings.env_name(field) for field in Settings.model_fields)
#: What an environment variable can hold: any bytes but NUL, as Python reads them.
VALUES = st.binary(max_size=120).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"")))


def load(**environ: str) -> Settings:
    others = {name: v for name, v in os.environ.items() if not name.upper().startswith(PREFIX)}
    with mock.patch.dict(os.environ, {**others, **environ}, clear=True):
        return Settings.load()


def refused(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert len(line) < 300
    return line


def value_of(settings: Settings, variable: str) -> str:
    value = getattr(settings, variable.removeprefix(PREFIX).lower())
    return str(value if isinstance(value, str) else value.get_secret_value())


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t", " \n\n"])
def test_the_line_end_of_a_secret_file_is_cut_off_and_named(variable: str, end: str) -> None:
    given_to_it = {**(SASL if "SASL" in variable else {}), variable: f"hunter2{end}"}
    assert value_of(load(**given_to_it), variable) == "hunter2"
    assert Settings.trimmed(given_to_it) == [variable]
    assert Settings.trimmed({variable: "hunter2", "PATH": "x\n"}) == []


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("value", ["\n", " ", "\r\n\t"])
def test_a_secret_of_nothing_but_blanks_is_refused(variable: str, value: str) -> None:
    line = refused(**{**(SASL if "SASL" in variable else {}), variable: value})
    assert line.startswith(f"{variable} is ")


@pytest.mark.parametrize("variable", ["FRAUD_WEB_TOKEN", "FRAUD_VERITAS_TOKEN"])
@pytest.mark.parametrize(
    "value", [" hunter2", "hun\nter2", "hun\rter2", "hun\x1bter2", "\thunter2"]
)
def test_a_token_that_no_header_can_hold_is_refused(variable: str, value: str) -> None:
    line = refused(**{variable: value})
    assert line.startswith(f"{variable} is ********, but must be printable text")


@pytest.mark.parametrize("value", ["hunter2", "correct horse battery", "ü", "a+/=~._-"])
def test_other_tokens_stay_as_they_are(value: str) -> None:
    assert value_of(load(FRAUD_WEB_TOKEN=value), "FRAUD_WEB_TOKEN") == value


@pytest.mark.parametrize("variable", VARIABLES)
def test_bytes_that_are_not_utf8_are_refused_in_one_line(variable: str) -> None:
    assert refused(**{variable: os.fsdecode(b"a\xff")}).startswith(f"{variable} is ")


def test_the_program_says_so_in_one_line_too() -> None:
    environ = {**os.environb, b"FRAUD_TOKEN_KEY": b"\xff"}
    done = subprocess.run(
        [sys.executable, "-m", "faust", "-A", "fraud_app", "worker"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == ("fraud_app: FRAUD_TOKEN_KEY is ********, but must be text in UTF-8\n")


@pytest.mark.parametrize("variable", VARIABLES)
@hypothesis.settings(max_examples=20)
@given(value=VALUES)
def test_whatever_a_setting_holds_it_is_taken_or_refused_in_one_line(
    variable: str, value: str
) -> None:
    try:
        load(**{variable: value})
    except SettingsError as error:
        line = str(error)
        assert line.startswith("FRAUD_")
        assert ", but must be " in line
        assert line.isprintable()
        assert len(line) < 400


@pytest.mark.parametrize("variable", [name for name in SECRETS if "USERNAME" not in name])
@hypothesis.settings(max_examples=20)
@given(value=VALUES)
def test_no_error_shows_a_secret(variable: str, value: str) -> None:
    # The blank user name is refused where the secret itself is not.
    environ = {**SASL, "FRAUD_KAFKA_SASL_USERNAME": " ", variable: f"hunter2{value}hunter2"}
    assert "hunter2" not in refused(**environ)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("FRAUD_BROKER", "kafka://user:hun{}ter2@host:9092"),
        ("FRAUD_BROKER", "user:hun{}ter2@host:9092"),
        ("FRAUD_BROKER", "kafka://a:1;kafka://user:hun{}ter2@host:9092"),
        ("FRAUD_BROKER", "kafka://user:hun{}ter2@host:9092;kafka://b:1"),
        ("FRAUD_VERITAS_URL", "https://u:hun{}ter2@h/"),
        ("FRAUD_VERITAS_URL", "u:hun{}ter2@h/"),
        ("FRAUD_VERITAS_URL", "https://h/?token=hun{}ter2"),
        ("FRAUD_VERITAS_URL", "https://h/#hun{}ter2"),
        ("FRAUD_STORE", "rocks://user:hun{}ter2@h/"),
        ("FRAUD_WEB_HOST", "user:hun{}ter2@host/x"),
    ],
)
@hypothesis.settings(max_examples=30)
@given(inside=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30))
@example(inside="/")
@example(inside="@/@")
@example(inside=";//?#")
def test_credentials_are_never_shown(variable: str, url: str, inside: str) -> None:
    line = refused(**{variable: url.format(inside)})
    assert line.startswith(f"{variable} is ")
    assert "hun" not in line.partition(", but must be")[0]
    assert "ter2" not in line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("kafka://user:pa/ss@host:9092", "kafka://********@host:9092"),
        ("user:secret@host:9092", "********@host:9092"),
        ("https://u:to/ken@h/", "https://********@h/"),
        ("https://h/path?key=x#y", "https://h/path?********"),
        ("kafka://host:port", "kafka://host:port"),
        ("https://h/?key=a@b", "https://********"),
        ("veritas:80", "veritas:80"),
        ("", ""),
    ],
)
def test_the_rest_of_an_address_stays_readable(value: str, shown: str) -> None:
    assert without_credentials(value) == shown


@pytest.mark.parametrize(
    ("broker", "addresses"),
    [
        ("kafka://a:9092;b:9092", ["a:9092", "b:9092"]),
        ("a:1;kafka://b", ["a:1", "b:9092"]),
        ("kafka://a;b;c:3", ["a:9092", "b:9092", "c:3"]),
        ("aiokafka://a.example.org.:1", ["a.example.org.:1"]),
        ("kafka://[::1]:9093;[fe80::2]", ["[::1]:9093", "[fe80::2]:9092"]),
        ("kafka://my_kafka:1", ["my_kafka:1"]),
    ],
)
def test_all_three_clients_get_the_same_addresses(broker: str, addresses: list[str]) -> None:
    settings = load(FRAUD_BROKER=broker)
    assert librdkafka(settings)["bootstrap.servers"] == ",".join(addresses)
    assert aiokafka_kwargs(settings)["bootstrap_servers"] == addresses
    # Faust reads the URLs once more, and makes of them what it hands to aiokafka.
    assert server_list(urllist(faust_brokers(settings)), 9092) == addresses


def test_a_name_in_another_script_is_handed_on_in_ascii() -> None:
    assert librdkafka(load(FRAUD_BROKER="kafka://bücher:1"))["bootstrap.servers"] == (
        "xn--bcher-kva:1"
    )


@pytest.mark.parametrize(
    "host", [".veritas", "a..b", "..", "x" * 64, "a.b" * 100, "a%20b", "a,b", "[::g]", "a\u2025b"]
)
def test_a_host_that_no_resolver_takes_is_refused(host: str) -> None:
    for variable, scheme in (("FRAUD_BROKER", "kafka"), ("FRAUD_VERITAS_URL", "http")):
        assert refused(**{variable: f"{scheme}://{host}:8080"}).startswith(f"{variable} is ")
    assert refused(FRAUD_WEB_HOST=host).startswith("FRAUD_WEB_HOST is ")


@pytest.mark.parametrize("url", ["http://veritas:8080/?", "http://veritas/#", "http://v/a?b=c"])
def test_a_url_that_no_path_can_be_added_to_is_refused(url: str) -> None:
    assert "a URL such as" in refused(FRAUD_VERITAS_URL=url)

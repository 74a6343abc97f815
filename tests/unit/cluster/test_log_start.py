"""What a worker logs about its settings at the start."""

import logging

import pytest
from pydantic import SecretStr

from cluster.startup.worker import log_start
from config import Settings


def warnings(caplog: pytest.LogCaptureFixture, settings: Settings) -> list[str]:
    caplog.clear()
    log_start(settings, "0.2.0")
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def keyed(key: str) -> Settings:
    return Settings(token_key=SecretStr(key), produce_size=0)


@pytest.mark.parametrize("key", ["z", "k" * 15, "ü" * 7])
def test_a_key_that_can_be_guessed_is_a_warning_that_does_not_show_it(
    caplog: pytest.LogCaptureFixture, key: str
) -> None:
    [line] = warnings(caplog, keyed(key))
    assert line == (
        "FRAUD_TOKEN_KEY is short enough to be guessed from the key id in every verdict: make one "
        "with `openssl rand -hex 32`"
    )


@pytest.mark.parametrize("key", ["k" * 16, "ü" * 8, "k" * 64])
def test_a_longer_key_is_none(caplog: pytest.LogCaptureFixture, key: str) -> None:
    assert warnings(caplog, keyed(key)) == []


def test_the_development_key_and_fake_accounts_are_warnings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    development, fakes = warnings(caplog, Settings())
    assert development.startswith("FRAUD_TOKEN_KEY is not set: ")
    assert "FRAUD_PRODUCE_SIZE=0" in fakes

"""Every setting of the program: its default, its meaning and its check.

A setting `some_name` is read from the environment variable `FRAUD_SOME_NAME`.
"""

import os
from collections.abc import Mapping
from typing import Any, Self, get_type_hints

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

import config.values as kinds
from config.errors import PREFIX, SettingsError, env_name, one_line, refuse
from config.internal_topics import internal_topics
from config.pem import CertificateError, KeyFileError, NoPairError, check_pair

__all__ = ["PREFIX", "Settings", "SettingsError"]

_TESTS_PREFIX = "FRAUD_TEST_"
_DEVELOPMENT_KEY = "development-key-not-for-production"
# 16 random bytes are 128 bits, which cannot be guessed.
_GUESSABLE_KEY_BYTES = 16


class Settings(BaseSettings):
    """The settings of one process; they do not change after they were read.

    Use `Settings.load()` at a start. The plain constructor takes values by name besides (for
    tests and tools) and raises pydantic's ValidationError, which shows no values.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    broker: kinds.Broker = Field(
        default="kafka://localhost:9092",
        description="brokers, such as `kafka://one:9092;two:9092`",
    )
    app_id: kinds.AppId = Field(
        default="fraud-app",
        description="Faust app id = consumer group = prefix of changelog topics",
    )
    accounts_topic: kinds.Topic = Field(
        default="bankaccount", description="topic of the accounts, in"
    )
    verdicts_topic: kinds.Topic = Field(
        default="account_verdicts", description="topic of verdicts, out"
    )
    dead_letters_topic: kinds.Topic = Field(
        default="bankaccount_dead_letters",
        description="topic of dead letters, out: inputs without a verdict",
    )
    rules_topic: kinds.Topic = Field(
        default="account_rules", description="topic of published rule sets; one partition"
    )
    partitions: kinds.Partitions = Field(
        default=4, description="partitions of each topic when the app creates it"
    )
    replication_factor: kinds.Replicas = Field(
        default=1, description="copies of each partition when the app creates a topic"
    )
    create_topics: kinds.Flag = Field(
        default=True, description="create missing topics (the embedded broker cannot)"
    )
    verdicts_retention: kinds.Days = Field(
        default=7,
        description="days that the verdicts topic keeps verdicts when the app creates it; -1: for "
        "ever",
    )
    produce_interval: kinds.Seconds = Field(
        default=1.0, description="seconds between ticks of the producer agent"
    )
    produce_size: kinds.CountOrZero = Field(
        default=1, description="fake accounts per tick; 0 turns the producer off"
    )
    seed: kinds.Whole | None = Field(
        default=None, description="makes the fake accounts reproducible"
    )

    veritas_url: kinds.HttpUrl | None = Field(
        default=None, description="verification service over HTTP; none = the simulated one"
    )
    approval_rate: kinds.Share = Field(
        default=0.5, description="share that the simulated service authorizes"
    )
    veritas_seed: kinds.Whole = Field(
        default=0, description="seed of the simulated service's answers"
    )
    veritas_send_card: kinds.Flag = Field(
        default=False, description="send the full card number to the verification service"
    )
    veritas_token: kinds.BearerToken | None = Field(
        default=None, description="bearer token for the verification service"
    )
    veritas_timeout: kinds.Seconds = Field(
        default=5.0, description="seconds for one call of the verification service in all"
    )
    veritas_connect_timeout: kinds.Seconds = Field(
        default=1.0, description="seconds to connect to the verification service"
    )
    veritas_concurrency: kinds.Count = Field(
        default=64, description="accounts asked about at once, pauses between retries included"
    )
    veritas_attempts: kinds.Attempts = Field(
        default=4, description="calls about one account in a round of attempts"
    )
    veritas_rejected_in_a_row: kinds.Count = Field(
        default=10,
        description="rejections in a row, without an answer between, that make all accounts wait",
    )

    token_key: kinds.TokenKey = Field(
        default=SecretStr(_DEVELOPMENT_KEY), description="key of the account token"
    )
    max_invalid_ratio: kinds.Share = Field(
        default=0.5,
        description="share of dead letters among a partition's last 1,000 records above which "
        "the partition is no longer read; 1.0 turns the limit off",
    )
    degraded_lag: kinds.SecondsOrZero = Field(
        default=30.0,
        description="seconds for which the lag grows until the worker is degraded; 0: never",
    )
    degraded_latency: kinds.SecondsOrZero = Field(
        default=30.0,
        description="age of the oldest pending account, and 99th percentile of the latency, in "
        "seconds, from which the worker is degraded; 0: never",
    )
    degraded_veritas_failures: kinds.Share = Field(
        default=0.25,
        description="share of failed calls of the verification service from which the worker is "
        "degraded; 0: never",
    )
    degraded_veritas_latency: kinds.SecondsOrZero = Field(
        default=1.0,
        description="seconds for one call of the verification service; when half of the calls "
        "take so long, the worker is degraded; 0: never",
    )
    replay_max_failed: kinds.Share = Field(
        default=0.1,
        description="share of a portion of replays that may be dead letters again before "
        "`dead-letters replay` stops; 1.0 turns that off",
    )
    store: kinds.Store = Field(
        default="memory://", description="table store; `rocksdb://` for large state"
    )
    session_timeout: kinds.Seconds = Field(
        default=10.0,
        description="seconds without a heartbeat until the group takes a worker for dead",
    )
    heartbeat_interval: kinds.Heartbeat = Field(
        default=0.25,
        description="seconds between heartbeats, by which a worker learns of a rebalance",
    )
    batch_records: kinds.Count = Field(default=2_000, description="records in one batch, at most")
    batch_bytes: kinds.Bytes = Field(default=1_000_000, description="bytes in one batch, at most")

    web_host: kinds.Host = Field(default="127.0.0.1", description="web bind address")
    web_token: kinds.BearerToken | None = Field(
        default=None, description="bearer token asked for on every web path but health"
    )
    log_format: kinds.LogFormat = Field(default="human", description="`human` or `json` log lines")

    kafka_security_protocol: kinds.SecurityProtocol = Field(
        default="PLAINTEXT", description="how to speak to Kafka"
    )
    kafka_sasl_mechanism: kinds.SaslMechanism = Field(default="PLAIN", description="SASL mechanism")
    kafka_sasl_username: kinds.UserName | None = Field(default=None, description="SASL user")
    kafka_sasl_password: kinds.Password | None = Field(default=None, description="SASL password")
    kafka_ssl_ca: kinds.CertificateFile | None = Field(
        default=None, description="PEM file of the CAs to trust; none = the system's"
    )
    kafka_ssl_cert: kinds.CertificateFile | None = Field(
        default=None, description="PEM file of the client's certificate"
    )
    kafka_ssl_key: kinds.ReadableFile | None = Field(
        default=None, description="PEM file of its private key, without a pass phrase"
    )

    @classmethod
    def load(cls) -> Self:
        """The settings of the environment; SettingsError for the first that cannot be used."""
        try:
            return cls()
        except ValidationError as error:
            line = one_line(cls, error)
        # Raised out here, so that no traceback shows pydantic's error, which knows the values.
        raise SettingsError(line)

    @classmethod
    def env_name(cls, field: str) -> str:
        """The environment variable of a field."""
        return env_name(field)

    @classmethod
    def unknown(cls, environ: Mapping[str, str] | None = None) -> list[str]:
        """Variables with our prefix that no setting reads (typing errors, as a rule), sorted.

        Those of the test suite (`FRAUD_TEST_…`) are not among them.
        """
        names = os.environ if environ is None else environ
        known = {cls.env_name(field) for field in cls.model_fields}
        return sorted(
            name
            for name in names
            if name.startswith(PREFIX) and not name.startswith(_TESTS_PREFIX) and name not in known
        )

    @classmethod
    def trimmed(cls, environ: Mapping[str, str] | None = None) -> list[str]:
        """Variables with a secret that ends in a blank or a line end, which is cut off; sorted."""
        names = os.environ if environ is None else environ
        hints = get_type_hints(cls, include_extras=True)
        secrets = {env_name(field) for field in cls.model_fields if kinds.is_trimmed(hints[field])}
        return sorted(
            name
            for name, value in names.items()
            if name.upper() in secrets and value != kinds.without_line_end(value)
        )

    @property
    def topics(self) -> tuple[str, str, str]:
        """Accounts, verdicts, dead letters."""
        return self.accounts_topic, self.verdicts_topic, self.dead_letters_topic

    @property
    def token_key_is_default(self) -> bool:
        """True with the development key, which everybody can read in the source."""
        return self.token_key.get_secret_value() == _DEVELOPMENT_KEY

    @property
    def token_key_is_short(self) -> bool:
        """True for a key of less than 16 bytes: it can be guessed from its id in every verdict."""
        return len(self.token_key_bytes) < _GUESSABLE_KEY_BYTES

    @property
    def token_key_bytes(self) -> bytes:
        """The key as `records.token.token` takes it."""
        return self.token_key.get_secret_value().encode()

    @field_validator("*", mode="before")
    @classmethod
    def _text_is_utf8(cls, value: Any, info: ValidationInfo) -> Any:
        """Python reads other bytes of the environment as lone surrogates."""
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                refuse(str(info.field_name), "text in UTF-8")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _an_empty_optional_is_not_set(cls, value: Any, info: ValidationInfo) -> Any:
        """Compose files write empty variables for what is not set."""
        optional = info.field_name is not None and cls.model_fields[info.field_name].default is None
        return None if optional and value == "" else value

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        if self.verdicts_topic == self.accounts_topic:
            refuse("verdicts_topic", f"another topic than {env_name('accounts_topic')}")
        if self.dead_letters_topic in (self.accounts_topic, self.verdicts_topic):
            refuse("dead_letters_topic", "another topic than those of accounts and verdicts")
        if self.rules_topic in self.topics:
            refuse("rules_topic", "another topic than those of accounts, verdicts and dead letters")
        internal = internal_topics(self.app_id)
        for name in ("accounts_topic", "verdicts_topic", "dead_letters_topic", "rules_topic"):
            if getattr(self, name) in internal:
                whose = env_name("app_id")
                refuse(name, f"another topic than the internal ones of {whose} ({self.app_id})")
        return self

    @model_validator(mode="after")
    def _times_fit_together(self) -> Self:
        if self.session_timeout <= 2 * self.heartbeat_interval:
            accepts = f"more than twice {env_name('heartbeat_interval')}"
            refuse("session_timeout", f"{accepts} ({self.heartbeat_interval:g})")
        if self.veritas_connect_timeout > self.veritas_timeout:
            accepts = f"at most {env_name('veritas_timeout')}"
            refuse("veritas_connect_timeout", f"{accepts} ({self.veritas_timeout:g})")
        return self

    @model_validator(mode="after")
    def _security_is_complete(self) -> Self:
        protocol = self.kafka_security_protocol
        said = f"{env_name('kafka_security_protocol')} is {protocol}"
        for name in ("kafka_sasl_username", "kafka_sasl_password"):
            if protocol.startswith("SASL") and not getattr(self, name):
                refuse(name, f"set, as {said}")
            if not protocol.startswith("SASL") and getattr(self, name):
                refuse(name, f"left out, as {said}")
        for name in ("kafka_ssl_ca", "kafka_ssl_cert", "kafka_ssl_key"):
            if not protocol.endswith("SSL") and getattr(self, name):
                refuse(name, f"left out, as {said}")
        for name, other in (
            ("kafka_ssl_cert", "kafka_ssl_key"),
            ("kafka_ssl_key", "kafka_ssl_cert"),
        ):
            if getattr(self, other) and not getattr(self, name):
                refuse(name, f"set, as {env_name(other)} is")
        return self

    @model_validator(mode="after")
    def _key_and_certificate_are_a_pair(self) -> Self:
        certificate, key = self.kafka_ssl_cert, self.kafka_ssl_key
        if certificate is None or key is None:
            return self
        try:
            check_pair(certificate, key)
        except NoPairError:
            whose = env_name("kafka_ssl_cert")
            refuse("kafka_ssl_key", f"the private key of the certificate in {whose}")
        except CertificateError as exc:
            refuse("kafka_ssl_cert", f"a certificate that OpenSSL takes ({exc})")
        except KeyFileError:
            accepts = "the path of a PEM file with a private key without a pass phrase"
            refuse("kafka_ssl_key", accepts)
        return self

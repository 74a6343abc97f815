"""The kinds of value a setting can have, and what each accepts in words.

Every kind carries an `Accepts`, so that a value that cannot be used is answered with what could be.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from config.addresses import base_url, broker_addresses, host_name
from config.pem import check_certificates

STORE_SCHEMES = ("memory", "rocksdb")
FOR_EVER = -1
"""A retention in days by which nothing is deleted, as in Kafka's own `retention.ms`."""
MOST_DAYS = 36_500
TOKEN_KEY_BYTES = 64
"""The longest key that BLAKE2b takes (RFC 7693)."""

# Kafka's own rule for topics (org.apache.kafka.common.internals.Topic). The app id is shorter, as
# it is the beginning of the changelog's name.
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_LONGEST_TOPIC = 249
_LONGEST_APP_ID = 200


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a setting accepts, worded to follow "must be"."""

    text: str


def accepted_by(hint: Any) -> str:
    """What a setting with this type hint accepts, in words."""
    return next((part.text for part in _parts(hint) if isinstance(part, Accepts)), "some text")


def is_secret(hint: Any) -> bool:
    """True when values of this type hint must not be shown."""
    return any(part is SecretStr for part in _parts(hint))


def is_trimmed(hint: Any) -> bool:
    """True when blanks and line ends after a value of this type hint are cut off."""
    return any(isinstance(part, BeforeValidator) and part.func is _trimmed for part in _parts(hint))


def _parts(hint: Any) -> list[Any]:
    """A type hint, its members and their annotations."""
    inner = [part for argument in get_args(hint) for part in _parts(argument)]
    return [hint, *inner]


def _check_store(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    if not separator or scheme not in STORE_SCHEMES or not value.isprintable():
        raise ValueError("unknown store")
    return value


def _check_name(value: str, longest: int) -> str:
    if not _LEGAL_NAME.fullmatch(value) or len(value) > longest or value in (".", ".."):
        raise ValueError("not a legal name")
    return value


def _check_broker(value: str) -> str:
    broker_addresses(value)
    return value


def _check_host(value: str) -> str:
    host_name(value.partition("%")[0] if ":" in value else value)
    return value


def _check_file(value: Path) -> Path:
    try:
        value.open("rb").close()
    except OSError as error:
        raise ValueError("not readable") from error
    return value


def _check_certificates(value: Path) -> Path:
    try:
        check_certificates(value)
    except OSError as error:
        raise ValueError("no certificate") from error
    return value


def _check_days(value: int) -> int:
    if value == 0:
        raise ValueError("deletes at once")
    return value


def _check_token_key(value: SecretStr) -> SecretStr:
    if not 1 <= len(value.get_secret_value().encode()) <= TOKEN_KEY_BYTES:
        raise ValueError("length of the key")
    return value


def without_line_end(value: str) -> str:
    """A secret without the blanks and line ends after it, which files of secrets often have."""
    return value.rstrip(" \t\r\n")


def _trimmed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return without_line_end(value) if isinstance(value, str) else value


def _check_not_blank(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("blank")
    return value


def _check_user(value: str) -> str:
    if not value.strip():
        raise ValueError("blank")
    return value


def _check_bearer_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if not token or token[0] == " " or not token.isprintable():
        raise ValueError("no header can have it")
    return value


Flag = Annotated[bool, Accepts("1 or 0 (also true/false, yes/no, on/off)")]
Whole = Annotated[int, Accepts("a whole number")]
Count = Annotated[int, Field(ge=1, le=1_000_000), Accepts("a whole number from 1 to 1000000")]
CountOrZero = Annotated[int, Field(ge=0, le=1_000_000), Accepts("a whole number from 0 to 1000000")]
Partitions = Annotated[int, Field(ge=1, le=10_000), Accepts("a whole number from 1 to 10000")]
Replicas = Annotated[int, Field(ge=1, le=100), Accepts("a whole number from 1 to 100")]
Bytes = Annotated[
    int, Field(ge=1_000, le=100_000_000), Accepts("a whole number of bytes from 1000 to 100000000")
]
Days = Annotated[
    int,
    Field(ge=FOR_EVER, le=MOST_DAYS),
    AfterValidator(_check_days),
    Accepts(f"a whole number of days from 1 to {MOST_DAYS}, or -1 for ever"),
]
Attempts = Annotated[int, Field(ge=1, le=100), Accepts("a whole number from 1 to 100")]
Seconds = Annotated[
    float,
    Field(gt=0, le=86_400, allow_inf_nan=False),
    Accepts("a number of seconds above 0, at most 86400"),
]
SecondsOrZero = Annotated[
    float,
    Field(ge=0, le=86_400, allow_inf_nan=False),
    Accepts("a number of seconds from 0 to 86400"),
]
# aiokafka takes whole milliseconds, and would send heartbeats without a pause at 0.
Heartbeat = Annotated[
    float,
    Field(ge=0.1, le=86_400, allow_inf_nan=False),
    Accepts("a number of seconds from 0.1 to 86400"),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Accepts("a number from 0 to 1")]

Topic = Annotated[
    str,
    AfterValidator(lambda value: _check_name(value, _LONGEST_TOPIC)),
    Accepts(f"1 to {_LONGEST_TOPIC} letters, digits, '.', '_' or '-'"),
]
AppId = Annotated[
    str,
    AfterValidator(lambda value: _check_name(value, _LONGEST_APP_ID)),
    Accepts(f"1 to {_LONGEST_APP_ID} letters, digits, '.', '_' or '-'"),
]
Broker = Annotated[
    str,
    AfterValidator(_check_broker),
    Accepts("kafka://host:port, several with ';' between them, no credentials in it"),
]
HttpUrl = Annotated[
    str,
    AfterValidator(base_url),
    Accepts("a URL such as https://host:port/path, no credentials or query in it"),
]
Store = Annotated[str, AfterValidator(_check_store), Accepts("memory:// or rocksdb://")]
Host = Annotated[str, AfterValidator(_check_host), Accepts("a host name or address")]
ReadableFile = Annotated[
    Path, AfterValidator(_check_file), Accepts("the path of a file that can be read")
]
CertificateFile = Annotated[
    Path, AfterValidator(_check_certificates), Accepts("the path of a PEM file with a certificate")
]
# Each secret, and the user name that comes with one, loses the blanks and line ends after it.
TokenKey = Annotated[
    SecretStr,
    BeforeValidator(_trimmed),
    AfterValidator(_check_token_key),
    Accepts(f"1 to {TOKEN_KEY_BYTES} bytes of text"),
]
BearerToken = Annotated[
    SecretStr,
    BeforeValidator(_trimmed),
    AfterValidator(_check_bearer_token),
    Accepts("printable text that does not begin with a blank, as it is sent in a header"),
]
Password = Annotated[
    SecretStr, BeforeValidator(_trimmed), AfterValidator(_check_not_blank), Accepts("some text")
]
UserName = Annotated[
    str, BeforeValidator(_trimmed), AfterValidator(_check_user), Accepts("some text")
]
SecurityProtocol = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    Accepts("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
]
SaslMechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    Accepts("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
]
LogFormat = Annotated[Literal["human", "json"], Accepts("human or json")]

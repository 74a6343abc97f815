"""The kinds of value a setting can have, and what each accepts in words.

Every kind carries an `Accepts`, so that a value that cannot be used is answered with what could be.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr

from config.pem import check_certificates

BROKER_SCHEMES = ("kafka", "aiokafka")
DEFAULT_BROKER_PORT = 9092
STORE_SCHEMES = ("memory", "rocksdb")
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


def _parts(hint: Any) -> list[Any]:
    """A type hint, its members and their annotations."""
    inner = [part for argument in get_args(hint) for part in _parts(argument)]
    return [hint, *inner]


def without_credentials(value: str) -> str:
    """The value with user and password of any URL in it masked."""
    return re.sub(r"//[^/]*@", "//********@", value)


def broker_addresses(broker: str) -> tuple[str, ...]:
    """The `host:port` of each broker in a setting such as `kafka://a:9092;kafka://b`.

    A missing port is 9092; an entry without a scheme has that of the first (as in Faust).
    Raises ValueError when the setting is not such a list.
    """
    if not broker.partition("://")[1]:
        raise ValueError("no scheme")
    return tuple(_broker_address(entry.strip(" ")) for entry in broker.split(";"))


def _broker_address(entry: str) -> str:
    url = _split(entry if "://" in entry else f"{BROKER_SCHEMES[0]}://{entry}")
    host = _plain_host(url, BROKER_SCHEMES)
    if url.path.strip("/") or url.query or url.fragment or "," in host:
        raise ValueError("more than a host and a port")
    port = DEFAULT_BROKER_PORT if url.port is None else url.port
    if port == 0:
        raise ValueError("port 0")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(value: str) -> SplitResult:
    """`urlsplit`, which leaves out line ends and tabs without a word, for what has none."""
    if not value.isprintable():
        raise ValueError("a line end or another control character")
    return urlsplit(value)


def _plain_host(url: SplitResult, schemes: tuple[str, ...]) -> str:
    """The host of a URL with one of these schemes and no credentials in it."""
    if url.scheme not in schemes or not url.hostname or "@" in url.netloc:
        raise ValueError("not such a URL")
    if re.search(r"\s", url.netloc):
        raise ValueError("a blank in the host")
    return url.hostname


def _check_broker(value: str) -> str:
    broker_addresses(value)
    return value


def _check_http_url(value: str) -> str:
    url = _split(value)
    _plain_host(url, ("http", "https"))
    if url.port == 0 or url.query or url.fragment:
        raise ValueError("not a base URL")
    return value.rstrip("/")


def _check_store(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    if not separator or scheme not in STORE_SCHEMES:
        raise ValueError("unknown store")
    return value


def _check_name(value: str, longest: int) -> str:
    if not _LEGAL_NAME.fullmatch(value) or len(value) > longest or value in (".", ".."):
        raise ValueError("not a legal name")
    return value


def _check_host(value: str) -> str:
    if not re.fullmatch(r"[^\s/@]+", value):
        raise ValueError("not a host")
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


def _check_token_key(value: SecretStr) -> SecretStr:
    if not 1 <= len(value.get_secret_value().encode()) <= TOKEN_KEY_BYTES:
        raise ValueError("length of the key")
    return value


def _check_not_blank(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("blank")
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
Attempts = Annotated[int, Field(ge=1, le=100), Accepts("a whole number from 1 to 100")]
Seconds = Annotated[
    float,
    Field(gt=0, le=86_400, allow_inf_nan=False),
    Accepts("a number of seconds above 0, at most 86400"),
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
    AfterValidator(_check_http_url),
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
TokenKey = Annotated[
    SecretStr, AfterValidator(_check_token_key), Accepts(f"1 to {TOKEN_KEY_BYTES} bytes of text")
]
Secret = Annotated[SecretStr, AfterValidator(_check_not_blank), Accepts("some text")]
SecurityProtocol = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    Accepts("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
]
SaslMechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    Accepts("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
]
LogFormat = Annotated[Literal["human", "json"], Accepts("human or json")]

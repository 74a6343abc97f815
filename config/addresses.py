"""Addresses in settings: brokers, hosts and base URLs, and how to show one without credentials."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

BROKER_SCHEMES = ("kafka", "aiokafka")
DEFAULT_BROKER_PORT = 9092
MASK = "********"

# As long as DNS allows (RFC 1035, 2.3.4). Underscores are no host names by RFC 952, but Docker and
# Kubernetes make such names and resolvers take them.
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_LONGEST_NAME = 253


def broker_addresses(broker: str) -> tuple[str, ...]:
    """The `host:port` of each broker in a setting such as `kafka://a:9092;b:9092`.

    The only reader of FRAUD_BROKER: Faust, aiokafka and librdkafka all get what it returns. A
    missing port is 9092. An entry needs no scheme when another one has it (as in Faust). Names in
    other scripts are returned in their ASCII form, since librdkafka resolves no others.
    Raises ValueError when the setting is not such a list.
    """
    if "://" not in broker:
        raise ValueError("no scheme")
    return tuple(_broker_address(entry.strip(" ")) for entry in broker.split(";"))


def _broker_address(entry: str) -> str:
    url = _split(entry if "://" in entry else f"{BROKER_SCHEMES[0]}://{entry}")
    host = host_name(_host(url, BROKER_SCHEMES))
    if url.path.strip("/") or _has_query(entry):
        raise ValueError("more than a host and a port")
    port = DEFAULT_BROKER_PORT if url.port is None else url.port
    if port == 0:
        raise ValueError("port 0")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def base_url(value: str) -> str:
    """An http or https URL that a path can be added to, without a slash at its end.

    Raises ValueError for one with credentials, a query or a fragment, or without a usable host.
    """
    url = _split(value)
    host_name(_host(url, ("http", "https")))
    if url.port == 0 or _has_query(value):
        raise ValueError("not a base URL")
    return value.rstrip("/")


def host_name(host: str) -> str:
    """The host as resolvers take it: an IP address, or a name in ASCII (IDNA).

    Raises ValueError for what no resolver takes, such as an empty label.
    """
    if ":" in host:
        return str(ipaddress.IPv6Address(host))
    name = host.encode("idna").decode("ascii")
    labels = name.removesuffix(".").split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a host name")
    return name


def without_credentials(value: str) -> str:
    """The value with everything in it masked that can be a user, a password or a token.

    That is all up to the last `@`, since a password may hold any character, and a URL's query and
    fragment. Where `?` or `#` comes before the last `@` it can be either, so all of it is masked.
    """
    start = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value)
    scheme = start[0] if start else ""
    login, at, rest = value[len(scheme) :].rpartition("@")
    if at and _has_query(login):
        return scheme + MASK
    if scheme:
        rest = re.sub(r"([?#]).*", rf"\1{MASK}", rest, flags=re.DOTALL)
    return scheme + (MASK + at if at else "") + rest


def _split(value: str) -> SplitResult:
    """`urlsplit` for text without line ends and tabs, which it drops silently."""
    if not value.isprintable():
        raise ValueError("a line end or another control character")
    return urlsplit(value)


def _has_query(value: str) -> bool:
    return "?" in value or "#" in value


def _host(url: SplitResult, schemes: tuple[str, ...]) -> str:
    """The host of a URL with one of these schemes and without credentials."""
    if url.scheme not in schemes or not url.hostname or "@" in url.netloc:
        raise ValueError("not such a URL")
    return url.hostname

"""Addresses and login of the brokers, in the form of each Kafka client in use.

What these functions return holds the SASL password: not for logs.
"""

import ssl
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from config import Settings, broker_addresses


def faust_brokers(settings: Settings) -> list[str]:
    """For Faust's `broker`: URLs of the addresses that the other clients get."""
    return [f"kafka://{address}" for address in broker_addresses(settings.broker)]


def librdkafka(settings: Settings) -> dict[str, Any]:
    """Addresses and security for a client of confluent-kafka; the rest is up to the caller."""
    return {
        "bootstrap.servers": ",".join(broker_addresses(settings.broker)),
        "security.protocol": settings.kafka_security_protocol,
        **_librdkafka_tls(settings),
        **_librdkafka_sasl(settings),
    }


def aiokafka_kwargs(settings: Settings) -> dict[str, Any]:
    """Addresses and security for a client of aiokafka; opens the TLS files when there are any."""
    kwargs: dict[str, Any] = {
        "bootstrap_servers": list(broker_addresses(settings.broker)),
        "security_protocol": settings.kafka_security_protocol,
    }
    if _over_tls(settings):
        kwargs["ssl_context"] = _ssl_context(settings)
    if _with_sasl(settings):
        kwargs["sasl_mechanism"] = settings.kafka_sasl_mechanism
        kwargs["sasl_plain_username"] = settings.kafka_sasl_username
        kwargs["sasl_plain_password"] = _password(settings)
    return kwargs


def faust_credentials(settings: Settings) -> CredentialsT | None:
    """For Faust's `broker_credentials`; None when the connection is plain."""
    context = _ssl_context(settings) if _over_tls(settings) else None
    if _with_sasl(settings):
        return SASLCredentials(
            username=settings.kafka_sasl_username,
            password=_password(settings),
            ssl_context=context,
            mechanism=settings.kafka_sasl_mechanism,
        )
    return None if context is None else SSLCredentials(context)


def _librdkafka_tls(settings: Settings) -> dict[str, str]:
    if not _over_tls(settings):
        return {}
    files = {
        "ssl.ca.location": settings.kafka_ssl_ca,
        "ssl.certificate.location": settings.kafka_ssl_cert,
        "ssl.key.location": settings.kafka_ssl_key,
    }
    return {name: str(path) for name, path in files.items() if path is not None}


def _librdkafka_sasl(settings: Settings) -> dict[str, str | None]:
    if not _with_sasl(settings):
        return {}
    return {
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": _password(settings),
    }


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    """Verifies the broker's certificate and its host name, as librdkafka does by default."""
    context = ssl.create_default_context(cafile=settings.kafka_ssl_ca)
    if settings.kafka_ssl_cert is not None:
        context.load_cert_chain(settings.kafka_ssl_cert, settings.kafka_ssl_key)
    return context


def _over_tls(settings: Settings) -> bool:
    return settings.kafka_security_protocol in ("SSL", "SASL_SSL")


def _with_sasl(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL")


def _password(settings: Settings) -> str | None:
    secret = settings.kafka_sasl_password
    return None if secret is None else secret.get_secret_value()

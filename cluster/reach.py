"""Connecting to the brokers, however long they take to come up."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from cluster import certificate
from cluster.clients import librdkafka
from cluster.errors import (
    ALL_BROKERS_DOWN,
    AUTHENTICATION,
    SSL,
    TRANSPORT,
    ClusterError,
    Stopped,
    reason,
)
from config import Settings

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_SLICE = 0.5
# What TLS calls a refusal by the other side: of our certificate, or for want of one.
_ALERT = "tls alert"
_PERMANENT = frozenset(
    {
        AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
    }
)


class ClientErrors:
    """What librdkafka reports in the background; it retries by itself and logs nothing for us."""

    def __init__(self) -> None:
        self.last: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Takes an error, as `error_cb`."""
        # This one only sums up those before it.
        if error.code() != ALL_BROKERS_DOWN or self.last is None:
            self.last = error

    @property
    def is_permanent(self) -> bool:
        """True when trying again cannot help: what must change is a setting."""
        if self.last is None:
            return False
        text = self.last.str().lower()
        untrusted = self.last.code() == SSL and "verif" in text
        return self.last.code() in _PERMANENT or untrusted or _ALERT in text

    @property
    def text(self) -> str:
        """The last one in a few words."""
        return "no answer" if self.last is None else reason(self.last)


def connect(
    settings: Settings,
    *,
    timeout: float,
    attempt: float = 5.0,
    stop: threading.Event | None = None,
) -> AdminClient:
    """A client that a broker has answered.

    Attempts of `attempt` seconds, with growing pauses between them and a warning in the log for
    each that failed, until `timeout` seconds have passed; one attempt when that is 0. Blocks;
    signals are handled within half a second, and `stop` ends it, with `Stopped`.

    Raises ClusterError when no broker answers, and at once when one answers but refuses the login
    or its certificate is not trusted.
    """
    where = librdkafka(settings)["bootstrap.servers"]
    errors = ClientErrors()
    client = AdminClient(quiet(settings, errors))
    deadline = time.monotonic() + timeout
    for longest in _pauses():
        if _answers(client, attempt, errors, stop):
            return client
        if errors.is_permanent:
            raise ClusterError(_refused(settings, where, errors.text))
        left = deadline - time.monotonic()
        if left <= 0:
            raise ClusterError(_silent(settings.kafka_security_protocol, where, errors.text))
        pause = min(longest, left)
        logger.warning(
            "no Kafka broker answers at %s (%s); trying again in %.0f s, giving up in %.0f s",
            where,
            errors.text,
            pause,
            left,
        )
        wait(pause, stop)
    raise AssertionError("the pauses never end")


def quiet(settings: Settings, error_cb: Any = lambda _error: None) -> dict[str, Any]:
    """The configuration of a client that writes nothing to the terminal by itself."""
    return {**librdkafka(settings), "log_level": 0, "error_cb": error_cb}


def _answers(
    client: AdminClient, seconds: float, errors: ClientErrors, stop: threading.Event | None
) -> bool:
    deadline = time.monotonic() + seconds
    while not errors.is_permanent and (left := deadline - time.monotonic()) > 0:
        _raise_if(stop)
        began = time.monotonic()
        try:
            # In slices: as long as librdkafka waits no signal is handled.
            client.list_topics(timeout=max(0.05, min(_SLICE, left)))
        except KafkaException as exc:
            client.poll(0)
            if errors.last is None and exc.args[0].code() != TRANSPORT:
                errors.last = exc.args[0]
            time.sleep(max(0.0, min(0.1, began + _SLICE - time.monotonic())))
        else:
            return True
    return False


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def wait(seconds: float, stop: threading.Event | None) -> None:
    """Pauses; raises Stopped as soon as `stop` is set."""
    # Waiting for an event that is never set is a pause that signals interrupt.
    (stop or threading.Event()).wait(seconds)
    _raise_if(stop)


def _raise_if(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Stopped("stopped while waiting for a Kafka broker")


def _silent(security_protocol: str, where: str, why: str) -> str:
    remedy = "start one (`make kafka`) or set FRAUD_BROKER"
    if "SSL" in why or "security.protocol" in why:
        remedy = f"check FRAUD_KAFKA_SECURITY_PROTOCOL (now {security_protocol})"
    return f"no Kafka broker answers at {where} ({why}): {remedy}"


def _refused(settings: Settings, where: str, why: str) -> str:
    if _ALERT in why.lower():
        remedy = "check FRAUD_KAFKA_SSL_CERT and FRAUD_KAFKA_SSL_KEY"
    elif "verif" in why.lower():
        why, remedy = certificate.distrust(settings) or (why, "check FRAUD_KAFKA_SSL_CA")
    elif settings.kafka_security_protocol.startswith("SASL"):
        remedy = (
            "check FRAUD_KAFKA_SASL_USERNAME, FRAUD_KAFKA_SASL_PASSWORD, FRAUD_KAFKA_SASL_MECHANISM"
        )
    else:
        remedy = "check FRAUD_KAFKA_SSL_CA, FRAUD_KAFKA_SSL_CERT and FRAUD_KAFKA_SSL_KEY"
    return f"the Kafka broker at {where} refuses the connection ({why}): {remedy}"

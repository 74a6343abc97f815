"""Why a broker's certificate is not trusted; librdkafka does not say."""

import socket
import ssl

from cluster.clients import aiokafka_kwargs
from config import Settings, broker_addresses

# OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH.
_OTHER_NAME = frozenset({62, 64})
_TIMEOUT = 3.0


def distrust(settings: Settings) -> tuple[str, str] | None:
    """What is wrong with it and what to do; None where a handshake verifies it.

    For settings that say TLS. Asks each broker of FRAUD_BROKER in turn, seconds each at most.
    """
    context: ssl.SSLContext = aiokafka_kwargs(settings)["ssl_context"]
    for address in broker_addresses(settings.broker):
        host, _, port = address.rpartition(":")
        name = host.strip("[]")
        try:
            with (
                socket.create_connection((name, int(port)), timeout=_TIMEOUT) as plain,
                context.wrap_socket(plain, server_hostname=name),
            ):
                continue
        except ssl.SSLCertVerificationError as exc:
            return exc.verify_message.rstrip("."), _remedy(exc.verify_code)
        except OSError:
            continue
    return None


def _remedy(code: int) -> str:
    if code in _OTHER_NAME:
        return "name the broker in FRAUD_BROKER as its certificate does"
    return "set FRAUD_KAFKA_SSL_CA to the CA of the broker's certificate"

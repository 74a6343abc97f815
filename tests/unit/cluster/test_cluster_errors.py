import pytest
from confluent_kafka import KafkaError

from cluster.errors import AUTHENTICATION, SSL, TRANSPORT, reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            (
                "localhost:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: "
                "Connection refused (after 0ms in state CONNECT)"
            ),
            "Connection refused",
        ),
        (
            (
                "nohost:9092/bootstrap: Failed to resolve 'nohost:9092': Name or service not known "
                "(after 27ms in state CONNECT)"
            ),
            "Failed to resolve 'nohost:9092': Name or service not known",
        ),
        (
            (
                "sasl_plaintext://127.0.0.1:1/bootstrap: SASL authentication error: Authentication "
                "failed: Invalid username or password (after 3ms in state AUTH_REQ)"
            ),
            "Invalid username or password",
        ),
        (
            (
                "ssl://127.0.0.1:1/bootstrap: Receive failed: error:0A000412:SSL routines::ssl/tls "
                "alert bad certificate: SSL alert number 42 (after 9ms in state APIVERSION_QUERY)"
            ),
            "ssl/tls alert bad certificate: SSL alert number 42",
        ),
        ("Topic authorization failed.", "Topic authorization failed."),
        ("Topic 'x' was\nrefused: by policy", "Topic 'x' was refused: by policy"),
    ],
)
def test_the_cause_is_reported_in_a_line(said: str, told: str) -> None:
    assert reason(KafkaError(TRANSPORT, said)) == told


def test_codes_are_those_of_librdkafka() -> None:
    names = [KafkaError(code).name() for code in (AUTHENTICATION, SSL, TRANSPORT)]
    assert names == ["_AUTHENTICATION", "_SSL", "_TRANSPORT"]

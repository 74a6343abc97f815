"""The verification service over https: whose certificates are trusted, and what is said if not."""

import logging
import ssl
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from tests.functional.http_clients import Client, account, not_ready, one
from veritas import AUTHORIZED


async def authorize(_: web.Request) -> web.Response:
    return web.json_response({"authorized": True})


def served_as(name: str, ca: trustme.CA) -> ssl.SSLContext:
    """The context of a server with a certificate for that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(ca: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that CA, as a user of a private one would."""
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.mark.usefixtures("trusted")
async def test_a_private_ca_is_let_in_by_ssl_cert_file(connect: Client, ca: trustme.CA) -> None:
    client = await connect(authorize, tls=served_as("127.0.0.1", ca), token="secret")
    assert await one(client, account()) == AUTHORIZED


async def held(connect: Client, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> str:
    """Why no account is verified by such a server."""
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await authorize(request)

    client = await connect(handle, tls=tls)
    reason = await not_ready(client, account())
    assert client.health.level == "bad"
    assert asked == [], "a question went to a server that is not trusted"
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings] == [f"accounts wait, {reason}"]
    assert not any(record.exc_info for record in caplog.records)
    assert "Traceback" not in caplog.text
    return reason


async def test_a_certificate_that_is_not_trusted_is_reported_in_one_line(
    connect: Client, ca: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    assert await held(connect, served_as("127.0.0.1", ca), caplog) == (
        "the verification service is unavailable: its certificate is not accepted "
        "(unable to get local issuer certificate); SSL_CERT_FILE can name the CAs to trust"
    )


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_host_likewise(
    connect: Client, ca: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    assert await held(connect, served_as("veritas.example.org", ca), caplog) == (
        "the verification service is unavailable: its certificate is not accepted "
        "(IP address mismatch, certificate is not valid for '127.0.0.1'); "
        "FRAUD_VERITAS_URL must name the host as the certificate does"
    )

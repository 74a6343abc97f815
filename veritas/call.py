"""One call of the service over HTTP: the request, and what each response means.

POST <url>/verify          Idempotency-Key: <32 hex digits>, the same for the same account
{"account": <token>, "first_name": …, "last_name": …, "amount": …[, "card": …]}
(a card number in a name is masked, unless the card is sent)

200 {"authorized": true|false}   the answer
429                              throttled; Retry-After in seconds or as a date
408                              a time-out
401, 403, 404, 405, 407, 3xx     refused: our URL or bearer token is wrong
other 4xx                        rejected: the service will not answer about this account
anything else                    an error of the service; Retry-After as with 429
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final, Literal, Protocol
from uuid import uuid4

import aiohttp
import orjson

from records import BankAccount
from records.card import digits, scrub
from records.token import token
from veritas.protocol import AUTHORIZED, DECLINED, VeritasAnswer

#: Bytes read of a response, at most.
MAX_RESPONSE: Final = 64 * 1024
#: Seconds that a Retry-After can ask for, at most.
MAX_RETRY_AFTER: Final = 60.0
#: Statuses about our request as such, whichever account it is about.
_REFUSED: Final = frozenset({401, 403, 404, 405, 407})
#: X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL (x509_vfy.h).
_OTHER_HOST: Final = frozenset({62, 64})
_BOM: Final = b"\xef\xbb\xbf"

Failure = Literal["error", "timeout", "unreachable", "throttled", "refused", "rejected"]


@dataclass(frozen=True, slots=True)
class Question:
    """Body and idempotency key of a request; `repr` shows neither."""

    body: bytes
    key: str

    def __repr__(self) -> str:
        return "Question()"

    def repeated(self) -> "Question":
        """The same question under a new key, so that no cache answers it."""
        return Question(self.body, uuid4().hex)


def question(account: BankAccount, key: bytes, *, send_card: bool) -> Question:
    """The question about an account; `key` is the key of the account token.

    Without `send_card` it holds no card number, not even one that came as a name.
    """
    first_name, last_name = account.first_name, account.last_name
    if not send_card:
        first_name, last_name = scrub(first_name), scrub(last_name)
    fields: dict[str, object] = {
        "account": token(account.credit_card_number, key),
        "first_name": first_name,
        "last_name": last_name,
        "amount": float(account.amount),
    }
    # The token ignores blanks and dashes in the number, so it distinguishes accounts as the card
    # does, and the idempotency key shows no more of the card than the body.
    identity = blake2b(orjson.dumps(fields), key=key, digest_size=16, person=b"idempotency")
    if send_card:
        fields["card"] = digits(account.credit_card_number)
    return Question(orjson.dumps(fields), identity.hexdigest())


class CallFailed(Exception):
    """No answer. The text is one line without card, names or token.

    `retry_after` is what the service asked for, in seconds from 0 to `MAX_RETRY_AFTER`.
    """

    def __init__(self, text: str, kind: Failure, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.kind: Failure = kind
        self.retry_after = retry_after


class Calls(Protocol):
    """Where questions are sent."""

    async def start(self) -> None:
        """Get ready; connects to nothing yet."""
        ...

    async def ask(self, question: Question) -> VeritasAnswer:
        """Ask once. Raises CallFailed, nothing else; returns within a bounded time."""
        ...

    async def close(self) -> None:
        """Close connections; calls in flight fail."""
        ...


class HttpCalls:
    """Calls of `<url>/verify` through one pool of connections.

    `token` is sent as bearer token. `timeout` and `connect_timeout` are seconds for one call.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        timeout: float = 5.0,
        connect_timeout: float = 1.0,
        connections: int = 65,
    ) -> None:
        self._url = url.rstrip("/") + "/verify"
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Make the pool. The system's CAs are trusted, or those of SSL_CERT_FILE."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, ssl=ssl.create_default_context()
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )

    async def close(self) -> None:
        """Close the pool; may be awaited more than once."""
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question) -> VeritasAnswer:
        """Ask once. Raises CallFailed, nothing else."""
        if self._session is None or self._session.closed:
            raise CallFailed("the connections are closed", "unreachable")
        headers = {"Content-Type": "application/json", "Idempotency-Key": question.key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            async with self._session.post(
                self._url, data=question.body, headers=headers, allow_redirects=False
            ) as response:
                return meaning(response.status, await _body(response), response.headers)
        except CallFailed:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever it is, the service was not reached
            failure = failure_of(exc)
        # Raised out here: aiohttp's errors hold the request with its headers, the token included.
        raise failure


def failure_of(error: Exception) -> CallFailed:
    """What an error of the HTTP client means."""
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return CallFailed(_certificate_problem(error.certificate_error), "unreachable")
    if isinstance(error, aiohttp.ClientConnectorError):
        return CallFailed(f"no connection ({name})", "unreachable")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return CallFailed("no connection in time", "unreachable")
    if isinstance(error, TimeoutError):
        return CallFailed("no answer in time", "timeout")
    if isinstance(error, ValueError):  # InvalidURL and UnicodeError among them
        hint = "check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN"
        return CallFailed(f"no request can be made ({name}); {hint}", "unreachable")
    if isinstance(error, ssl.SSLError):
        return CallFailed(f"no connection ({name}); is it an https URL?", "unreachable")
    return CallFailed(f"no answer ({name})", "error")


def meaning(status: int, body: bytes, headers: Mapping[str, str]) -> VeritasAnswer:
    """What a response says. Raises CallFailed."""
    if status == 200:
        return _answer(body)
    text = f"answered {status}"
    after = retry_after(headers.get("Retry-After", ""))
    if status == 429:
        raise CallFailed(f"throttled, {text}", "throttled", after)
    if status == 408:
        raise CallFailed(text, "timeout", after)
    if status in _REFUSED or 300 <= status < 400:
        raise CallFailed(f"{text}; check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN", "refused")
    if 400 <= status < 500:
        raise CallFailed(text, "rejected")
    raise CallFailed(text, "error", after)


def retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, 0 to `MAX_RETRY_AFTER`; None if unreadable.

    All three date formats of RFC 9110 (5.6.7) are in GMT, whether they say so or not.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return min(max(0.0, date.timestamp() - time.time()), MAX_RETRY_AFTER)
    except (ValueError, OverflowError):
        return None


def _certificate_problem(error: Exception) -> str:
    """What is wrong with the service's certificate, and what to check."""
    why = getattr(error, "verify_message", "") or type(error).__name__
    if getattr(error, "verify_code", None) in _OTHER_HOST:
        remedy = "FRAUD_VERITAS_URL must name the host as the certificate does"
    else:
        remedy = "SSL_CERT_FILE can name the CAs to trust"
    return f"its certificate is not accepted ({why.rstrip('.')}); {remedy}"


def _answer(body: bytes) -> VeritasAnswer:
    try:
        fields = orjson.loads(body.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        fields = None
    match fields:
        case {"authorized": True}:
            return AUTHORIZED
        case {"authorized": False}:
            return DECLINED
    raise CallFailed("answered 200, but not with an answer", "error")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body; empty if it is longer than `MAX_RESPONSE`."""
    try:
        await response.content.readexactly(MAX_RESPONSE + 1)
    except asyncio.IncompleteReadError as end:
        return end.partial
    return b""

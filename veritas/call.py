"""One question to the service over HTTP: what is sent, and what each answer means.

POST <url>/verify          Idempotency-Key: <32 hex digits>, the same for the same account
{"account": <token>, "first_name": …, "last_name": …, "amount": …[, "card": …]}
(a card number in a name is masked, unless the card is sent)

200 {"authorized": true|false}   the answer
408                              not in time
429                              not now; Retry-After in seconds or as a date
401, 403, 404, 405, 407, 3xx     it is our URL or bearer token that is wrong, not the account
other 4xx                        rejected: no answer about this account, ever, unless everybody is
                                 answered so, see `veritas.rejections`
anything else                    the service is broken; Retry-After as with 429
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Final, Literal
from uuid import uuid4

import aiohttp
import orjson

from records import BankAccount
from records.card import digits, scrub
from records.token import token
from veritas.protocol import AUTHORIZED, DECLINED, VeritasAnswer

#: No more of an answer is read (bytes).
LONGEST_ANSWER: Final = 64 * 1024
#: What the service says about our request as such, whatever the account.
_OURS: Final = frozenset({401, 403, 404, 405, 407})

#: X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL (x509_vfy.h).
_OTHER_HOST: Final = frozenset({62, 64})

Failure = Literal["error", "timeout", "unreachable", "throttled", "refused", "rejected"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent about one account; `repr` shows nothing of it."""

    body: bytes
    key: str

    def __repr__(self) -> str:
        return "Question()"

    def as_control(self) -> "Question":
        """The same question under a key of its own, so that it is not answered from a cache."""
        return Question(self.body, uuid4().hex)


class CallFailed(Exception):
    """No answer. The text is one line without card, names or token.

    `retry_after` is what a 429 or 5xx asked for, in seconds. `final`: the next attempt would fail
    likewise. `may_be_the_account`: the service broke or refused, perhaps over what was asked.
    """

    def __init__(self, text: str, kind: Failure, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.kind: Failure = kind
        self.retry_after = retry_after

    @property
    def final(self) -> bool:
        """True when another attempt is of no use."""
        return self.kind in ("refused", "rejected")

    @property
    def may_be_the_account(self) -> bool:
        """False when the service did not get so far as to look at the account, or rejects it.

        A 403 or 404 can be about one account too: a firewall that dislikes its name, for example.
        """
        return self.kind in ("error", "timeout", "refused")


def question(account: BankAccount, key: bytes, *, send_card: bool) -> Question:
    """The question about an account; `key` is that of the account token.

    Without `send_card` no card number is in it, not even one that came as a name.
    """
    first_name, last_name = account.first_name, account.last_name
    if not send_card:
        first_name, last_name = scrub(first_name), scrub(last_name)
    told: dict[str, object] = {
        "account": token(account.credit_card_number, key),
        "first_name": first_name,
        "last_name": last_name,
        "amount": float(account.amount),
    }
    # The token takes blanks and dashes out of a number, so it tells accounts apart as well as the
    # card does, and the key shows no more of the card than the body.
    identity = blake2b(orjson.dumps(told), key=key, digest_size=16, person=b"idempotency")
    if send_card:
        told["card"] = digits(account.credit_card_number)
    return Question(orjson.dumps(told), identity.hexdigest())


async def ask(session: aiohttp.ClientSession, url: str, asked: Question) -> VeritasAnswer:
    """Send the question once. Raises CallFailed, nothing else."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": asked.key}
    try:
        async with session.post(
            url, data=asked.body, headers=headers, allow_redirects=False
        ) as response:
            return meaning(response.status, await _body(response), response.headers)
    except aiohttp.ClientConnectorCertificateError as exc:
        failure = CallFailed(_distrusted(exc.certificate_error), "unreachable")
    except aiohttp.ClientConnectorError as exc:
        failure = CallFailed(f"no connection ({type(exc).__name__})", "unreachable")
    except aiohttp.ConnectionTimeoutError:
        failure = CallFailed("no connection in time", "unreachable")
    except TimeoutError:
        failure = CallFailed("no answer in time", "timeout")
    except (aiohttp.ClientError, OSError) as exc:
        failure = CallFailed(f"no answer ({type(exc).__name__})", "error")
    # Out here: aiohttp's errors hold the request with its headers, bearer token included.
    raise failure


def meaning(status: int, body: bytes, headers: Mapping[str, str]) -> VeritasAnswer:
    """What this answer says. Raises CallFailed."""
    if status == 200:
        return _answer(body)
    text = f"answered {status}"
    after = retry_after(headers.get("Retry-After", ""))
    if status == 429:
        raise CallFailed(f"throttled, {text}", "throttled", after)
    if status == 408:
        raise CallFailed(text, "timeout")
    if status in _OURS or 300 <= status < 400:
        raise CallFailed(text, "refused")
    if 400 <= status < 500:
        raise CallFailed(text, "rejected")
    raise CallFailed(text, "error", after)


def retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, None when there is none that can be read."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _distrusted(error: Exception) -> str:
    """What is wrong with the service's certificate, and what to look at."""
    why = getattr(error, "verify_message", "") or type(error).__name__
    if getattr(error, "verify_code", None) in _OTHER_HOST:
        remedy = "FRAUD_VERITAS_URL must name the host as the certificate does"
    else:
        remedy = "SSL_CERT_FILE can name the CAs to trust"
    return f"its certificate is not accepted ({why.rstrip('.')}); {remedy}"


def _answer(body: bytes) -> VeritasAnswer:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    match said:
        case {"authorized": True}:
            return AUTHORIZED
        case {"authorized": False}:
            return DECLINED
    raise CallFailed("answered 200, but not with an answer", "error")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    try:
        await response.content.readexactly(LONGEST_ANSWER + 1)
    except asyncio.IncompleteReadError as all_there_is:
        return all_there_is.partial
    return b""

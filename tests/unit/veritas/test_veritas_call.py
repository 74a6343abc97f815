"""What a response, a header and an error of the HTTP client mean."""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import aiohttp
import pytest

from veritas import AUTHORIZED, DECLINED
from veritas.call import MAX_RETRY_AFTER, CallFailed, failure_of, meaning, retry_after
from veritas.retries import LONGEST_WAIT, SPREAD, pause_after

BOM = b"\xef\xbb\xbf"


def failure(status: int, **headers: str) -> CallFailed:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(CallFailed) as failed:
        meaning(status, b"{}", named)
    return failed.value


def test_a_200_is_the_answer() -> None:
    assert meaning(200, b'{"authorized": true}', {}) is AUTHORIZED
    assert meaning(200, b'{"authorized": false, "since": 1}', {}) is DECLINED


def test_a_byte_order_mark_before_the_answer_is_ignored() -> None:
    assert meaning(200, BOM + b'{"authorized": true}', {}) is AUTHORIZED


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"true", b'{"authorized":1}', b'{"authorized":null}', b"{", BOM, BOM * 2 + b"{}"],
)
def test_what_is_no_answer_is_never_taken_for_one(body: bytes) -> None:
    with pytest.raises(CallFailed, match="answered 200, but not with an answer") as failed:
        meaning(200, body, {})
    assert failed.value.kind == "error"


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("throttled", [429]),
        ("timeout", [408]),
        ("refused", [301, 302, 304, 307, 308, 401, 403, 404, 405, 407]),
        ("rejected", [400, 402, 406, 409, 410, 413, 415, 418, 422, 451, 499]),
        ("error", [201, 204, 500, 502, 503, 504, 599]),
    ],
)
def test_each_status_has_its_kind(kind: str, statuses: list[int]) -> None:
    assert {failure(status).kind for status in statuses} == {kind}
    for status in statuses:
        assert f"answered {status}" in str(failure(status))


@pytest.mark.parametrize("status", [302, 401, 404])
def test_a_wrong_url_or_token_names_the_settings(status: int) -> None:
    assert str(failure(status)).endswith("check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("7200", MAX_RETRY_AFTER),
        ("9" * 400, MAX_RETRY_AFTER),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("٣", None),
        ("Wed, 99 Nov 2026 99:99:99 GMT", None),
        ("Wed, 25 Nov 1998 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", MAX_RETRY_AFTER),
    ],
)
def test_a_retry_after_is_bounded_or_ignored(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


DATES: dict[str, Callable[[datetime], str]] = {
    "IMF-fixdate": lambda date: format_datetime(date, usegmt=True),
    "asctime": lambda date: date.strftime("%a %b %d %H:%M:%S %Y"),
    "RFC 850": lambda date: date.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
    "no zone": lambda date: date.strftime("%a, %d %b %Y %H:%M:%S"),
    "unknown zone": lambda date: date.strftime("%a, %d %b %Y %H:%M:%S -0000"),
    "another zone": lambda date: format_datetime(date.astimezone(timezone(timedelta(hours=9)))),
}


@pytest.mark.parametrize("form", DATES)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_a_date_is_in_gmt_wherever_the_worker_runs(
    form: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        in_30_s = DATES[form](datetime.now(UTC) + timedelta(seconds=30))
        seconds = retry_after(in_30_s)
    finally:
        monkeypatch.undo()
        time.tzset()
    # A date has whole seconds; a busy machine takes some of them.
    assert seconds is not None
    assert 5 <= seconds <= 30


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (TimeoutError(), "timeout", "no answer in time"),
        (aiohttp.ConnectionTimeoutError(), "unreachable", "no connection in time"),
        (aiohttp.ServerDisconnectedError(), "error", "no answer (ServerDisconnectedError)"),
        (aiohttp.ClientPayloadError(), "error", "no answer (ClientPayloadError)"),
        (ConnectionResetError("secret"), "error", "no answer (ConnectionResetError)"),
        (RuntimeError("secret"), "error", "no answer (RuntimeError)"),
        (
            ssl.SSLError("secret"),
            "unreachable",
            "no connection (SSLError); is it an https URL?",
        ),
    ],
)
def test_every_error_is_an_unavailable_service_in_one_line(
    error: Exception, kind: str, text: str
) -> None:
    failed = failure_of(error)
    assert (failed.kind, str(failed)) == (kind, text)


@pytest.mark.parametrize("error", [ValueError, aiohttp.InvalidURL, UnicodeError])
def test_a_request_that_cannot_be_made_names_the_settings(error: type[Exception]) -> None:
    failed = failure_of(error("secret"))
    hint = "check FRAUD_VERITAS_URL and FRAUD_VERITAS_TOKEN"
    assert str(failed) == f"no request can be made ({error.__name__}); {hint}"
    assert failed.kind == "unreachable"


def test_without_a_retry_after_the_pauses_are_our_own() -> None:
    assert pause_after(CallFailed("", "throttled")) is True


@pytest.mark.parametrize(("asked_for", "least"), [(0.0, 0.0), (3.0, 3.0), (60.0, LONGEST_WAIT)])
def test_a_retry_after_is_kept_to_up_to_a_bound_and_callers_come_back_one_by_one(
    asked_for: float, least: float
) -> None:
    pauses = {pause_after(CallFailed("", "throttled", asked_for)) for _ in range(50)}
    assert len(pauses) > 40
    assert all(least <= pause <= least + SPREAD for pause in pauses)


def test_what_is_no_failed_call_is_not_retried() -> None:
    assert pause_after(ValueError()) is False

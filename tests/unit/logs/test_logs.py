import json
import logging
import re
import sys
import threading
from typing import Any

import pytest
from mode.utils.logging import setup_logging

from agents.report import fields, line
from logs.config import begin, format_fatal, logging_config, quieten
from logs.lines import HumanFormatter, JsonFormatter
from logs.rate_limit import RateLimitFilter
from logs.worker import stacks
from records import BankAccount
from records.card import scrub_line
from rules.compiled import Decision

CARD = "4111111111111111"
#: Their debug records hold the bytes of accounts.
WITHOUT_DEBUG = ("aiokafka", "faust.topics", "faust.transport", "faust.tables", "faust.agents")
ACCOUNT = BankAccount("Jimmie", "Swaniawski", CARD, 1.0)


def record(message: str = "a line", *args: Any, **extra: Any) -> logging.LogRecord:
    exc_info = extra.pop("exc_info", None)
    logger = logging.getLogger("tests")
    return logger.makeRecord("tests", 20, "f.py", 1, message, args, exc_info, extra=extra)


def failed(text: str) -> Any:
    error = ValueError(text)
    try:
        raise error
    except ValueError:
        return sys.exc_info()


def as_json(one: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(one)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture
def fresh_logging() -> Any:
    """What a process sets up for itself is taken back, as the tests share one."""
    root, levels = logging.root, {}
    for name in ("faust", "mode", "mode.redirect", *WITHOUT_DEBUG):
        levels[name] = logging.getLogger(name).level
    kept = (root.level, list(root.handlers))
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    yield
    root.setLevel(kept[0])
    for handler in root.handlers:
        if handler not in kept[1]:
            handler.close()
    root.handlers[:] = kept[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks


def test_a_json_line_says_when_how_grave_who_and_what() -> None:
    found = as_json(record("%d of %s", 3, "four"))
    assert list(found) == ["time", "level", "logger", "message", "pid"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
    assert isinstance(found.pop("pid"), int)
    assert found == {"level": "INFO", "logger": "tests", "message": "3 of four"}


def test_extra_fields_are_fields_of_the_json_line() -> None:
    found = as_json(record(outcome="authorized", reasons=("a", "b"), where={1: {2}}))
    assert found["outcome"] == "authorized"
    assert found["reasons"] == ["a", "b"]
    assert found["where"] == {"1": "{2}"}


def test_no_extra_field_takes_the_place_of_ours() -> None:
    assert as_json(record(level="high", time=0, pid="x"))["level"] == "INFO"


def test_an_exception_is_one_json_line_with_its_traceback_in_a_field() -> None:
    found = as_json(record("it failed", exc_info=failed("the cause")))
    assert found["message"] == "it failed"
    assert found["traceback"].startswith("Traceback")
    assert found["traceback"].endswith("ValueError: the cause")


@pytest.mark.parametrize("odd", ["\ud800", 2**80, float("nan"), object()])
def test_a_json_line_comes_whatever_is_in_it(odd: object) -> None:
    found = as_json(record("odd: %s", odd, odd=odd))
    assert found["message"].startswith("odd: ")
    assert "odd" in found


def test_a_line_for_people_is_one_line_whatever_the_message() -> None:
    text = HumanFormatter().format(record("two\nlines\x1b[31m\u2028"))
    assert re.fullmatch(r"\[[^]]+\] \[\d+\] \[INFO\] two\\nlines\\x1b\[31m\\u2028", text)


def test_a_traceback_for_people_is_indented_below_its_line() -> None:
    first, *others = HumanFormatter().format(record(exc_info=failed("why"))).splitlines()
    assert first.endswith("[INFO] a line")
    assert others
    assert all(line.startswith("    ") for line in others)


def test_only_a_terminal_gets_colours() -> None:
    warning = record("careful")
    warning.levelname = "WARNING"
    assert "\x1b" not in HumanFormatter().format(warning)
    assert HumanFormatter(coloured=True).format(warning).endswith("\x1b[33mcareful\x1b[0m")


@pytest.mark.parametrize(
    "card",
    [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "3782 822463 10005"],
)
def test_no_card_number_gets_into_a_line(card: str) -> None:
    one = record(f"of {card}!", b'{"CreditCardNumber": "%s"}' % card.encode(), field=card)
    one.msg, one.args = f"of {card}: %r", (card.encode(),)
    one.exc_info = failed(f"no account: {card!r}")
    for text in (HumanFormatter().format(one), JsonFormatter().format(one)):
        assert card not in text
        assert card[-4:] in text


@pytest.mark.parametrize(
    "text",
    [
        "1795410452087 ms",
        "offset 123456789012",
        "at 2026-11-24 15:12:17,123",
        "127.0.0.1:38749",
        "token 9f0c4111111111111111ab",
        "4111111111111112",
        "0.4111111111111111",
        "12345678901234567890123",
    ],
)
def test_other_numbers_stay_as_they_are(text: str) -> None:
    assert scrub_line(text) == text


def test_the_line_of_a_verdict_has_fields_without_the_card() -> None:
    assert fields(ACCOUNT, Decision("review", ("large",))) == {
        "outcome": "review",
        "first_name": "Jimmie",
        "card": "************1111",
        "reasons": ("large",),
        "allowed_by": None,
    }
    yes = Decision("authorized")
    assert as_json(record(line(ACCOUNT, yes), **fields(ACCOUNT, yes)))["outcome"] == "authorized"


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Decision("authorized"), "AUTHORIZED @"),
        (Decision("authorized", allowed_by="friend"), "AUTHORIZED @: allowed by friend"),
        (Decision("review", ("large", "round")), "REVIEW @: large, round"),
        (Decision("unauthorized", ("veritas_declined",)), "UNAUTHORIZED @: veritas_declined"),
    ],
)
def test_the_line_of_a_verdict_says_outcome_and_why(decision: Decision, said: str) -> None:
    account = "bank account for Jimmie, card ************1111"
    assert line(ACCOUNT, decision) == said.replace("@", account)


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_a_worker_says_last_is_a_line_of_its_log(form: Any) -> None:
    told = format_fatal("fraud_app: no broker", form)
    assert "\n" not in told
    assert (told if form == "human" else json.loads(told)["message"]) == "fraud_app: no broker"


def test_last_words_without_settings_have_the_form_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAUD_LOG_FORMAT", "json")
    assert json.loads(format_fatal("no"))["level"] == "CRITICAL"
    monkeypatch.setenv("FRAUD_LOG_FORMAT", "yaml")
    assert format_fatal("no") == "no"


@pytest.mark.usefixtures("fresh_logging")
def test_faust_sets_the_log_up_with_our_lines(
    capfd: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    setup_logging(loglevel="info", logging_config=logging_config("json"))
    logging.getLogger("anybody").info("to the terminal")
    assert json.loads(capfd.readouterr().err)["message"] == "to the terminal"
    setup_logging(
        loglevel="info", logfile=str(tmp_path / "log"), logging_config=logging_config("json")
    )
    logging.getLogger("anybody").info("to the file")
    assert json.loads((tmp_path / "log").read_text())["message"] == "to the file"


@pytest.mark.usefixtures("fresh_logging")
def test_warnings_and_exceptions_that_nobody_caught_are_lines_too(
    capfd: pytest.CaptureFixture[str],
) -> None:
    begin("json", "info")
    logging.getLogger("py.warnings").warning("f.py:1: old\n  line")
    sys.excepthook(*failed("uncaught"))
    first, second = map(json.loads, capfd.readouterr().err.splitlines())
    assert first["logger"] == "py.warnings"
    assert second["level"] == "CRITICAL"
    assert "ValueError: uncaught" in second["traceback"]


@pytest.mark.usefixtures("fresh_logging")
def test_libraries_are_quiet_at_info_and_their_records_with_accounts_always() -> None:
    logging.root.setLevel(logging.INFO)
    quieten(logging.INFO)
    assert not logging.getLogger("faust.transport.consumer").isEnabledFor(logging.INFO)
    assert logging.getLogger("faust.app.base").isEnabledFor(logging.WARNING)
    assert logging.getLogger("mode.redirect").isEnabledFor(logging.INFO)
    logging.root.setLevel(logging.DEBUG)
    quieten(logging.DEBUG)
    assert logging.getLogger("faust.app.base").isEnabledFor(logging.DEBUG)
    for name in WITHOUT_DEBUG:
        assert not logging.getLogger(f"{name}.any").isEnabledFor(logging.DEBUG)


def test_a_service_of_mode_is_named_without_its_depth() -> None:
    text = "[^----Agent: agents.verific[.]verify_accounts]: Crashed"
    assert as_json(record(text))["message"] == "Agent: agents.verific[.]verify_accounts: Crashed"
    assert as_json(record("[^ no service"))["message"] == "[^ no service"


def test_what_a_library_says_again_and_again_is_said_once_a_minute() -> None:
    now = 0.0
    rate_limit = RateLimitFilter(("tests",), 60.0, lambda: now)
    assert rate_limit.filter(record("no node %d", 1))
    assert not rate_limit.filter(record("no node %d", 2))
    assert rate_limit.filter(record("another thing"))
    assert not rate_limit.filter(record("no node %d", 3))
    now = 60.0
    again = record("no node %d", 4)
    assert rate_limit.filter(again)
    assert again.getMessage() == "no node 4 (2 more like this since the last one)"
    now = 120.0
    later = record("no node %d", 5)
    assert rate_limit.filter(later)
    assert later.getMessage() == "no node 5"


def test_others_are_not_damped() -> None:
    rate_limit = RateLimitFilter(("aiokafka",))
    assert [rate_limit.filter(record("a verdict")) for _ in range(3)] == [True] * 3


async def test_the_stacks_of_a_running_process_show_no_local_variables() -> None:
    card = "4111" * 4
    assert "test_the_stacks" in stacks()
    assert card not in stacks()

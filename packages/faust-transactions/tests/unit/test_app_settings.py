"""What the engine sets of a Faust app, and what it refuses."""

import logging
import warnings
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import faust
import faust_transactions
import mode
import pytest
from faust.exceptions import ImproperlyConfigured
from faust_transactions import Engine, EngineMetrics, quiet_libraries
from faust_transactions.observe.loggers import INFO_OFF
from prometheus_client import CollectorRegistry


def engine(max_records: int = 2_000, **settings: Any) -> Engine:
    app = faust.App("shop", **{"broker": "kafka://127.0.0.1:1", "store": "memory://", **settings})
    return Engine(app, {}, max_records=max_records, metrics=EngineMetrics(CollectorRegistry()))


def test_an_app_needs_no_settings_for_the_engine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        conf = engine(max_records=300).app.conf
    assert conf.stream_wait_empty is False
    assert conf.broker_max_poll_records == 600
    assert conf.consumer_metadata_max_age_ms == 5_000
    assert conf.broker_request_timeout >= conf.broker_session_timeout


def test_a_long_session_raises_the_request_timeout() -> None:
    assert engine(broker_session_timeout=200.0).app.conf.broker_request_timeout == 200.0
    assert engine(broker_session_timeout=20.0).app.conf.broker_request_timeout == 90.0


def test_a_setting_that_works_is_kept() -> None:
    conf = engine(
        max_records=100, broker_max_poll_records=200, consumer_metadata_max_age_ms=9_000
    ).app.conf
    assert conf.broker_max_poll_records == 200
    assert conf.consumer_metadata_max_age_ms == 9_000


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"processing_guarantee": "exactly_once"},
            "processing_guarantee='exactly_once' starts Faust's own transactions",
        ),
        ({"stream_wait_empty": True}, "stream_wait_empty=True makes a rebalance wait"),
        (
            {"broker_max_poll_records": 500},
            "broker_max_poll_records=500 is too small for batches of 2000 records: leave it out",
        ),
        (
            {"consumer_auto_offset_reset": "latest"},
            "consumer_auto_offset_reset='latest' would skip records",
        ),
        (
            {"broker_session_timeout": 6.0, "broker_heartbeat_interval": 6.0},
            "broker_heartbeat_interval=6 must be below broker_session_timeout=6",
        ),
        (
            {"broker_session_timeout": 60.0, "broker_request_timeout": 30.0},
            "broker_request_timeout=30 is below broker_session_timeout=60",
        ),
        (
            {"broker": "confluent://user:secret@broker:9092"},
            "broker=confluent://…: the engine needs the aiokafka transport",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_one_line(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        engine(**settings)
    text = str(raised.value)
    assert text.startswith(f"faust app shop: {line}")
    assert "\n" not in text
    assert "secret" not in text


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING])
def test_libraries_write_no_bytes_of_records_at_any_level(level: int) -> None:
    loggers = [logging.getLogger(name) for name in ("aiokafka", "faust", "mode")]
    before = [each.level for each in loggers]
    try:
        quiet_libraries(level)
        assert not logging.getLogger("aiokafka").isEnabledFor(logging.DEBUG)
        assert not logging.getLogger("faust.topics").isEnabledFor(logging.DEBUG)
        expected = logging.NOTSET if level == logging.DEBUG else logging.WARNING
        assert logging.getLogger("mode").level == expected
    finally:
        for each, old in zip(loggers, before, strict=True):
            each.setLevel(old)


def services() -> set[type[mode.Service]]:
    """Every mode service that the package defines."""
    modules = [
        import_module(found.name)
        for found in walk_packages(faust_transactions.__path__, "faust_transactions.")
    ]
    return {
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, mode.Service)
        and thing.__module__ == module.__name__
    }


def test_no_service_reports_its_start_and_stop_at_info() -> None:
    found = {service.logger for service in services()}
    assert {each.name for each in found} >= {"faust_transactions.fetch.consumer_thread"}
    libraries = [logging.getLogger(name) for name in INFO_OFF]
    before = [each.level for each in libraries]
    try:
        quiet_libraries(logging.INFO)
        assert [each.name for each in found if each.isEnabledFor(logging.INFO)] == []
    finally:
        for each, old in zip(libraries, before, strict=True):
            each.setLevel(old)

"""`/metrics` as Prometheus gets it, and docs/metrics.md, which says what is in it."""

import re
import sys
from pathlib import Path

import pytest

from config import Settings
from tests.functional.web.web_fakes import Stage
from tests.promtool import promtool
from tests.scraped import families, labels, metrics_text

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.+?) \| .+ \|$", re.MULTILINE)
#: `label`: value, value
_LABEL = re.compile(r"`(\w+)`(?:: ([a-z_, -]+))?")

#: These have no series before there is a partition or a batch; see test_engine_metrics, test_limit.
WITHOUT_SERIES = {
    "faust_transactions_committed_offset",
    "faust_transactions_lag_records",
    "faust_transactions_lost_offsets_total",
    "faust_transactions_pending_seconds",
    "faust_transactions_stopped_partitions",
    "fraud_partition_held",
}


@pytest.fixture
async def text() -> str:
    return await metrics_text()


def documented() -> dict[str, tuple[str, str]]:
    """Name -> type and labels, of each row of the page."""
    rows = {name: (kind, told) for name, kind, told in _ROW.findall(PAGE.read_text("utf-8"))}
    if sys.platform != "linux":  # where there is no /proc
        rows = {name: row for name, row in rows.items() if not name.startswith("process_")}
    return rows


def test_the_page_names_every_metric_and_no_other(text: str) -> None:
    assert {name: kind for name, (kind, _) in documented().items()} == families(text)


def test_no_metric_is_on_the_page_twice() -> None:
    names = [row[0] for row in _ROW.findall(PAGE.read_text("utf-8"))]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", sorted(set(documented()) - WITHOUT_SERIES))
def test_the_page_tells_the_labels_and_their_values(text: str, name: str) -> None:
    kind, told = documented()[name]
    found = dict(labels([text])[name + ("_count" if kind == "histogram" else "")])
    said = dict(_LABEL.findall(told))
    assert set(said) == set(found)
    for label, values in said.items():
        if values and "those of" not in values:
            assert set(values.split(", ")) == found[label]


async def test_without_a_url_only_the_service_s_metrics_are_missing(text: str) -> None:
    simulated = await metrics_text(Settings())
    missing = families(text).keys() - families(simulated).keys()
    assert missing == {name for name in families(text) if name.startswith("veritas_")}
    assert missing


def test_prometheus_has_nothing_against_names_and_units(text: str) -> None:
    assert promtool("check", "metrics", text=text) == ""


def test_no_series_tells_only_when_it_began(text: str) -> None:
    assert "_created" not in text


async def test_readiness_and_the_way_to_the_brokers_are_reported_as_they_are() -> None:
    stage = Stage()
    registry = stage.state.registry
    assert registry.get_sample_value("fraud_worker_ready") == 1
    assert registry.get_sample_value("fraud_broker_connected") == 1
    stage.not_ready_reason = "rebalancing"
    stage.feed.connected = False
    assert registry.get_sample_value("fraud_worker_ready") == 0
    assert registry.get_sample_value("fraud_broker_connected") == 0
    assert registry.get_sample_value("fraud_partitions") == stage.state.partitions

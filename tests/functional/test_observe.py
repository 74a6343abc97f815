"""The alert rules and the board in deploy/ read series that a worker really has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings
from tests import promql
from tests.promtool import promtool
from tests.scraped import labels, metrics_text, series_names

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
BOARD = ROOT / "deploy" / "grafana" / "dashboards" / "accounts.json"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
TEST_FILES = sorted(PROMETHEUS.glob("*_test.yml"))
TESTS = [test for file in TEST_FILES for test in yaml.safe_load(file.read_text("utf-8"))["tests"]]

#: Prometheus makes these itself.
ITS_OWN = {"up", "ALERTS"}


def panels() -> Iterator[dict[str, Any]]:
    for panel in json.loads(BOARD.read_text("utf-8"))["panels"]:
        if panel["type"] != "row":
            yield panel


def board_expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


EXPRESSIONS = [rule["expr"] for rule in RULES] + board_expressions()


@pytest.fixture
async def text() -> str:
    return await metrics_text()


def test_every_series_that_is_read_exists(text: str) -> None:
    read = set().union(*map(promql.metrics, EXPRESSIONS))
    assert read - series_names(text) - RECORDED - ITS_OWN == set()


def test_every_recorded_series_is_read() -> None:
    assert set().union(*map(promql.metrics, EXPRESSIONS)) >= RECORDED


def test_every_label_that_is_selected_by_has_such_a_value(text: str) -> None:
    known = labels([text])
    known["ALERTS"]["alertstate"] = {"firing", "pending"}
    jobs = {config["job_name"] for config in config_of_prometheus()["scrape_configs"]}
    selectors = [each for expression in EXPRESSIONS for each in promql.matchers(expression)]
    assert len(selectors) > 5
    for metric, label, operator, value in selectors:
        values = jobs if label == "job" else known[metric][label]
        named = set(value.split("|")) if "~" in operator else {value}
        assert named <= values, f"{metric}{{{label}{operator}{value!r}}}"


def config_of_prometheus() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    return found


def test_prometheus_finds_all_workers_by_the_name_of_their_service() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    (config,) = config_of_prometheus()["scrape_configs"]
    (discovery,) = config["dns_sd_configs"]
    (name,) = discovery["names"]
    assert discovery["type"] == "A"
    assert [f"127.0.0.1::{discovery['port']}"] == compose["services"][name]["ports"]


def test_every_alert_says_what_it_is_about() -> None:
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"warning", "critical"}, name
        assert set(rule["annotations"]) == {"summary", "description"}, name


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_is_shown_to_fire_and_to_keep_still(alert: str) -> None:
    shown = [
        bool(case.get("exp_alerts"))
        for test in TESTS
        for case in test["alert_rule_test"]
        if case["alertname"] == alert
    ]
    assert set(shown) == {True, False}
    healthy = next(test for test in TESTS if test["name"] == "a healthy stream")
    assert alert in {case["alertname"] for case in healthy["alert_rule_test"]}


def test_the_docs_list_the_alerts() -> None:
    section = (ROOT / "docs" / "operations.md").read_text("utf-8").split("\n## Alerts\n")[1]
    rows = re.findall(r"^\| `([A-Z]\w+)` \|", section.split("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(ALERTS)


def test_the_board_asks_the_provisioned_data_source() -> None:
    provisioned = BOARD.parents[1] / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioned.read_text("utf-8"))["datasources"]
    asked = {(p["datasource"]["type"], p["datasource"]["uid"]) for p in panels()}
    asked |= {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for panel in panels()
        for target in panel["targets"]
    }
    assert asked == {(source["type"], source["uid"])}


def test_no_two_panels_of_the_board_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(BOARD.read_text("utf-8"))["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)


def test_the_alert_and_the_board_draw_the_same_band() -> None:
    width = re.search(r"> (0\.\d+)", ALERTS["AuthorizedShareOutOfBand"]["expr"])
    assert width is not None
    drawn = [e for e in board_expressions() if re.search(r"ratio_rate1d [+-] ", e)]
    assert len(drawn) == 2
    assert all(expression.endswith(width[1]) for expression in drawn)


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    assert "SUCCESS" in promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_prometheus_takes_a_token_from_a_file_that_it_is_given_and_git_is_not(
    tmp_path: Path,
) -> None:
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    told = text.partition("off the next two lines:\n")[2]
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace(told, told.replace("# ", "", 2)))
    assert "SUCCESS" in promtool("check", "config", "--syntax-only", file)

    (config,) = yaml.safe_load(file.read_text())["scrape_configs"]
    path = Path(config["authorization"]["credentials_file"])
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    mounted = f"./{PROMETHEUS.relative_to(ROOT)}:{path.parent}:ro"
    assert mounted in services["prometheus"]["volumes"]
    assert "FRAUD_WEB_TOKEN" in services["worker"]["environment"]
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert f"/{PROMETHEUS.relative_to(ROOT)}/{path.name}" in ignored


@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: str(file.name))
def test_each_alert_fires_when_it_should_and_only_then(file: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", file)


def test_every_expression_of_the_board_is_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "1m")}
        for number, expression in enumerate(board_expressions())
    ]
    file = tmp_path / "board.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", file)


async def test_without_the_http_service_nothing_but_its_alert_is_blind() -> None:
    there = series_names(await metrics_text(Settings()))
    blind = {
        rule["alert"]
        for rule in ALERTS.values()
        if promql.metrics(rule["expr"]) - there - RECORDED - ITS_OWN
    }
    assert blind == {"BreakerOpen"}

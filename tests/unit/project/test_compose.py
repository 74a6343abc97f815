"""docker-compose.yml as far as it can be judged without Docker."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import Settings
from tests.unit.project.test_imports import ROOMS, imports_of
from tools.devbroker.properties import SINGLE_NODE

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def test_it_follows_the_compose_specification() -> None:
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["docker-compose.yml", "Dockerfile"])
def test_every_variable_it_names_is_a_setting(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"FRAUD_[A-Z_]*[A-Z]", text))
    assert named
    assert named <= {Settings.env_name(field) for field in Settings.model_fields}


def test_the_image_holds_every_folder_that_the_worker_imports() -> None:
    needed: set[str] = set()
    found = {"fraud_app"}
    while found - needed:
        room = (found - needed).pop()
        needed.add(room)
        for path in ROOMS[room]:
            found |= imports_of(path.read_text(encoding="utf-8")) & ROOMS.keys()
    copied = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "!*.py" in copied
    folders = {room for room in needed if (ROOT / room).is_dir()}
    assert {f"!{folder}" for folder in folders} <= set(copied)


def test_the_worker_gets_every_setting(services: dict[str, dict[str, Any]]) -> None:
    environment = services["worker"]["environment"]
    assert set(environment) == {Settings.env_name(field) for field in Settings.model_fields}
    # Those without a value come from the shell or .env, and are left out where they are not set.
    fixed = {name: value for name, value in environment.items() if value is not None}
    assert fixed == {"FRAUD_BROKER": "kafka://kafka:19092", "FRAUD_WEB_HOST": "0.0.0.0"}


def test_there_can_be_several_workers(services: dict[str, dict[str, Any]]) -> None:
    worker = services["worker"]
    assert "container_name" not in worker
    for port in worker["ports"]:
        host_port = port.split(":")[-2]
        assert host_port == "", "a fixed port on the host is free for one worker only"


def test_nothing_is_reachable_from_other_machines(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_worker_waits_for_a_healthy_broker(services: dict[str, dict[str, Any]]) -> None:
    assert services["worker"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    assert services["kafka"]["healthcheck"]["test"]


def test_every_image_is_of_one_exact_version(services: dict[str, dict[str, Any]]) -> None:
    images = [service["image"] for service in services.values() if "image" in service]
    assert len(images) == 3
    assert all(re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", image) for image in images)


def test_without_a_profile_there_are_a_broker_and_a_worker(
    services: dict[str, dict[str, Any]],
) -> None:
    profiles = {name: service.get("profiles") for name, service in services.items()}
    assert profiles == {
        "kafka": None,
        "worker": None,
        "veritas": ["veritas"],
        "prometheus": ["observe"],
        "grafana": ["observe"],
    }


def test_make_down_ends_the_services_of_every_profile(services: dict[str, dict[str, Any]]) -> None:
    recipe = re.search(r"^down:.*\n\t(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe is not None
    for service in services.values():
        for profile in service.get("profiles", ()):
            assert f"--profile {profile} " in recipe[1]


def mounts(service: dict[str, Any]) -> dict[str, Path]:
    """Place in the container -> what of the project is there."""
    parts = [volume.split(":") for volume in service["volumes"] if volume.startswith("./")]
    assert all(part[2] == "ro" for part in parts)
    return {there: ROOT / here for here, there, _ in parts}


def test_prometheus_and_grafana_find_their_files(services: dict[str, dict[str, Any]]) -> None:
    def here(service: str, path: str) -> Path:
        for there, place in mounts(services[service]).items():
            if path == there or path.startswith(f"{there}/"):
                return place / path[len(there) :].lstrip("/")
        raise AssertionError(f"{path} is not mounted into {service}")

    (config,) = [
        argument.partition("=")[2]
        for argument in services["prometheus"]["command"]
        if argument.startswith("--config.file=")
    ]
    rules = yaml.safe_load(here("prometheus", config).read_text("utf-8"))["rule_files"]
    assert all((here("prometheus", config).parent / file).is_file() for file in rules)

    provisioning = here("grafana", "/etc/grafana/provisioning")
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text("utf-8"))[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards/files.yml").read_text("utf-8"))[
        "providers"
    ]
    assert list(here("grafana", provider["options"]["path"]).glob("*.json"))
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert here("grafana", home).is_file()


def test_nobody_logs_in_to_grafana_with_a_known_password(
    services: dict[str, dict[str, Any]],
) -> None:
    environment = services["grafana"]["environment"]
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_it_is_the_version_that_the_tests_run_on(services: dict[str, dict[str, Any]]) -> None:
    pom = (ROOT / "tools" / "devbroker" / "kafka" / "pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    assert version is not None
    assert services["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_one_broker_asks_for_one_replica_of_everything(
    services: dict[str, dict[str, Any]],
) -> None:
    wanted = {name for name in SINGLE_NODE if name.endswith((".factor", ".min.isr"))}
    environment = services["kafka"]["environment"]
    variables = {name: "KAFKA_" + name.upper().replace(".", "_") for name in wanted}
    assert {name: environment.get(variables[name]) for name in wanted} == dict.fromkeys(wanted, "1")

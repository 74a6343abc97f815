import subprocess
import sys
from pathlib import Path

import pytest

from tools.devbroker import BrokerUnavailableError, free_port
from tools.devbroker.java import java
from tools.devbroker.libraries import libraries
from tools.devbroker.ports import answers, is_taken
from tools.devbroker.properties import as_text, sasl_properties, server_properties

ROOT = Path(__file__).parents[3]


def program(directory: Path, name: str, script: str) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the only one on the PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return directory


def one_line(error: pytest.ExceptionInfo[BrokerUnavailableError]) -> str:
    (line,) = str(error.value).splitlines()
    return line


def test_a_missing_java_is_said_with_what_to_install(path: Path) -> None:
    with pytest.raises(BrokerUnavailableError) as error:
        java()
    assert one_line(error).startswith("no java on the PATH: a real Kafka needs Java 17")


@pytest.mark.parametrize("version", ["1.8.0_442", "11.0.27", "16"])
def test_an_older_java_is_refused(path: Path, version: str) -> None:
    program(path, "java", f"""echo 'openjdk version "{version}"' >&2""")
    with pytest.raises(BrokerUnavailableError, match=r"is Java \d+: a real Kafka needs Java 17"):
        java()


@pytest.mark.parametrize("version", ["17", "17.0.15", "21.0.2-ea", "25"])
def test_java_17_and_newer_will_do(path: Path, version: str) -> None:
    found = program(path, "java", f"""echo 'openjdk version "{version}"' >&2""")
    assert java() == str(found)


def test_java_home_goes_before_the_path(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path, "java", """echo 'openjdk version "11"' >&2""")
    (tmp_path / "jdk" / "bin").mkdir(parents=True)
    wanted = program(tmp_path / "jdk" / "bin", "java", """echo 'openjdk version "21"' >&2""")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java() == str(wanted)


def test_a_java_that_only_says_where_to_get_one_is_refused(path: Path) -> None:
    program(path, "java", "echo 'No Java runtime present, requesting install.' >&2; exit 1")
    with pytest.raises(BrokerUnavailableError, match="cannot be run: a real Kafka needs Java 17"):
        java()


def test_a_missing_maven_is_said_with_what_to_install(path: Path, tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailableError) as error:
        libraries(tmp_path / "cache")
    assert one_line(error).startswith("no mvn on the PATH")


def test_a_failed_download_says_why_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    program(path, "mvn", "echo '[INFO] x'; echo '[ERROR] repository unreachable'; exit 1")
    with pytest.raises(BrokerUnavailableError, match="repository unreachable") as error:
        libraries(tmp_path / "cache")
    assert one_line(error)
    assert list((tmp_path / "cache").iterdir()) == []


def test_libraries_are_downloaded_once(path: Path, tmp_path: Path) -> None:
    script = """
        for argument in "$@"; do case $argument in
            -DoutputDirectory=*) /bin/mkdir "${argument#*=}"; echo > "${argument#*=}/kafka.jar";;
        esac; done
        echo x >> {log}
    """
    log = tmp_path / "calls"
    program(path, "mvn", script.replace("{log}", str(log)))
    first = libraries(tmp_path / "cache")
    assert libraries(tmp_path / "cache") == first
    assert (first / "kafka.jar").exists()
    assert log.read_text() == "x\n"


def test_each_kafka_version_has_a_folder_of_its_own(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
        for argument in "$@"; do case $argument in
            -DoutputDirectory=*) folder="${argument#*=}";;
            -Dkafka.version=*) version="${argument#*=}";;
        esac; done
        /bin/mkdir "$folder"; echo "$version" > "$folder/version"
    """
    program(path, "mvn", script)
    monkeypatch.setenv("KAFKA_VERSION", "4.1.2")
    older = libraries(tmp_path / "cache")
    monkeypatch.delenv("KAFKA_VERSION")
    usual = libraries(tmp_path / "cache")
    assert (older / "version").read_text() == "4.1.2\n"
    assert (usual / "version").read_text() == "\n"
    assert older != usual


def test_a_kafka_version_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_VERSION", "newest")
    with pytest.raises(BrokerUnavailableError, match="expected a release such as"):
        libraries(tmp_path / "cache")


def test_every_listener_is_on_the_loopback_interface() -> None:
    properties = server_properties(Path("/d"), {"PLAINTEXT": 1, "SASL_SSL": 2}, 3, {})
    assert properties["listeners"] == (
        "PLAINTEXT://127.0.0.1:1,SASL_SSL://127.0.0.1:2,CONTROLLER://127.0.0.1:3"
    )
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1,SASL_SSL://127.0.0.1:2"


def test_given_properties_go_before_ours() -> None:
    properties = server_properties(Path("/d"), {"PLAINTEXT": 1}, 2, {"num.partitions": "9"})
    assert properties["num.partitions"] == "9"


def test_users_of_plain_are_in_the_properties_of_their_listener() -> None:
    properties = sasl_properties("SASL_SSL", {"a": "1", "b": "2"})
    plain = properties["listener.name.sasl_ssl.plain.sasl.jaas.config"]
    assert plain.endswith('PlainLoginModule required user_a="1" user_b="2";')


def test_backslashes_survive_a_properties_file() -> None:
    assert as_text({"log.dirs": r"C:\kafka"}) == "log.dirs=C:\\\\kafka\n"


def test_a_free_port_is_not_taken_and_does_not_answer() -> None:
    port = free_port()
    assert not is_taken(port)
    assert not answers(port)


def test_a_port_is_drawn_once_by_all_processes() -> None:
    drawn = [free_port() for _ in range(20)]
    assert len(set(drawn)) == len(drawn)
    left = next(port for port in range(9_999, 5_000, -1) if not is_taken(port))
    program = f"from tools.devbroker import ports; ports._PORTS = {[*drawn, left]}"
    command = [sys.executable, "-c", f"{program}; print(ports.free_port())"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(said.stdout) == left

"""What a run of the matrix counts, excuses and prints."""

from pathlib import Path

import pytest

from tools.matrix import cell, pythons
from tools.matrix.__main__ import main
from tools.matrix.cell import Cell
from tools.matrix.table import table

REPORT = """<testsuites><testsuite>
<testcase file="tests/integration/test_tail.py" name="test_reads"/>
<testcase file="tests/integration/test_tail.py" name="test_waits"><skipped/></testcase>
<testcase file="tests/integration/test_hanging.py" name="test_ends[1]"><failure/></testcase>
<testcase file="tests/integration/test_engine.py" name="test_copies"><error/></testcase>
</testsuite></testsuites>"""
KNOWN = {"4.3": {"test_hanging.py": "KAFKA-20734"}}


def counted(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cell:
    monkeypatch.setattr(cell, "KNOWN", KNOWN)
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    found = Cell("3.12", kafka)
    cell.count(found, report)
    return found


def test_a_failure_without_a_named_reason_fails_the_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = counted("4.2.2", tmp_path, monkeypatch)
    assert (found.passed, found.skipped, found.known) == (1, 1, {})
    assert found.failed == ["test_hanging.py::test_ends[1]", "test_engine.py::test_copies"]
    assert not found.ok


def test_a_named_reason_excuses_its_own_tests_on_its_own_kafka_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = counted("4.3.1", tmp_path, monkeypatch)
    assert found.known == {"test_hanging.py::test_ends[1]": "KAFKA-20734"}
    assert found.failed == ["test_engine.py::test_copies"]


def test_the_table_has_a_row_for_each_kafka_and_says_what_failed() -> None:
    cells = {
        ("3.11", "4.2.2"): Cell("3.11", "4.2.2", passed=9),
        ("3.12", "4.3.1"): Cell("3.12", "4.3.1", passed=7, failed=["a"], known={"b": "KAFKA-1"}),
        ("3.12", "4.2.2"): Cell("3.12", "4.2.2", error="pytest ended with 4"),
    }
    assert table(cells, ("3.11", "3.12"), ("4.2.2", "4.3.1")) == (
        "| Kafka | Python 3.11 | Python 3.12 |\n"
        "| --- | --- | --- |\n"
        "| 4.2.2 | 9 passed | did not run |\n"
        "| 4.3.1 | not run | 7 passed, 1 known, **1 failed** |\n"
        "\n"
        "- Python 3.12, Kafka 4.2.2: pytest ended with 4\n"
        "- Python 3.12, Kafka 4.3.1: a failed\n"
        "- Python 3.12, Kafka 4.3.1: b: KAFKA-1\n"
    )


def test_a_run_without_any_cell_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.matrix.__main__.FOLDER", tmp_path)
    assert main(["--python", "2.1"]) == 1
    assert "Python 2.1: not on this machine" in capsys.readouterr().out


def test_a_python_that_is_not_here_is_not_found() -> None:
    assert pythons.find("1.0") is None

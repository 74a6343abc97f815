"""One cell of the matrix: the engine's tests on one Python against one Kafka."""

from __future__ import annotations

import os
import subprocess
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["KNOWN", "ROOT", "Cell", "run"]

ROOT = Path(__file__).parents[2]
TESTS = "packages/faust-transactions/tests"

#: What may fail on which Kafka, and why. Version prefix -> part of a test's name -> reason.
#: Failures only: a test that is skipped without REQUIRE_KAFKA fails here.
_NO_LOSS = {
    "test_what_hangs_of_a_former_owner_is_aborted_and_written_again": (
        "needs a Kafka that loses transaction markers, which 4.3.0 began to do (KAFKA-20734)"
    )
}
KNOWN: dict[str, dict[str, str]] = dict.fromkeys(("3.9", "4.0", "4.1", "4.2"), _NO_LOSS)


@dataclass
class Cell:
    """The result of one cell. ``failed`` names the tests; ``known`` those with a named reason."""

    python: str
    kafka: str
    passed: int = 0
    skipped: int = 0
    seconds: int = 0
    failed: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    #: Why nothing ran; empty when the tests ran.
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether every test passed, was skipped or failed for a named reason."""
        return not self.failed and not self.error


def run(interpreter: Path, python: str, kafka: str, folder: Path, tests: list[str]) -> Cell:
    """Run the engine's tests. Their output goes to ``python-X-kafka-Y.log`` in ``folder``."""
    name = f"python-{python}-kafka-{kafka}"
    report, log = folder / f"{name}.xml", folder / f"{name}.log"
    report.unlink(missing_ok=True)
    command = [str(interpreter), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-n", "3", "--dist", "loadgroup"]
    command += [f"--junitxml={report}", "-o", "junit_family=xunit1", *(tests or [TESTS])]
    began = time.monotonic()
    with log.open("wb") as out:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "KAFKA_VERSION": kafka, "REQUIRE_KAFKA": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    cell = Cell(python, kafka, seconds=round(time.monotonic() - began))
    if not report.exists():
        cell.error = f"pytest ended with {done.returncode}, see {log}"
        return cell
    count(cell, report)
    if not cell.passed and not cell.failed and not cell.known:
        cell.error = f"no test ran, see {log}"
    return cell


def count(cell: Cell, report: Path) -> None:
    """Put what pytest's report says into the cell."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        name = f"{Path(case.get('file', '')).name}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            reason = known_reason(cell.kafka, name)
            if reason is None:
                cell.failed.append(name)
            else:
                cell.known[name] = reason
        elif case.find("skipped") is not None:
            cell.skipped += 1
        else:
            cell.passed += 1


def known_reason(kafka: str, test: str) -> str | None:
    """Why a test may fail on this Kafka; None when it may not."""
    return next(
        (
            reason
            for prefix, tests in KNOWN.items()
            if f"{kafka}.".startswith(f"{prefix}.")
            for part, reason in tests.items()
            if part in test
        ),
        None,
    )

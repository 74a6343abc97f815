"""The engine as its users get it: a wheel, an empty environment, an example, three times kill -9.

``python -m tools.matrix.wheel``, or ``make wheel``. Builds the wheel of
packages/faust-transactions, installs it in an empty virtual environment, and runs
examples/orders.py from a folder without the repository against a real Kafka. The worker is killed
three times in the middle of its work. Exits with 1 unless every order was counted exactly once.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.topics import create_topic, produce, read_topic
from tools.devbroker import KafkaServer, free_port

PACKAGE = Path(__file__).parents[2] / "packages" / "faust-transactions"
ORDERS = 20_000
KILLS = 3
PRODUCTS = ("tea", "coffee", "cocoa")

Totals = dict[tuple[int, bytes], list[int]]


def main() -> int:
    """Run all of it; the exit code."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as name:
        folder = Path(name)
        faust = install(build(folder), folder)
        shutil.copytree(PACKAGE / "examples", folder / "examples")
        with KafkaServer(folder / "kafka") as kafka:
            found = run(faust, folder, kafka.bootstrap)
    return report(found)


def build(folder: Path) -> Path:
    """The wheel."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*pip, folder, PACKAGE], check=True)
    (wheel,) = folder.glob("*.whl")
    print(f"built {wheel.name}, {wheel.stat().st_size} bytes", flush=True)
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """The faust program of an empty environment with the wheel and what it depends on."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [
        str(folder / "venv" / "bin" / "pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    began = time.monotonic()
    subprocess.run([*pip, wheel], check=True)
    print(f"installed in an empty environment in {time.monotonic() - began:.0f} s", flush=True)
    return folder / "venv" / "bin" / "faust"


def run(faust: Path, folder: Path, kafka: str) -> Totals:
    """Send orders and kill the worker amid each lot of them; what was written in the end."""
    for topic in ("orders", "order-totals", "orders-rejected"):
        create_topic(kafka, topic)
    for kill in range(KILLS):
        with worker(faust, folder, kafka) as process:
            produce(kafka, "orders", map(order, range(ORDERS)))
            written = wait_for(kafka, kill * ORDERS + 1)
            process.kill()
        print(f"kill -9 number {kill + 1}: {written} totals were committed", flush=True)
    with worker(faust, folder, kafka) as process:
        began = time.monotonic()
        wait_for(kafka, KILLS * ORDERS)
        seconds = time.monotonic() - began
        print(f"the rest was done {seconds:.1f} s after the last start", flush=True)
        process.terminate()
        print(f"stopped with exit code {process.wait(30)}", flush=True)
    return totals(kafka)


@contextmanager
def worker(faust: Path, folder: Path, kafka: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the example; killed at the end if it is still there."""
    command = [str(faust), "-A", "orders", "--datadir", str(folder / "data"), "worker"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "-l", "info", "--web-port", str(free_port())],
            cwd=folder / "examples",
            env={**env, "KAFKA": kafka},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def order(number: int) -> bytes:
    """An order of one unit."""
    return json.dumps({"product": PRODUCTS[number % len(PRODUCTS)], "units": 1}).encode()


def wait_for(kafka: str, number: int, timeout: float = 180.0) -> int:
    """Wait until so many totals are committed; how many there are. Raises TimeoutError."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        written = len(read_topic(kafka, "order-totals"))
        if written >= number:
            return written
        time.sleep(0.2)
    raise TimeoutError(f"{number} totals were not written in {timeout:g} s")


def totals(kafka: str) -> Totals:
    """Partition and product -> its totals, in the order in which they were written."""
    found: Totals = defaultdict(list)
    for read in read_topic(kafka, "order-totals"):
        found[read.partition, read.key or b""].append(json.loads(read.value or b"")["total"])
    return found


def report(found: Totals) -> int:
    """Say whether each order counts once: the totals of units of one are 1, 2, 3, …"""
    sent, written = KILLS * ORDERS, sum(map(len, found.values()))
    wrong = [key for key, each in found.items() if each != list(range(1, len(each) + 1))]
    print(f"{sent} orders, {written} totals, {KILLS} kills; wrong: {wrong or 'none'}")
    return 0 if written == sent and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

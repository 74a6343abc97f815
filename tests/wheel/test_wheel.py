"""The engine as its users get it: a wheel, an empty environment, an example, three times kill -9.

Nothing of the repository is on the path of what runs. `make wheel` runs this.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.topics import count_offsets, create_topic, produce, read_topic
from tools.devbroker import KafkaServer, free_port

PACKAGE = Path(__file__).parents[2] / "packages" / "faust-transactions"
ORDERS = 20_000
KILLS = 3
PRODUCTS = ("tea", "coffee", "cocoa")


@pytest.fixture(scope="module")
def faust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The faust program of an empty environment with the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*build, folder, PACKAGE], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    install = [str(folder / "venv" / "bin" / "pip"), "install", "--quiet"]
    subprocess.run([*install, "--disable-pip-version-check", wheel], check=True)
    return folder / "venv" / "bin" / "faust"


@pytest.mark.timeout(0)
def test_every_order_is_counted_once_through_kills(
    faust: Path, own_kafka: Callable[..., KafkaServer], tmp_path: Path
) -> None:
    kafka = own_kafka().bootstrap
    shutil.copytree(PACKAGE / "examples", tmp_path / "examples")
    for topic in ("orders", "order-totals", "orders-rejected"):
        create_topic(kafka, topic)
    sent = kills = 0
    while kills < KILLS:
        produce(kafka, "orders", map(order, range(ORDERS)))
        sent += ORDERS
        before = count_offsets(kafka, "order-totals")
        with worker(faust, tmp_path, kafka) as process:
            wait_for(partial(has_more, kafka, before))
            process.kill()
            process.wait()
        # A kill after all work proves nothing; another lot follows.
        kills += len(read_topic(kafka, "order-totals")) < sent
    with worker(faust, tmp_path, kafka) as process:
        # Offsets are more than totals: markers of transactions have some too.
        wait_for(partial(has_more, kafka, sent))
        wait_for(lambda: len(read_topic(kafka, "order-totals")) >= sent)
        process.terminate()
        assert process.wait(30) == 0
    totals = defaultdict[tuple[int, bytes | None], list[int]](list)
    for read in read_topic(kafka, "order-totals"):
        totals[read.partition, read.key].append(json.loads(read.value or b"")["total"])
    # The running totals of orders of one unit: 1, 2, 3, …
    assert all(each == list(range(1, len(each) + 1)) for each in totals.values())
    assert sum(map(len, totals.values())) == sent


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


def has_more(kafka: str, offsets: int) -> bool:
    """Whether the totals have more than so many offsets."""
    return count_offsets(kafka, "order-totals") > offsets


def wait_for(condition: Callable[[], bool], timeout: float = 180.0) -> None:
    """Wait until it holds. Raises TimeoutError.

    A worker that was killed has its partitions until its session ends, a minute with Faust.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {timeout:g} s")
        time.sleep(0.1)

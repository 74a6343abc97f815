import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.worker import Worker


@pytest.fixture(scope="session", autouse=True)
def java_starts_quickly() -> Iterator[None]:
    """Kafka's servers live for seconds here, in which optimizing them costs more than it brings.

    Starting one takes half the processor time so. Every `java` heeds the variable.
    """
    with pytest.MonkeyPatch.context() as patch:
        options = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        patch.setenv("JDK_JAVA_OPTIONS", f"{options} {os.environ.get('JDK_JAVA_OPTIONS', '')}")
        yield


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts workers: start_worker(env, app="fraud_app"), without waiting.

    Those still there at the test's end are killed.
    """
    workers: list[Worker] = []

    def start(env: dict[str, str], **options: Any) -> Worker:
        worker = Worker(tmp_path / f"worker-{len(workers)}", env, **options)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        worker.kill()

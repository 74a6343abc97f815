from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.worker import Worker


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

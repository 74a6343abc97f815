"""Topics and workers of a test that runs `support.engine_app`."""

import time
from collections import Counter
from collections.abc import Callable

from faust_transactions.stores.signature import SIGNATURE

from support.engine_app import RARE
from tests.topics import Read, create_topic, produce, read_topic, wait_for_records
from tests.worker import Worker

APP = "support.engine_app"
Start = Callable[..., Worker]


class Copying:
    """Topics and workers of one test."""

    def __init__(
        self, bootstrap: str, name: str, start: Start, *, partitions: int = 4, **env: str
    ) -> None:
        self.bootstrap, self.name, self.partitions = bootstrap, name, partitions
        self._start = start
        own = {"ENGINE_ID": name, "ENGINE_BOOTSTRAP": bootstrap, "ENGINE_SESSION": "6"}
        self._env = {**own, "ENGINE_PARTITIONS": str(partitions), **env}
        self.sent: Counter[bytes] = Counter()

    def create(self) -> None:
        for topic in ("in", "out", "rare"):
            create_topic(self.bootstrap, f"{self.name}-{topic}", self.partitions)

    def worker(self, **env: str) -> Worker:
        return self._start(self._env | env, app=APP)

    def send(self, number: int, *, partition: int = -1) -> None:
        first = self.sent.total()
        values = [b"%d" % (first + each) for each in range(number)]
        self.sent.update(values)
        produce(self.bootstrap, f"{self.name}-in", values, partition=partition)

    def send_values(self, *values: bytes, partition: int = 0) -> None:
        self.sent.update(values)
        produce(self.bootstrap, f"{self.name}-in", values, partition=partition)

    def copies(self) -> list[Read]:
        return read_topic(self.bootstrap, f"{self.name}-out")

    def signature(self, partition: int) -> str:
        """The transactional id of the worker that wrote the partition's last row."""
        rows = read_topic(self.bootstrap, f"{self.name}-sums-changelog")
        last = [row for row in rows if row.partition == partition][-1]
        return last.headers[SIGNATURE].decode()

    def wait_for(self, number: int, timeout: float = 60.0) -> None:
        """Wait until so many copies are committed, or until the time is over."""
        wait_for_records(self.bootstrap, f"{self.name}-out", number, timeout)

    def wait_for_all(self, timeout: float = 60.0) -> None:
        """Wait until as many copies are committed as were sent, then hold them against it."""
        deadline = time.monotonic() + timeout
        self.wait_for(self.sent.total(), timeout)
        copies = self.copies()
        copied = Counter(copy.value or b"" for copy in copies)
        assert copied == self.sent, f"missing {self.sent - copied}, too many {copied - self.sent}"
        origins = [copy.key for copy in copies]
        assert len(set(origins)) == len(origins)
        for partition in range(self.partitions):
            offsets = [
                int(str(c.key).split("-")[1][:-1]) for c in copies if c.partition == partition
            ]
            assert offsets == sorted(offsets)
        rare = [origin for origin in origins if int(str(origin).split("-")[1][:-1]) % RARE == 0]
        # The markers of a transaction come to its topics one after the other.
        wait_for_records(
            self.bootstrap, f"{self.name}-rare", len(rare), deadline - time.monotonic()
        )
        found = self._rare()
        assert sorted(map(str, found)) == sorted(map(str, rare))

    def _rare(self) -> list[bytes | None]:
        return [copy.key for copy in read_topic(self.bootstrap, f"{self.name}-rare")]


def wait_until(true: Callable[[], bool], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.2)

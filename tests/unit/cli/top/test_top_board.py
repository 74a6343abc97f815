from faust_transactions import TopicIdentity

from cli.top.board import Board
from cli.top.rates import Rates
from cli.top.worker_snapshot import WorkerSnapshot, read_snapshot
from cluster import ClusterError, Progress
from config import Settings
from records import PartitionCounts
from tests.unit.cli.top.test_top import VERDICTS, row
from tests.unit.cli.top.test_top_worker_snapshot import SNAPSHOT


class Worker:
    """A worker that tells what a test says."""

    url = "http://127.0.0.1:6066"

    def __init__(self, found: WorkerSnapshot | None = None) -> None:
        self.found = found

    @property
    def state(self) -> tuple[WorkerSnapshot | None, str | None]:
        return self.found, None if self.found else "Connection refused"

    def wait(self, _seconds: float) -> None:
        """Nothing to wait for."""


def test_the_last_look_stays_while_there_is_none_and_the_next_one_counts() -> None:
    answers: list[Progress | ClusterError] = [
        Progress({0: row(next_offset=100)}, {}, {0: 100}, {0: "a:1"}),
        ClusterError("Connection refused"),
        Progress({0: row(next_offset=300)}, {}, {0: 300}, {0: "a:1"}),
    ]
    times = iter([0.0, 4.0])

    def look() -> Progress:
        answer = answers.pop(0)
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    board = Board(Settings(), look, lambda size: VERDICTS[:size], Worker(), lambda: next(times))
    assert board.document()["problem"] is None
    away = board.document()
    assert away["problem"] == "Connection refused"
    assert away["counts"]["total"] == row().total
    assert away["per_second"] == {}, "nobody knows"
    assert away["partitions"][0]["owner"] is None
    assert board.document()["per_second"] == {0: 50.0}


def test_of_a_topic_that_was_re_created_nothing_is_judged() -> None:
    then, now = TopicIdentity("bankaccount", "OLD"), TopicIdentity("bankaccount", "NEW")
    rows = {0: row(next_offset=100), 1: row(next_offset=7)}
    seen = Progress(rows, {}, {0: 140, 1: 7}, None, now, {0: then, 1: now})
    document = Board(Settings(), lambda: seen, lambda _size: [], Worker()).document()
    assert (
        "bankaccount was re-created (topic id OLD in the row of partition 0, NEW now)"
        in (document["mismatch"])
    )
    assert [one["lag"] for one in document["partitions"]] == [140, 0]


def test_the_owners_are_the_workers_where_kafka_does_not_say() -> None:
    def owners(seen: Progress) -> list[str | None]:
        board = Board(Settings(), lambda: seen, lambda _size: [], Worker(read_snapshot(SNAPSHOT)))
        return [one["owner"] for one in board.document()["partitions"]]

    rows = {0: row(), 1: row()}
    assert owners(Progress(rows, {}, {})) == ["worker-a:6066", ""]
    assert owners(Progress(rows, {}, {}, {1: "b:1"})) == ["", "b:1"]


def test_rates_over_time_are_a_workers_else_what_was_seen_since_the_start() -> None:
    done = iter(range(0, 1_000, 50))
    times = iter(range(0, 100, 5))
    worker = Worker()
    board = Board(
        Settings(),
        lambda: Progress({0: PartitionCounts(authorized=next(done))}, {}, {}),
        lambda _size: [],
        worker,
        lambda: float(next(times)),
    )
    assert [board.document()["rates"] for _ in range(3)] == [[], [10.0], [10.0, 10.0]]
    worker.found = read_snapshot(SNAPSHOT)
    assert board.document()["rates"] == [6, 13]


def test_a_rate_is_over_the_last_seconds() -> None:
    rates = Rates()
    assert rates.per_second == {}
    rates.add(0.0, {0: 0})
    assert rates.per_second == {}
    for second in range(1, 21):
        rates.add(float(second), {0: 100 * second if second > 10 else 0})
    assert rates.per_second == {0: 100.0}


def test_a_partition_that_was_not_there_or_began_anew_has_no_rate() -> None:
    rates = Rates()
    rates.add(0.0, {0: 50})
    rates.add(1.0, {0: 10, 1: 1_000_000})
    assert rates.per_second == {0: 0.0, 1: 0.0}

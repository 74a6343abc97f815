"""Whom a hand-over fences, what it waits for and what it aborts, without Kafka."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from faust.types import TP
from faust_transactions.errors import Abandoned, Fenced, TransactionRefused
from faust_transactions.kafka.tail import LastRecord
from faust_transactions.restore.former_owners import FormerOwners
from faust_transactions.restore.hand_over import HandOver
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.signature import SIGNATURE
from faust_transactions.task import StreamTask
from support.scripted_engine import ScriptedWriter

T = TypeVar("T")

SOURCE, ROWS = TP("in", 0), TP("rows", 0)
OTHER_ROWS = TP("rows", 1)


class Brokers:
    """What is open in the partitions, who wrote it, who is a member; pauses pass at once."""

    def __init__(self) -> None:
        self.open: dict[TP, int] = {}
        self.records: dict[TP, list[str | None]] = defaultdict(list)
        self.members: set[str] | None = {"own"}
        self.asked_for_members = 0
        self.paused: list[float] = []
        #: What happens during the pauses, one after the other.
        self.meanwhile: list[Callable[[], Any]] = []

    def since(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        return {tp: self.open[tp] for tp in partitions if tp in self.open}

    def headers_since(self, offsets: Mapping[TP, int]) -> Mapping[TP, Sequence[Any]]:
        return {
            tp: [[] if name is None else [(SIGNATURE, name.encode())] for name in self.records[tp]]
            for tp in offsets
        }

    async def now(self) -> set[str] | None:
        self.asked_for_members += 1
        return self.members

    # -- Calls

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        return question(*args)

    async def each(self, _writers: Sequence[Any], calls: Sequence[Callable[[], None]]) -> None:
        for call in calls:
            call()

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        if sum(self.paused) > 100:
            raise Abandoned("the app stops")
        if self.meanwhile:
            self.meanwhile.pop(0)()


class Restoring:
    """A worker that is the group's member ``own`` and was assigned partition 0 of ``in``."""

    def __init__(self, number: int = 1) -> None:
        self.brokers = Brokers()
        self.own = ScriptedWriter("app:own")
        self.writers: dict[str, ScriptedWriter] = {}
        self.on_fence: dict[str, Callable[[], Any]] = {}
        self.on_abort: dict[str, Callable[[Sequence[TP]], Any]] = {}
        self.former = FormerOwners(
            "app", self.own, self.brokers.now, self.brokers, self._new_writer
        )
        self.hand_over = HandOver(
            [StreamTask(TP("in", partition)) for partition in range(number)],
            self.own,
            self.former,
            calls=self.brokers,
            open_rows=self.brokers,
            row_of=lambda source: TP("rows", source.partition),
            outputs={"in": ["out"]},
            old_writer=lambda source: self._new_writer(f"app-in-{source.partition}"),
        )

    def _new_writer(self, name: str) -> ScriptedWriter:
        made = ScriptedWriter(name)
        made.on_fence = self.on_fence.get(name, made.on_fence)
        made.on_abort = self.on_abort.get(name, made.on_abort)
        self.writers[name] = made
        return made

    def leave_open(self, row: TP, *writers: str | None) -> None:
        self.brokers.open[row] = 7
        self.brokers.records[row] = list(writers)

    def close(self, *rows: TP) -> None:
        for row in rows:
            self.brokers.open.pop(row, None)

    async def shut_out(self, *signatures: str | None) -> bool:
        """Shut out whoever wrote the last committed rows of partitions 0, 1, ..."""
        rows = {
            TP("rows", partition): LastRecord(b"", b"{}", 5, row_headers(name))
            for partition, name in enumerate(signatures)
        }
        return await self.hand_over.shut_out(self.brokers.since(rows or [ROWS]), rows)

    @property
    def calls(self) -> dict[str, list[str]]:
        return {name: writer.calls for name, writer in self.writers.items()}


def row_headers(name: str | None) -> list[tuple[str, bytes]]:
    """Of a row by the worker with this transactional id; of one of version 0.1 without."""
    if name is None:
        return []
    return [*TopicIdentity("in", "id-1").headers(), (SIGNATURE, name.encode())]


@pytest.fixture
def restoring() -> Restoring:
    return Restoring()


async def test_a_worker_that_left_the_group_is_fenced_though_nothing_is_open(
    restoring: Restoring,
) -> None:
    """It may have sent an offset and no record yet, which nothing shows."""
    assert await restoring.shut_out("app:former"), "the row may be another one now"
    assert restoring.calls == {"app:former": ["fence"]}
    restoring.hand_over.close()
    assert restoring.calls == {"app:former": ["fence", "leave"]}


async def test_a_worker_that_is_still_a_member_is_left_alone(restoring: Restoring) -> None:
    restoring.brokers.members = {"own", "former"}
    assert not await restoring.shut_out("app:former")
    assert restoring.calls == {}


async def test_a_worker_does_not_fence_itself_and_need_not_ask(restoring: Restoring) -> None:
    assert not await restoring.shut_out("app:own")
    assert restoring.calls == {}
    assert restoring.brokers.asked_for_members == 0


async def test_who_is_named_by_several_rows_is_fenced_once() -> None:
    restoring = Restoring(3)
    assert await restoring.shut_out("app:former", "app:former", "app:other")
    assert restoring.calls == {"app:former": ["fence"], "app:other": ["fence"]}
    assert restoring.brokers.asked_for_members == 1


async def test_a_worker_that_is_no_member_itself_fences_nobody(restoring: Restoring) -> None:
    restoring.brokers.members = {"former's next life"}
    with pytest.raises(Fenced, match="no longer a member of its consumer group"):
        await restoring.shut_out("app:former")
    assert restoring.calls == {}


async def test_where_brokers_know_no_members_all_others_are_fenced(restoring: Restoring) -> None:
    restoring.brokers.members = None
    assert await restoring.shut_out("app:former")
    assert restoring.calls == {"app:former": ["fence"]}


async def test_a_first_transaction_is_ended_by_the_name_of_its_row(restoring: Restoring) -> None:
    """The committed row names the owner before, which is innocent."""
    restoring.brokers.members = {"own", "before"}
    restoring.leave_open(ROWS, "app:former")
    restoring.on_fence["app:former"] = lambda: restoring.close(ROWS)
    assert await restoring.shut_out("app:before")
    assert restoring.calls == {"app:former": ["fence"]}
    assert restoring.brokers.paused == []


async def test_what_a_member_has_open_is_waited_for(restoring: Restoring) -> None:
    restoring.brokers.members = {"own", "former"}
    restoring.leave_open(ROWS, "app:former")
    restoring.brokers.meanwhile = [lambda: None, lambda: restoring.close(ROWS)]
    assert await restoring.shut_out("app:former"), "it was committed meanwhile"
    assert restoring.calls == {}
    assert restoring.brokers.paused == [0.1, 0.2]


async def test_a_member_that_leaves_while_it_is_waited_for_is_fenced(restoring: Restoring) -> None:
    restoring.brokers.members = members = {"own", "former"}
    restoring.leave_open(ROWS, "app:former")
    restoring.on_fence["app:former"] = lambda: restoring.close(ROWS)
    restoring.brokers.meanwhile = [lambda: None, lambda: members.discard("former")]
    assert await restoring.shut_out("app:former")
    assert restoring.calls == {"app:former": ["fence"]}
    assert restoring.brokers.paused == [0.1, 0.2]


async def test_what_is_open_after_its_writer_was_fenced_hangs_and_is_aborted(
    restoring: Restoring, caplog: pytest.LogCaptureFixture
) -> None:
    restoring.leave_open(ROWS, "app:former", "app:former")
    restoring.brokers.open[TP("out", 0)] = 3
    aborted: list[Sequence[TP]] = []

    def abort(partitions: Sequence[TP]) -> None:
        aborted.append(partitions)
        restoring.close(*partitions)

    restoring.on_abort["app:former"] = abort
    assert await restoring.shut_out("app:former")
    assert aborted == [[ROWS, TP("out", 0)]]
    assert restoring.calls == {"app:former": ["fence", "abort_in"]}
    assert "in-0: the brokers lost the end of its last transaction" in caplog.text


async def test_a_member_whose_markers_are_lost_is_fenced_in_the_end(restoring: Restoring) -> None:
    restoring.brokers.members = {"own", "former"}
    restoring.leave_open(ROWS, "app:former")
    restoring.on_abort["app:former"] = lambda partitions: restoring.close(*partitions)
    assert await restoring.shut_out("app:former")
    assert restoring.calls == {"app:former": ["fence", "abort_in"]}
    assert sum(restoring.brokers.paused) > 5


async def test_what_hangs_of_this_worker_is_aborted_once_its_markers_are_late(
    restoring: Restoring,
) -> None:
    restoring.leave_open(ROWS, "app:own")
    restoring.own.on_abort = lambda partitions: restoring.close(*partitions)
    assert await restoring.shut_out("app:own")
    assert restoring.own.calls == ["abort_in"]
    assert sum(restoring.brokers.paused) > 5


async def test_what_another_producer_has_open_is_waited_for_with_the_remedy_in_the_log(
    restoring: Restoring, caplog: pytest.LogCaptureFixture
) -> None:
    restoring.leave_open(ROWS, None)
    with pytest.raises(Abandoned):
        await restoring.shut_out("app:own")
    assert restoring.own.calls == []
    assert "abort it with kafka-transactions.sh" in caplog.text
    assert "--topic rows --partition 0 --start-offset 7" in caplog.text


async def test_a_worker_that_was_expelled_while_another_producer_hangs_rejoins(
    restoring: Restoring,
) -> None:
    """It sends no heartbeat, so it would wait for ever, and the next owner, too."""
    restoring.leave_open(ROWS, None)
    restoring.brokers.members = members = {"own"}
    restoring.brokers.meanwhile = [members.clear]
    with pytest.raises(Fenced, match="no longer a member"):
        await restoring.shut_out("app:own")


async def test_an_abort_by_two_workers_at_once_is_tried_again(restoring: Restoring) -> None:
    restoring.leave_open(ROWS, "app:former")
    attempts: list[int] = []

    def abort(partitions: Sequence[TP]) -> None:
        attempts.append(len(partitions))
        if len(attempts) == 1:
            raise Fenced("another worker restores, too")
        restoring.close(*partitions)

    restoring.on_abort["app:former"] = abort
    assert await restoring.shut_out("app:former")
    assert attempts == [1, 1]
    assert restoring.calls == {"app:former": ["fence", "abort_in"]}, "by a writer made anew"
    assert restoring.brokers.paused == [0.1, 0.2], "at once: no heartbeat is sent meanwhile"


async def test_what_hangs_of_one_owner_is_aborted_in_one_transaction() -> None:
    restoring = Restoring(2)
    restoring.leave_open(ROWS, "app:former")
    restoring.leave_open(OTHER_ROWS, "app:former")
    restoring.on_abort["app:former"] = lambda partitions: restoring.close(*partitions)
    assert await restoring.shut_out("app:former", "app:former")
    assert restoring.calls == {"app:former": ["fence", "abort_in"]}


async def test_a_writer_of_its_own_that_is_fenced_ends_the_restore(restoring: Restoring) -> None:
    restoring.leave_open(ROWS, "app:own")

    def abort(partitions: Sequence[TP]) -> None:
        raise Fenced("another worker")

    restoring.own.on_abort = abort
    with pytest.raises(Fenced, match="another worker"):
        await restoring.shut_out("app:own")


async def test_a_worker_that_was_expelled_while_it_waits_fences_no_member(
    restoring: Restoring,
) -> None:
    restoring.brokers.members = members = {"own", "former"}
    restoring.leave_open(ROWS, "app:former")
    restoring.brokers.meanwhile = [lambda: members.discard("own")]
    with pytest.raises(Fenced, match="no longer a member of its consumer group"):
        await restoring.shut_out("app:former")
    assert restoring.calls == {}


async def test_owners_of_version_0_1_are_fenced_by_their_old_ids() -> None:
    restoring = Restoring(2)
    restoring.leave_open(ROWS, None)
    restoring.on_abort["app-in-0"] = lambda partitions: restoring.close(*partitions)
    assert await restoring.shut_out(None, "app:own")
    assert restoring.calls == {"app-in-0": ["fence", "abort_in"]}
    restoring.hand_over.close()
    assert restoring.calls["app-in-0"][-1] == "leave"


async def test_a_row_that_was_rebuilt_names_nobody_and_is_not_taken_for_one_of_version_0_1(
    restoring: Restoring,
) -> None:
    """Whoever upgraded long ago may have taken the right to the old ids away."""
    rebuilt = LastRecord(b"", b"{}", 5, TopicIdentity("in", "id-1").headers())
    assert not await restoring.hand_over.shut_out({}, {ROWS: rebuilt})
    assert restoring.calls == {}


async def test_a_name_that_is_no_id_of_this_app_is_ignored(restoring: Restoring) -> None:
    """Whoever may write to the changelog could have another app's producer fenced."""
    await restoring.shut_out("payments-1")
    assert "payments-1" not in restoring.calls
    restoring.leave_open(ROWS, "payments-1")
    restoring.brokers.meanwhile = [lambda: restoring.close(ROWS)]
    await restoring.shut_out("app:own")
    assert "payments-1" not in restoring.calls


async def test_a_new_app_needs_no_right_to_the_old_ids(restoring: Restoring) -> None:
    def refuse() -> None:
        raise TransactionRefused("no right")

    restoring.on_fence["app-in-0"] = refuse
    assert await restoring.shut_out()
    assert restoring.calls == {"app-in-0": ["fence", "leave"]}
    with pytest.raises(TransactionRefused):
        await restoring.shut_out(None)

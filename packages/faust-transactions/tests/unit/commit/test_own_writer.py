"""When a worker goes on with its writer over a rebalance, and when it makes another."""

import pytest
from faust_transactions import Fenced
from faust_transactions.commit.client import group_metadata
from faust_transactions.commit.own_writer import OwnWriter
from support.scripted_engine import ScriptedWriter


class Made:
    """The writers that were made; fencing raises what is set."""

    def __init__(self) -> None:
        self.writers: list[ScriptedWriter] = []
        self.error: Exception | None = None
        self.own = OwnWriter("app", self.new, self.fence)

    def new(self, name: str) -> ScriptedWriter:
        self.writers.append(ScriptedWriter(name))
        return self.writers[-1]

    async def fence(self, writer: ScriptedWriter) -> None:
        writer.fence()
        if self.error is not None:
            raise self.error


async def test_a_worker_writes_as_the_member_that_it_is() -> None:
    made = Made()
    member = await made.own.join(3, "worker-1")
    assert member.group == group_metadata("app", 3, "worker-1")
    assert member.writer.transactional_id == "app:worker-1"
    assert made.writers[0].calls == ["fence"]


async def test_the_writer_stays_while_the_member_is_the_same() -> None:
    made = Made()
    first = await made.own.join(3, "worker-1")
    second = await made.own.join(4, "worker-1")
    assert second.writer is first.writer
    assert second.group == group_metadata("app", 4, "worker-1")
    assert made.writers[0].calls == ["fence"]


async def test_another_member_has_another_writer() -> None:
    made = Made()
    await made.own.join(3, "worker-1")
    second = await made.own.join(5, "worker-2")
    assert second.writer.transactional_id == "app:worker-2"
    assert [writer.calls for writer in made.writers] == [["fence", "leave"], ["fence"]]


async def test_a_writer_of_no_use_is_replaced_by_one_that_fences_it() -> None:
    made = Made()
    await made.own.join(3, "worker-1")
    made.own.leave()
    await made.own.join(4, "worker-1")
    assert [writer.calls for writer in made.writers] == [["fence", "leave"], ["fence"]]
    assert made.own.detach() is made.writers[1]
    made.own.leave()
    assert made.writers[1].calls == ["fence"]


@pytest.mark.parametrize("member", [(-1, "worker-1"), (3, ""), (-1, "")])
async def test_without_a_generation_nothing_is_written(member: tuple[int, str]) -> None:
    """The group refuses no offset of a writer that names no generation."""
    made = Made()
    with pytest.raises(Fenced, match="no longer a member of its consumer group"):
        await made.own.join(*member)
    assert made.writers == []


async def test_a_writer_that_cannot_be_fenced_is_left() -> None:
    made = Made()
    made.error = Fenced("another")
    with pytest.raises(Fenced):
        await made.own.join(3, "worker-1")
    assert made.writers[0].calls == ["fence", "leave"]
    made.error = None
    await made.own.join(3, "worker-1")
    assert made.writers[1].calls == ["fence"]

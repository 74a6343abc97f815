"""How a restore asks the brokers, without Kafka."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from faust_transactions.kafka.tail import LastRecord
from faust_transactions.restore import restorer
from faust_transactions.restore.restorer import TaskRestorer
from faust_transactions.stores.identity import TopicIdentity
from faust_transactions.stores.signature import SIGNATURE
from faust_transactions.task import StreamTask
from support.scripted_engine import ScriptedWriter


class Brokers:
    """Nothing is open, and the group's only member is ``own``."""

    def __init__(self, *_: object) -> None:
        headers = [*TopicIdentity("in", "id").headers(), (SIGNATURE, b"app:gone")]
        self.rows = {0: LastRecord(b"0", b"{}", 7, headers)}

    def since(self, _partitions: Iterable[TP]) -> Mapping[TP, int]:
        return {}

    def of(self, _topic: str, _numbers: Sequence[int] | None = None) -> Mapping[int, LastRecord]:
        return self.rows


async def test_a_former_owner_is_fenced_by_a_writer_that_connects_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []

    def new_writer(_conf: object, name: str, first_topic: str | None = None) -> ScriptedWriter:
        made.append((name, first_topic))
        return ScriptedWriter(name)

    monkeypatch.setattr(restorer, "TransactionalWriter", new_writer)
    for name in ("OpenTransactions", "LastRecords"):
        monkeypatch.setattr(restorer, name, Brokers)
    app: Any = SimpleNamespace(conf=SimpleNamespace(id="app"), should_stop=False)
    table: Any = SimpleNamespace(changelog_topic_name="rows")

    async def members() -> Collection[str]:
        return {"own"}

    restoring = TaskRestorer(app, {}, {"in": table}, {}, members)
    await restoring.read_back([StreamTask(TP("in", 0))], ScriptedWriter("app:own"))
    assert made == [("app:gone", "rows")]

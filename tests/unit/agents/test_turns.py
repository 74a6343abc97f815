"""A batch whose rules are costly leaves turns of the event loop to other tasks."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from agents.judging import Case, Judge
from agents.turns import TURN, Turns
from records.codec.account import account_of
from rules.versions.active import ActiveRules, builtin
from tests.unit.rules.test_judged_again import accounts
from veritas import SimulatedVeritas


async def test_a_turn_is_over_after_its_time_and_another_one_begins() -> None:
    now = 10.0
    turns = Turns(lambda: now)
    now += TURN
    assert not turns.is_over()
    now += 0.001
    assert turns.is_over()
    await turns.take_another()
    assert not turns.is_over()


async def test_other_tasks_go_on_while_costly_rules_are_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen, turns = Case.screen, 0

    def costly(self: Case, *args: Any) -> bool:
        time.sleep(2 * TURN)
        return screen(self, *args)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(Case, "screen", costly)
    judge = Judge(SimulatedVeritas(0.5, 1), ActiveRules(builtin()), b"key")
    records: list[Any] = [
        SimpleNamespace(offset=n, timestamp=n, key=None, value=value, headers=())
        for n, value in enumerate(accounts()[:10])
    ]
    task = asyncio.create_task(other())
    judgement = await judge("accounts", 0, records, [account_of(each.value) for each in records])
    task.cancel()
    assert len(judgement.verdicts) == len(records)
    assert turns >= len(records)

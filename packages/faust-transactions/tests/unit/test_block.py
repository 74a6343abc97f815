"""The agent's block: which cancellations end it, and which reach the agent."""

import asyncio

import pytest
from faust_transactions.block import AgentBlock


class Agent:
    """Runs a block that waits, and notes whether it went on after it."""

    def __init__(self, block: AgentBlock, waits: int = 1) -> None:
        self.begun, self.went_on = asyncio.Event(), False
        self._block, self._waits = block, waits
        self.task = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        with self._block.run():
            self.begun.set()
            for _ in range(self._waits - 1):
                try:
                    await asyncio.sleep(600)
                except asyncio.CancelledError:
                    self.begun.set()  # swallowed
            await asyncio.sleep(600)
        self.went_on = True


async def begun(agent: Agent) -> Agent:
    await asyncio.wait_for(agent.begun.wait(), 5)
    agent.begun.clear()
    return agent


async def test_the_agent_goes_on_after_its_block_was_cancelled() -> None:
    block = AgentBlock()
    agent = await begun(Agent(block))
    assert block.since is not None
    block.cancel()
    await asyncio.wait_for(agent.task, 5)
    assert agent.went_on
    assert agent.task.cancelling() == 0
    assert block.since is None


async def test_a_block_that_swallowed_it_can_be_cancelled_again() -> None:
    block = AgentBlock()
    agent = await begun(Agent(block, waits=2))
    block.cancel()
    await begun(agent)
    block.cancel()
    await asyncio.wait_for(agent.task, 5)
    assert agent.went_on
    assert agent.task.cancelling() == 0


async def test_a_cancellation_of_the_agent_is_not_swallowed() -> None:
    block = AgentBlock()
    agent = await begun(Agent(block))
    block.cancel()
    agent.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await agent.task
    assert not agent.went_on


async def test_without_a_block_there_is_nothing_to_cancel() -> None:
    block = AgentBlock()
    block.cancel()
    with block.run():
        block.cancel()  # from within
    await asyncio.sleep(0)

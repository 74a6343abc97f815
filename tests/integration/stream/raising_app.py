"""The real app with a verification service whose errors quote what they were asked about."""

import asyncio
from collections.abc import Sequence

from fraud_app import create_app
from records import BankAccount
from veritas import RecentCalls, Result, VeritasHealth


class Telltale:
    """Raises what it must not, in another way for each first name."""

    not_ready_reason = None
    health = VeritasHealth("ok", "")
    recent_calls = RecentCalls()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def verify(self, accounts: Sequence[BankAccount]) -> list[Result]:
        # Concurrently, so that what is raised comes in an ExceptionGroup.
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._verify(account)) for account in accounts]
        return [task.result() for task in tasks]

    async def _verify(self, account: BankAccount) -> Result:
        card = account.credit_card_number
        match account.first_name:
            case "Key":
                raise KeyError(card)
            case "Decode":
                f"{card}ÿ".encode("latin-1").decode()
            case "Cause":
                try:
                    int(f"{card}x")
                except ValueError as exc:
                    raise RuntimeError("cannot verify") from exc
        raise ValueError(f"cannot verify {account!r} with card {card}")


app = create_app(veritas=Telltale())

"""The real app with a verification service whose errors quote what they were asked about."""

from fraud_app import create_app
from records import BankAccount
from veritas import VeritasAnswer, VeritasHealth


class Telltale:
    """Raises what it must not, in another way for each first name."""

    concurrency = 2  # so that the judge asks in tasks
    not_ready_reason = None
    health = VeritasHealth("ok", "raises")

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def verify(self, account: BankAccount) -> VeritasAnswer:
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

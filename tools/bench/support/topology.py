"""The topics and the group of one run, and the settings that tell a program of them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tools.bench.load.topics import Topics

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Topology:
    """The topics and the group of one run; `folder` is for the program's own files and log."""

    broker: str
    group: str
    accounts: str
    verdicts: str
    dead_letters: str
    partitions: int
    folder: Path

    @classmethod
    def fresh(
        cls, name: str, topics: Topics, folder: Path, *, accounts: str | None = None
    ) -> "Topology":
        """A group and topics of output that nobody used before, made on the broker.

        `accounts` is a topic that is there already; without it one is made as well. `name` is made
        unique.
        """
        group = f"{name}-{time.time_ns()}"
        made = cls(
            broker=topics.broker,
            group=group,
            accounts=accounts or f"{group}-accounts",
            verdicts=f"{group}-verdicts",
            dead_letters=f"{group}-dead-letters",
            partitions=topics.partitions,
            folder=folder,
        )
        if accounts is None:
            topics.create_accounts(made.accounts)
        topics.create([made.verdicts, made.dead_letters])
        return made

    def environment(self) -> dict[str, str]:
        """This process's environment, its own settings replaced by those of the run.

        Python may keep its bytecode, else each start would compile the program anew.
        """
        others = {
            name: value
            for name, value in os.environ.items()
            if name[:6] != "FRAUD_" and name != "PYTHONDONTWRITEBYTECODE"
        }
        return others | {
            "FRAUD_BROKER": f"kafka://{self.broker}",
            "FRAUD_APP_ID": self.group,
            "FRAUD_ACCOUNTS_TOPIC": self.accounts,
            "FRAUD_VERDICTS_TOPIC": self.verdicts,
            "FRAUD_DEAD_LETTERS_TOPIC": self.dead_letters,
            "FRAUD_PARTITIONS": str(self.partitions),
            "FRAUD_PRODUCE_SIZE": "0",
            "FRAUD_TOKEN_KEY": "a key for measuring only",
            "FRAUD_APPROVAL_RATE": "0.5",
            "FRAUD_VERITAS_SEED": "0",
            "BENCH_STATE": str(self.folder / "state"),
        }

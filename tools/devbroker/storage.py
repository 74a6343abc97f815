"""Makes a data directory that a Kafka server in KRaft mode accepts."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tools.devbroker.errors import BrokerFailedError

_CLUSTER_ID = "ZnJhdWQtZGV2YnJva2VyLQ"  # any 16 bytes in base64 would do


def format_storage(
    java_command: Sequence[str], config: Path, users: Mapping[str, str], log: IO[bytes]
) -> None:
    """Format the directory that `config` names, with SCRAM credentials for `users`.

    A directory formatted before stays as it is. Raises BrokerFailedError; the reason is in `log`.
    """
    arguments = ["--ignore-formatted", "--config", str(config), "--cluster-id", _CLUSTER_ID]
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        for name, password in users.items():
            arguments += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
    command = [*java_command, "kafka.tools.StorageTool", "format", *arguments]
    done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise BrokerFailedError(f"Kafka could not format its data directory, see {log.name}")

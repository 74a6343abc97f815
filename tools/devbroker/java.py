"""Finds a Java that can run Kafka."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.devbroker.errors import BrokerUnavailableError

OLDEST_JAVA = 17  # Kafka 4's brokers, https://kafka.apache.org/documentation/#java
_HINT = f"a real Kafka needs Java {OLDEST_JAVA} or newer (apt-get install openjdk-17-jre-headless)"


def java() -> str:
    """The java program: that of JAVA_HOME when set, else the first on the PATH.

    Raises BrokerUnavailableError when there is none, or only an older one.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        raise BrokerUnavailableError(f"no java on the PATH: {_HINT}")
    version = _version_of(program)
    if version is None:
        raise BrokerUnavailableError(f"{program} cannot be run: {_HINT}")
    if version < OLDEST_JAVA:
        raise BrokerUnavailableError(f"{program} is Java {version}: {_HINT}")
    return program


def _version_of(program: str) -> int | None:
    try:
        done = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # "17.0.15", "21", and before Java 9 "1.8.0_442"
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found and done.returncode == 0 else None

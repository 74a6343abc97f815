"""Kafka's libraries, which Maven downloads once into .kafka/ of the project."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.devbroker.errors import BrokerUnavailableError

KAFKA_FILES = Path(__file__).parent / "kafka"
CACHE = Path(__file__).parents[2] / ".kafka"
_POM = KAFKA_FILES / "pom.xml"


def libraries(cache: Path = CACHE) -> Path:
    """The folder with the jars of the Kafka server: of KAFKA_VERSION, else of pom.xml's version.

    The first call downloads them (15 s on a quick line) and prints a line about it; a changed
    pom.xml makes that necessary again. Several processes may call it at the same time. Raises
    BrokerUnavailableError without Maven or when it fails.
    """
    edition = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    version = os.environ.get("KAFKA_VERSION", "")
    if version and not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise BrokerUnavailableError(f"KAFKA_VERSION={version}: expected a release such as 4.2.1")
    folder = cache / f"libs-{edition}{version and f'-{version}'}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache):
        if folder.is_dir():
            return folder
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as download:
            jars = Path(download, "libs")
            _download(jars, version)
            jars.rename(folder)  # whole or not at all
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time makes what lies there: two Mavens may not write into one repository."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _download(target: Path, version: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerUnavailableError(
            "no mvn on the PATH: Kafka is downloaded by Maven, once (apt-get install maven)"
        )
    print("downloading Apache Kafka with Maven, once ...", flush=True)
    command = [
        *(maven, "--batch-mode", "--quiet", "--file", str(_POM)),
        *("dependency:copy-dependencies", f"-DoutputDirectory={target}", "-DincludeScope=runtime"),
        *([f"-Dkafka.version={version}"] if version else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not target.is_dir():
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
        why = lines[0] if lines else f"exit code {done.returncode}"
        raise BrokerUnavailableError(f"Maven could not download Kafka: {why}")

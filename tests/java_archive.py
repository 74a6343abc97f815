"""An archive of Kafka's classes as Java loads them, by which a server starts in half the time."""

import os
import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.topics import commit_abort_commit, create_topic, read_topic
from tools.devbroker import KafkaServer
from tools.devbroker.java import java
from tools.devbroker.libraries import libraries, locked


def class_archive() -> Path:
    """The archive for this Java and this Kafka, beside the libraries.

    The first process that asks makes it, in about 15 s. Java does without one that it cannot use.
    """
    jars = libraries()
    said = subprocess.run([java(), "-version"], capture_output=True, text=True, check=True).stderr
    version = re.sub(r"\W+", "-", said.partition("build ")[2])[:40]
    archive = jars.with_name(f"{jars.name}-{version}.jsa")
    with locked(jars):
        if not archive.exists():
            _make(archive)
    return archive


def _make(archive: Path) -> None:
    """Let a server do a bit of everything; what it has loaded goes into the archive as it ends."""
    with TemporaryDirectory(dir=archive.parent, prefix="archive-") as folder:
        made = Path(folder, "made.jsa")
        server = KafkaServer(Path(folder, "kafka"))
        try:
            server.start()
            server.stop()
            with pytest.MonkeyPatch.context() as patch:
                options = os.environ["JDK_JAVA_OPTIONS"]
                patch.setenv("JDK_JAVA_OPTIONS", f"{options} -XX:ArchiveClassesAtExit={made}")
                server.start(timeout=120)
            create_topic(server.bootstrap, "any")
            commit_abort_commit(server.bootstrap, "any")
            read_topic(server.bootstrap, "any")
            server.stop(timeout=120)
        finally:
            server.kill()
        if made.exists():
            made.rename(archive)

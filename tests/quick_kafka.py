"""What makes a Kafka cheap to start: its classes as Java loads them, a formatted data directory.

Both are made once and lie beside the libraries. And one Kafka for several processes.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.topics import commit_abort_commit, create_topic, read_topic
from tools.devbroker import KafkaServer
from tools.devbroker.java import java
from tools.devbroker.libraries import libraries, locked
from tools.devbroker.storage import format_storage


def class_archive() -> Path:
    """The archive for this Java and this Kafka: with it a server starts in half the time.

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


def format_data(server: KafkaServer) -> None:
    """Give the server a copy of a formatted data directory: a second less of Java.

    One that has users, or is no node 1, formats its own.
    """
    if server._users or "node.id" in server._properties:
        return
    jars = libraries()
    formatted = jars.with_name(f"{jars.name}-formatted")
    with locked(jars):
        if not formatted.exists():
            with TemporaryDirectory(dir=jars.parent, prefix="formatted-") as folder:
                made = KafkaServer(Path(folder))
                with made.log_file.open("ab") as log:
                    command = [java(), "-cp", f"{jars}/*"]
                    format_storage(command, made._write_properties(), {}, log)
                made.data.rename(formatted)
    shutil.copytree(formatted, server.data)


@contextlib.contextmanager
def shared_kafka(folder: Path) -> Iterator[str]:
    """The address of the Kafka in this folder; the first process that comes starts it.

    That process stops it when no other uses it any more. Whatever ends those, it ends their locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    with (folder / "in-use").open("w") as in_use, contextlib.ExitStack() as started:
        with locked(folder):
            fcntl.flock(in_use, fcntl.LOCK_SH)
            if not address.exists():
                server = KafkaServer(folder / "server")
                if not server.data.exists():
                    format_data(server)
                started.enter_context(server)
                address.write_text(server.bootstrap)
                started.callback(address.unlink)
                started.callback(fcntl.flock, in_use, fcntl.LOCK_EX)
        yield address.read_text()
